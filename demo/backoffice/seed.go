package backoffice

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"frontline/secret"
)

// fill makes the tables and two weeks of work, when there are none. The same people and rates each time, so that what is written about them is true.
func (x *Office) fill(ctx context.Context, now time.Time) error {
	var tables int
	if err := x.db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table'`).Scan(&tables); err != nil || tables > 0 {
		return err
	}
	tx, err := x.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, schema); err != nil {
		return err
	}
	s := seed{x: x, tx: tx, now: now, rand: rand.New(rand.NewPCG(20, 26))}
	for _, part := range []func(context.Context) error{s.customers, s.people, s.work, s.trouble} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// seed fills a new office.
type seed struct {
	x    *Office
	tx   *stdsql.Tx
	now  time.Time
	rand *rand.Rand
}

// put adds a row.
func (s seed) put(ctx context.Context, table, columns string, values ...any) error {
	marks := make([]string, len(values))
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	_, err := s.tx.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, columns, strings.Join(marks, ", ")), values...)
	return err
}

// ago is a time in the past as the tables have it.
func (s seed) ago(d time.Duration) string { return stamp(s.now.Add(-d)) }

// house is a customer, where its people live, and how many of a hundred are declined there.
type house struct {
	id, name, plan, trial, contact, code string
	countries                            []string
	declined                             []int
}

func (s seed) houses() []house {
	ends := s.now.AddDate(0, 0, 4).Format(time.DateOnly)
	return []house{
		{"nordpank", "Nordpank", "platinum", "", "operations@nordpank.example", "grey-birch-07", []string{"EE", "LV", "LT", "FI"}, []int{6, 7, 6, 5}},
		{"lumo-exchange", "Lumo Exchange", "platinum", "", "incidents@lumo-exchange.example", "tall-lamp-52", []string{"PL", "DE", "CZ"}, []int{8, 7, 9}},
		{"arco-movil", "Arco Móvil", "platinum", "", "soporte@arco-movil.example", "old-bridge-33", []string{"ES", "PT"}, []int{8, 31}},
		{"kivi-credit", "Kivi Credit", "gold", "", "it@kivi-credit.example", "blue-heron-41", []string{"EE", "FI"}, []int{7, 8}},
		{"savanna-pay", "Savanna Pay", "trial", ends, "tech@savanna-pay.example", "red-acacia-18", []string{"KE", "TZ", "UG"}, []int{9, 11, 10}},
	}
}

func (s seed) customers(ctx context.Context) error {
	for _, h := range s.houses() {
		var trial any
		if h.trial != "" {
			trial = h.trial
		}
		if err := s.put(ctx, "customers", "id, name, plan, trial_ends, contact, code", h.id, h.name, h.plan, trial, h.contact, h.code); err != nil {
			return err
		}
		key := "vk_live_" + secret.Random(32)
		if err := s.put(ctx, "keys", "id, customer, hash, last_four, made_at, sent", "key-"+secret.Random(6), h.id, secret.Hash(key), key[len(key)-4:], s.ago(400*24*time.Hour), 1); err != nil {
			return err
		}
	}
	return nil
}

// people are those who ask support for something tonight. Everybody else is a number.
func (s seed) people(ctx context.Context) error {
	for _, p := range [][5]string{
		{"p-1001", "nordpank", "Mari Lepik", "mari.lepik@post.example", "1988-03-14"},
		{"p-1002", "nordpank", "Jānis Ozols", "janis.ozols@post.example", "1979-11-02"},
		{"p-1003", "lumo-exchange", "Zofia Wrona", "zofia.wrona@post.example", "1996-07-21"},
		{"p-1004", "arco-movil", "Inês Carvalho", "ines.carvalho@post.example", "1991-09-30"},
		{"p-1005", "arco-movil", "Rui Sá Pinto", "rui.pinto@post.example", "1968-01-19"},
		{"p-1006", "kivi-credit", "Aino Laine", "aino.laine@post.example", "2001-05-08"},
		{"p-1007", "savanna-pay", "Achieng Otieno", "achieng.otieno@post.example", "1994-12-11"},
	} {
		if err := s.put(ctx, "people", "id, customer, name, email, born", p[0], p[1], p[2], p[3], p[4]); err != nil {
			return err
		}
	}
	return nil
}

// perDay is how many decisions of a day the log tells of each customer and country.
const perDay = 6

