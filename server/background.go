package server

import (
	"context"
	"errors"
	"time"

	"github.com/musterhq/muster/store"
)

// background is the work that goes on beside requests, each until its context ends.
func (s *Server) background() []func(context.Context) {
	kept := func(keep func(context.Context, *store.DB)) func(context.Context) {
		return func(ctx context.Context) { keep(ctx, s.DB) }
	}
	return []func(context.Context){
		s.Runner.Run, s.reports.Run, s.Roster.Run, s.endSessions, s.sweep, s.tellRefusals,
		kept(store.KeepRules), kept(store.KeepCounts), kept(store.KeepSealed),
	}
}

// How often what has ended is cleared away: sessions, and what deleted records left.
const (
	endSessionsEvery  = 5 * time.Minute
	sweepEvery        = time.Second
	tellRefusalsEvery = 5 * time.Second
)

// sweep begins at once, with what an earlier run of the server did not come to.
func (s *Server) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := store.Sweep(ctx, s.DB); err != nil && ctx.Err() == nil {
			s.Log.Error("sweep", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Server) endSessions(ctx context.Context) {
	tick := time.NewTicker(endSessionsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for {
			sessions, err1 := store.SweepSessions(ctx, s.DB)
			lockouts, err2 := store.SweepLockouts(ctx, s.DB)
			err := errors.Join(err1, err2)
			if err != nil && ctx.Err() == nil {
				s.Log.Error("sweep sessions and lockouts", "error", err)
			}
			if sessions+lockouts == 0 || err != nil {
				break
			}
		}
	}
}

// tellRefusals writes what refusals have in common when their minute is over. What is left when the server stops is
// written when the store closes.
func (s *Server) tellRefusals(ctx context.Context) {
	tick := time.NewTicker(tellRefusalsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := store.TellRefusals(ctx, s.DB, false); err != nil && ctx.Err() == nil {
			s.Log.Error("audit refusals", "error", err)
		}
	}
}
