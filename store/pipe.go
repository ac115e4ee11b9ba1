package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var _ statements = (*pipe)(nil)

// pipe is a transaction on PostgreSQL. Under load a trip there and back costs more than a short statement, so what a decision needs no answer of
// is kept back: it travels, in its order, with the next statement that is waited for, or with the COMMIT.
type pipe struct {
	conn    *pgx.Conn
	kept    *pgx.Batch
	checked bool // one of the kept statements has to change a row: the COMMIT waits until it did
}

func newPipe(conn *pgx.Conn) *pipe {
	p := &pipe{conn: conn, kept: &pgx.Batch{}}
	p.keep(nil, `BEGIN`)
	return p
}

// keep keeps a statement back. When it changes no row, its trip fails with missing, unless that is nil.
func (p *pipe) keep(missing error, query string, args ...any) {
	p.checked = p.checked || missing != nil
	p.queue(query, args, func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() == 0 {
			return missing
		}
		return nil
	})
}

func (p *pipe) queue(query string, args []any, check func(pgconn.CommandTag) error) {
	p.kept.Queue(query, args...).Fn = func(r pgx.BatchResults) error {
		tag, err := r.Exec()
		if err != nil {
			return labelled(query, err)
		}
		return check(tag)
	}
}

// send makes the trip.
func (p *pipe) send(ctx context.Context) error {
	batch := p.kept
	p.kept, p.checked = &pgx.Batch{}, false
	return p.conn.SendBatch(ctx, batch).Close()
}

// exec implements statements.
func (p *pipe) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	p.queue(query, args, func(tag pgconn.CommandTag) error {
		changed = tag.RowsAffected()
		return nil
	})
	err = p.send(ctx)
	return changed, err
}

// query implements querier.
func (p *pipe) query(ctx context.Context, each func(scan) error, query string, args ...any) error {
	p.kept.Queue(query, args...).Query(func(rs pgx.Rows) error {
		for rs.Next() {
			if err := each(rs.Scan); err != nil {
				return labelled(query, err)
			}
		}
		return labelled(query, rs.Err())
	})
	return p.send(ctx)
}

// commit sends the COMMIT with what was kept back.
func (p *pipe) commit(ctx context.Context) error {
	if p.checked {
		if err := p.send(ctx); err != nil {
			return err
		}
	}
	p.queue(`COMMIT`, nil, func(tag pgconn.CommandTag) error {
		if tag.String() == "ROLLBACK" { // PostgreSQL's answer when an earlier statement has failed
			return pgx.ErrTxCommitRollback
		}
		return nil
	})
	return p.send(ctx)
}

// end undoes what was not committed. The pool throws away a connection on which that fails.
func (p *pipe) end(ctx context.Context) {
	if p.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_, _ = p.conn.Exec(ctx, `ROLLBACK`)
}
