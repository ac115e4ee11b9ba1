package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"frontline/action"
	"frontline/fault"
	"frontline/people"
	"frontline/secret"
)

// Secrets are the values that the server keeps for actions. None is ever read back.
type Secrets interface {
	// Secrets lists them by name, without their values, and which actions use each.
	Secrets(ctx context.Context, by people.Actor) ([]action.Stored, error)
	// SetSecret stores a value or replaces it; the team is needed the first time. Invalid names the field "name", "team" or "value".
	SetSecret(ctx context.Context, by people.Actor, name, team string, value secret.Text) error
	// RemoveSecret deletes one. A Conflict says which actions use it, unless it is forced.
	RemoveSecret(ctx context.Context, by people.Actor, name string, force bool) error
}

var _ Secrets = action.Vault{}

const secretsPath = "/system/secrets"

type secretsScreen struct {
	head
	Rows    []secretRow
	Form    form
	MaySet  bool
	Replace string      // the name of the one to be replaced; empty for a new one
	Used    *usedSecret // it was to be removed, and actions use it
}

type secretRow struct {
	Name, Team, By string
	At             moment
	Users          []link
	May            bool
	Replace        string // where it is replaced
}

// usedSecret is a secret that actions use, and the question whether it goes all the same.
type usedSecret struct {
	Name string
	Form form
	secretRow
}

// teamsOfSecrets are the teams whose secrets the person sets.
func teamsOfSecrets(v *visit, book Book) []option {
	var out []option
	for _, t := range book.Teams() {
		if people.May(v.Actor, people.ManageSecrets, action.Stored{Team: t.ID}.Subject()) == nil {
			out = append(out, option{Value: t.ID, Label: t.Name})
		}
	}
	slices.SortFunc(out, func(a, b option) int { return strings.Compare(a.Label, b.Label) })
	return out
}

func secretForm(v *visit, book Book, teams []option, replace action.Stored) form {
	name := field{Name: "name", Label: "Name", Hint: "Definitions refer to it as stored:NAME. Small letters, digits, and . _ - in between, such as broker-password.", Autocomplete: "off"}
	team := field{Name: "team", Label: "Team", Kind: "select", Hint: "Only its actions may use it.", Options: teams}
	if replace.Name != "" {
		name.Value, name.Locked, name.Hint = replace.Name, true, ""
		team = field{Name: "team", Label: "Team", Value: book.Name("team", replace.Team), Locked: true}
	}
	value := field{Name: "value", Label: "Value", Kind: "area", Veiled: true, Autocomplete: "off", Hint: "It is shown to nobody again, not even to you. Its last line break is left out."}
	return form{Fields: append([]field{name, team, value}, confirmFields(v, replace.Name != "")...)}
}

// showSecrets lists what is stored. With the name of one in the address, the form replaces it.
func (s *Server) showSecrets(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.secrets(r.Context(), v, r.URL.Query().Get("replace"))
	if err != nil {
		return err
	}
	return s.show(w, r, v, http.StatusOK, "secrets", scr)
}

func (s *Server) secrets(ctx context.Context, v *visit, replace string) (secretsScreen, error) {
	all, err := s.deps.Secrets.Secrets(ctx, v.Actor)
	if err != nil {
		return secretsScreen{}, err
	}
	book, err := s.deps.Book(ctx)
	if err != nil {
		return secretsScreen{}, err
	}
	scr := secretsScreen{head: head{Title: "Secrets", Wing: "/me", Trail: trail("Settings", "/me", "System", "/system", "Secrets"), Topics: topics("secret", "", "config", "")}}
	var again action.Stored
	for _, x := range all {
		row := secretRow{Name: x.Name, Team: book.Name("team", x.Team), By: book.Name("person", x.SetBy), At: v.at(x.SetAt), Replace: secretsPath + "?replace=" + url.QueryEscape(x.Name) + "#set"}
		row.May = people.May(v.Actor, people.ManageSecrets, x.Subject()) == nil
		for _, id := range x.UsedBy {
			row.Users = append(row.Users, link{Word: id, Path: actionPath(id, "")})
		}
		if x.Name == replace && row.May {
			again, scr.Replace = x, x.Name
		}
		scr.Rows = append(scr.Rows, row)
	}
	if teams := teamsOfSecrets(v, book); len(teams) > 0 {
		scr.MaySet, scr.Form = true, secretForm(v, book, teams, again)
	}
	return scr, nil
}

