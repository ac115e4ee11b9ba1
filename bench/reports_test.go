package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"frontline/insight"
)

// BenchmarkReports asks each report of a quarter of the desk of BenchmarkFinding (it looks at the quarter before too), with nothing known by heart and then
// again, and what demands took, as a request's screen shows it.
func BenchmarkReports(b *testing.B) {
	for name, address := range databases(b) {
		b.Run(name, func(b *testing.B) {
			s, db := followed(b, name, address)
			book := func(ctx context.Context) (insight.Directory, error) { return s.Book(ctx) }
			fresh := func() *insight.Board { return &insight.Board{DB: db, Book: book, Now: db.Now} }
			warm, look := fresh(), newLooker(s)
			for _, days := range []int{90, 365} {
				q := insight.Asked{From: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -days)}
				for _, x := range insight.Questions() {
					one := func(on func() *insight.Board) func(context.Context) (string, error) {
						return func(ctx context.Context) (string, error) {
							r, err := on().Report(ctx, liis, x.Name, q)
							return fmt.Sprintf("%d requests: %s", r.N, r.Answer), err
						}
					}
					what := fmt.Sprintf("%d days %s", days, x.Name)
					look.measured(b, what, 5, one(fresh))
					look.measured(b, what+" again", 20, one(func() *insight.Board { return warm }))
				}
				look.measured(b, fmt.Sprintf("%d days weights again", days), 50, func(ctx context.Context) (string, error) {
					all, err := warm.Weights(ctx, liis, q)
					return fmt.Sprint(len(all)), err
				})
			}
		})
	}
}
