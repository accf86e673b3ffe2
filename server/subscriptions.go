package server

import (
	"net/http"

	"github.com/musterhq/muster/store"
)

// LocalSubscriptionsPath is where the local door shows subscriptions and has them run.
const LocalSubscriptionsPath = "/muster/subscriptions"

// LocalSubscriptions asks the local door for the subscriptions, and to run one of them, and is its answer.
type LocalSubscriptions struct {
	Run           string                 `json:",omitempty"` // the name of the one to run now; empty: none
	Before        *store.SubscriptionRun `json:",omitempty"` // how far that one was
	Subscriptions []store.SubscriptionState
	Error         string `json:",omitempty"`
}

func (s *Server) subscriptions(w http.ResponseWriter, r *http.Request) {
	var ask LocalSubscriptions
	s.answerLocally(w, r, &ask, &ask.Error, func() (err error) {
		if ask.Run != "" {
			ask.Before, err = store.Update(r.Context(), s.DB, store.System("host"), func(tx *store.Tx) (*store.SubscriptionRun, error) {
				return store.RunNow(tx, ask.Run)
			})
			if err != nil {
				return err
			}
			s.reports.Wake()
		}
		ask.Subscriptions, err = store.View(r.Context(), s.DB, store.System("host"), store.ListSubscriptions)
		return err
	})
}