// setSecret stores what was typed. Whatever comes of it, the value does not come back.
func (s *Server) setSecret(w http.ResponseWriter, r *http.Request, v *visit) error {
	scr, err := s.secrets(r.Context(), v, r.PostForm.Get("replace"))
	if err != nil {
		return err
	}
	name := strings.TrimSpace(r.PostForm.Get("name"))
	if err = s.storeSecret(r, v, scr, name); err == nil {
		return s.done(w, r, secretsPath, name+" is stored. Actions of its team refer to it as stored:"+name+"; nobody is shown it again.")
	}
	return s.again(w, r, v, "secrets", scr.Form.typed(r.PostForm), err, func(f form) (screen, error) {
		scr.Form, scr.Topics = f, nil
		return scr, nil
	})
}

// storeSecret asks for the password before a value is replaced, which actions may depend on this minute.
func (s *Server) storeSecret(r *http.Request, v *visit, scr secretsScreen, name string) error {
	team := r.PostForm.Get("team")
	if scr.Replace == "" {
		if slices.ContainsFunc(scr.Rows, func(row secretRow) bool { return row.Name == name }) {
			return fault.Wrong("name", "There is a secret of this name already. Replace it from the list, or choose another name.")
		}
	} else {
		name, team = scr.Replace, "" // the one it has
		if err := s.sure(r, v); err != nil {
			return err
		}
	}
	value := strings.ReplaceAll(r.PostForm.Get("value"), "\r\n", "\n") // as browsers send what is typed in lines
	return s.deps.Secrets.SetSecret(r.Context(), v.Actor, name, team, secret.New(strings.TrimSuffix(value, "\n")))
}

// removeSecret deletes a secret. One that actions use is asked about once more, with what uses it.
func (s *Server) removeSecret(w http.ResponseWriter, r *http.Request, v *visit) error {
	name, force := r.PathValue("name"), r.PostForm.Get("force") == "yes"
	var err error
	if force {
		err = s.sure(r, v)
	}
	if err == nil {
		err = s.deps.Secrets.RemoveSecret(r.Context(), v.Actor, name, force)
	}
	if err == nil {
		return s.done(w, r, secretsPath, name+" is removed.")
	}
	scr, failed := s.secrets(r.Context(), v, "")
	if failed != nil {
		return failed
	}
	i := slices.IndexFunc(scr.Rows, func(row secretRow) bool { return row.Name == name && row.May && len(row.Users) > 0 })
	if i < 0 || !fault.Is(err, fault.Conflict) && !people.MustConfirm(err) && !fault.Is(err, fault.TooMany) {
		return err
	}
	ask := form{Fields: confirmFields(v, true)}
	if force {
		ask, _ = ask.refused(err)
	}
	scr.Used, scr.Topics = &usedSecret{Name: name, Form: ask, secretRow: scr.Rows[i]}, nil
	return s.show(w, r, v, formStatus(err), "secrets", scr)
}

// sure takes the password that was typed with a form, and wants one that was typed a moment ago.
func (s *Server) sure(r *http.Request, v *visit) error {
	if err := s.heard(r, v); err != nil {
		return err
	}
	return people.Confirmed(v.Actor, v.Now)
}

// fieldFault puts what is wrong at a field of a form.
func fieldFault(name string, err error) error {
	if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) > 0 {
		return err
	}
	return fault.Wrong(name, "%s", fault.Sentence(err))
}
