package authz

import (
	"fmt"
	"io"
	"log/slog"
)

// unprintable is embedded in the types that hold secrets, since what is written to a log stays there after every
// rotation. They print alike with every verb of package fmt, and as attributes of package slog, whose JSON form
// would otherwise be that of the storage.
type unprintable struct{}

const unprinted = "[secret]"

// Format prints no secret.
func (unprintable) Format(f fmt.State, _ rune) { io.WriteString(f, unprinted) }

// LogValue holds no secret.
func (unprintable) LogValue() slog.Value { return slog.StringValue(unprinted) }
