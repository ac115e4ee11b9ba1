package people

import "context"

// HavePassword returns who of the people can sign in with a password; the others wait for an invitation.
func (s *SignIn) HavePassword(ctx context.Context, a Actor) (map[string]bool, error) {
	if err := May(a, ManagePeople, Subject{Kind: "person"}); err != nil {
		return nil, err
	}
	ids, err := s.store.HavePassword(ctx)
	if err != nil {
		return nil, err
	}
	have := make(map[string]bool, len(ids))
	for _, id := range ids {
		have[id] = true
	}
	return have, nil
}
