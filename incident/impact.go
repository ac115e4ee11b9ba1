package incident

import (
	"slices"

	"frontline/fault"
)

// addServices adds services with their components.
func (t *turn) addServices(ids []string) error {
	for _, id := range ids {
		if slices.Contains(t.inc.Services, id) {
			continue
		}
		service, ok := t.book.Service(id)
		if !ok {
			return fault.Wrong("services", "There is no service %q. Choose one from the list.", id)
		}
		t.inc.Services = append(slices.Clone(t.inc.Services), id)
		t.inc.Components = union(t.inc.Components, service.Components)
		t.noteOn("incident.service_added", "service", id, nil)
	}
	return nil
}

// Impact is what an incident affects, as somebody sets it.
type Impact struct {
	Services   []string
	Components []string
}

// setImpact decides what is affected: exactly these services and components.
func (t *turn) setImpact(to Impact) error {
	if err := t.mustBeOpen(); err != nil {
		return err
	}
	for _, id := range to.Components {
		if _, ok := t.book.Component(id); !ok {
			return fault.Wrong("components", "There is no component %q. Choose one from the list.", id)
		}
	}
	before := t.inc
	for _, id := range before.Services {
		if !slices.Contains(to.Services, id) {
			t.noteOn("incident.service_removed", "service", id, nil)
		}
	}
	t.inc.Services = slices.DeleteFunc(slices.Clone(before.Services), func(id string) bool { return !slices.Contains(to.Services, id) })
	if err := t.addServices(to.Services); err != nil {
		return err
	}
	t.inc.Components = union(nil, to.Components)
	if slices.Equal(before.Services, t.inc.Services) && slices.Equal(before.Components, t.inc.Components) {
		return nil
	}
	t.note("incident.impact_set", map[string]any{"services": len(t.inc.Services), "components": len(t.inc.Components), "customers": len(affectedCustomers(t.book, t.inc.Components))})
	t.edited()
	t.tell(AboutOpening, 0)
	return nil
}

// addService decides that one more service is affected. Its stakeholders are told, as far as they have not heard of the incident yet.
func (t *turn) addService(id string) error {
	if err := t.mustBeOpen(); err != nil || slices.Contains(t.inc.Services, id) {
		return err
	}
	if err := t.addServices([]string{id}); err != nil {
		return err
	}
	t.edited()
	t.tell(AboutOpening, 0)
	return nil
}

// affectedCustomers returns the customers that use one of the components, in the catalog's order.
func affectedCustomers(book Directory, components []string) []Customer {
	var hurt []Customer
	for _, c := range book.Customers() {
		used := slices.DeleteFunc(slices.Clone(c.Components), func(id string) bool { return !slices.Contains(components, id) })
		if len(used) > 0 {
			hurt = append(hurt, Customer{ID: c.ID, Name: c.Name, Tier: c.Tier, Owner: c.Owner, Components: used})
		}
	}
	return hurt
}

// union returns a with what of b is missing, in order and without repetition.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, x := range b {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}
