package server

import (
	"context"
	"errors"
	"time"

	"github.com/musterhq/muster/store"
)

// background is the work that goes on beside requests, each until its context ends.
func (s *Server) background() []func(context.Context) {
	return []func(context.Context){
		s.Runner.Run, s.reports.Run, s.Roster.Run, s.endSessions, s.endRequests, s.followClock, s.sweepDrafts, s.payOwed, s.tellRefusals, s.seal,
		func(ctx context.Context) { store.KeepRules(ctx, s.DB) },
		func(ctx context.Context) { s.DB.KeepSwept(ctx) },
	}
}

// How often the work is done that nothing calls for.
const (
	endSessionsEvery  = 5 * time.Minute
	endRequestsEvery  = 20 * time.Second
	followClockEvery  = 30 * time.Second
	payOwedEvery      = time.Second
	tellRefusalsEvery = 5 * time.Second
	sealEvery         = 10 * time.Second
)

// every does some work again and again until ctx ends, and tells the log of what fails.
func (s *Server) every(ctx context.Context, interval time.Duration, name string, work func(context.Context, *store.DB) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.attempt(ctx, name, work)
	}
}

func (s *Server) attempt(ctx context.Context, name string, work func(context.Context, *store.DB) error) {
	if err := work(ctx, s.DB); err != nil && ctx.Err() == nil {
		s.Log.Error(name, "error", err)
	}
}

// followClock begins at once: the clock may have been set back while no server ran.
func (s *Server) followClock(ctx context.Context) {
	s.attempt(ctx, "follow the clock", store.FollowClock)
	s.every(ctx, followClockEvery, "follow the clock", store.FollowClock)
}

func (s *Server) sweepDrafts(ctx context.Context) {
	s.every(ctx, endSessionsEvery, "sweep drafts of secret files", store.SweepSecretDrafts)
}

func (s *Server) endSessions(ctx context.Context) {
	s.every(ctx, endSessionsEvery, "sweep sessions and lockouts", func(ctx context.Context, db *store.DB) error {
		for {
			sessions, err1 := store.SweepSessions(ctx, db)
			lockouts, err2 := store.SweepLockouts(ctx, db)
			if err := errors.Join(err1, err2); sessions+lockouts == 0 || err != nil {
				return err
			}
		}
	})
}

// endRequests ends the requests for managed accounts whose time is over, which changes passwords.
func (s *Server) endRequests(ctx context.Context) {
	s.every(ctx, endRequestsEvery, "end requests", func(ctx context.Context, db *store.DB) error {
		for {
			if n, err := store.SweepRequests(ctx, db); n == 0 || err != nil {
				return err
			}
		}
	})
}

// payOwed writes what the disk had no room for.
func (s *Server) payOwed(ctx context.Context) {
	s.every(ctx, payOwedEvery, "write what the disk had no room for", store.PayOwed)
}

// tellRefusals writes what refusals have in common when their minute is over. What is left when the server stops is
// written when the store closes.
func (s *Server) tellRefusals(ctx context.Context) {
	s.every(ctx, tellRefusalsEvery, "audit refusals", func(ctx context.Context, db *store.DB) error {
		return store.FlushRefusals(ctx, db, false)
	})
}

// seal seals audits. What is left when the server stops is sealed when the store closes.
func (s *Server) seal(ctx context.Context) {
	s.every(ctx, sealEvery, "seal audits", func(ctx context.Context, db *store.DB) error {
		_, err := db.SealAudits(ctx)
		return err
	})
}