// work is two weeks of decisions. Portuguese documents have been read badly for a while, and nobody has asked why.
func (s seed) work(ctx context.Context) error {
	documents := []string{"identity card", "identity card", "passport", "driving licence"}
	for day := 14; day > 0; day-- {
		for _, h := range s.houses() {
			for i, country := range h.countries {
				for range perDay {
					at := s.now.AddDate(0, 0, -day).Add(time.Duration(s.rand.IntN(86400)) * time.Second)
					d := Decision{ID: "vs-" + secret.Random(6), Customer: h.id, Country: country, Document: documents[s.rand.IntN(len(documents))], State: "approved"}
					if s.rand.IntN(100) < h.declined[i] {
						d.State, d.Because = "declined", []string{"the document could not be read", "the document has expired", "the face is not that of the document"}[s.rand.IntN(3)]
					}
					if err := s.decided(ctx, at, d, nil); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

func (s seed) decided(ctx context.Context, at time.Time, d Decision, person any) error {
	d.Body = []byte(body(map[string]string{"session": d.ID, "customer": d.Customer, "country": d.Country, "document": d.Document, "born": "1990-04-12",
		"expires": s.now.AddDate(3, 0, 0).Format(time.DateOnly), "at": at.Format(time.RFC3339)}))
	if err := s.x.note(at, d); err != nil {
		return err
	}
	return s.put(ctx, "verifications", "id, customer, person, country, document, state, because, decided_at, body",
		d.ID, d.Customer, person, d.Country, d.Document, d.State, d.Because, stamp(at), string(d.Body))
}

// trouble is what customers have asked support about today.
func (s seed) trouble(ctx context.Context) error {
	for _, d := range []struct {
		id, customer, person, country, document, because string
	}{
		{"vs-mari41", "nordpank", "p-1001", "EE", "identity card", "the document could not be read"},
		{"vs-ines07", "arco-movil", "p-1004", "PT", "identity card", "the document could not be read"},
		{"vs-ruip22", "arco-movil", "p-1005", "PT", "driving licence", "the document could not be read"},
		{"vs-aino15", "kivi-credit", "p-1006", "FI", "passport", "the face is not that of the document"},
	} {
		one := Decision{ID: d.id, Customer: d.customer, Country: d.country, Document: d.document, State: "declined", Because: d.because}
		if err := s.decided(ctx, s.now.Add(-3*time.Hour), one, d.person); err != nil {
			return err
		}
	}
	for _, r := range []struct {
		table, columns string
		values         []any
	}{
		{"sessions", "id, customer, person, state, step, device, changed_at", []any{"cs-4417", "nordpank", "p-1002", "stuck", "upload", "Pixel 7", s.ago(5 * time.Hour)}},
		{"sessions", "id, customer, person, state, step, device, changed_at", []any{"cs-4431", "nordpank", "p-1001", "open", "selfie", "iPhone 13", s.ago(20 * time.Minute)}},
		{"sessions", "id, customer, person, state, step, device, changed_at", []any{"cs-4460", "lumo-exchange", "p-1003", "stuck", "selfie", "Galaxy A54", s.ago(2 * time.Hour)}},
		{"accounts", "id, customer, email, failed_sign_ins, locked_at", []any{"ac-201", "kivi-credit", "sanna@kivi-credit.example", 6, s.ago(40 * time.Minute)}},
		{"accounts", "id, customer, email, failed_sign_ins", []any{"ac-202", "kivi-credit", "otso@kivi-credit.example", 0}},
		{"accounts", "id, customer, email, failed_sign_ins, locked_at", []any{"ac-310", "nordpank", "toomas@nordpank.example", 5, s.ago(9 * time.Hour)}},
		{"deliveries", deliveryColumns, []any{"wd-8801", "arco-movil", "vs-ines07", "verification.declined", "failed", "503 Service Unavailable", 5, s.ago(3 * time.Hour)}},
		{"deliveries", deliveryColumns, []any{"wd-8802", "arco-movil", "vs-ruip22", "verification.declined", "failed", "503 Service Unavailable", 5, s.ago(3 * time.Hour)}},
		{"deliveries", deliveryColumns, []any{"wd-8790", "arco-movil", "vs-ines07", "verification.started", "delivered", "204 No Content", 1, s.ago(4 * time.Hour)}},
		{"deliveries", deliveryColumns, []any{"wd-8815", "nordpank", "vs-mari41", "verification.declined", "failed", "timeout after 10 s", 5, s.ago(2 * time.Hour)}},
	} {
		if err := s.put(ctx, r.table, r.columns, r.values...); err != nil {
			return err
		}
	}
	return nil
}

const deliveryColumns = "id, customer, verification, event, state, answer, tries, changed_at"
