package main

import (
	"context"
	"errors"
)

// draw is the run that draws how times grow with the fleet.
func (b *bench) draw(context.Context) error { return errors.New("not there yet") }
