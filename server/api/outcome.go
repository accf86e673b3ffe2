package api

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// Outcome is what is known of a request once it is answered. What is not known is empty.
type Outcome struct {
	Door   string       // to which the request came
	Route  string       // the path of the row that answered it, as the document has it
	Path   string       // the same with the base of the door before it
	User   string       // who sent it or, if they were refused, who they said they were
	Reason authz.Reason // why it was refused
}

// outcomeKey is the key of Gin's context behind OutcomeOf.
const outcomeKey = "outcome"

// OutcomeOf returns what is known of a request.
func OutcomeOf(c *gin.Context) Outcome {
	value, _ := c.Get(outcomeKey)
	if o, ok := value.(*Outcome); ok {
		return *o
	}
	return Outcome{}
}

// longestName bounds what a stranger can have written to the log for a name.
const longestName = 256

// says notes whom a credential names that is not checked yet.
func (o *Outcome) says(name string) { o.User = name[:min(len(name), longestName)] }

// refuse notes why a request is refused.
func (o *Outcome) refuse(err error) { o.Reason = reasonOf(err) }

// reasonOf is the word for an error, empty for one that is no refusal.
func reasonOf(err error) authz.Reason {
	switch r := authz.ReasonOf(err); {
	case r != "":
		return r
	case errors.Is(err, ErrCrossSite):
		return authz.CrossSite
	case errors.Is(err, store.ErrDenied):
		return authz.MissingPermission
	case errors.Is(err, ErrTooMany):
		return authz.TooManyRequests
	}
	return ""
}
