package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// The exit codes, which muster --help shows.
const (
	exitFailed   = 1
	exitUsage    = 2
	exitStore    = 3
	exitPort     = 4
	exitNotFound = 5
)

const exitCodes = `Exit codes:
  0  it is done
  1  it was tried and failed: an import, a file that is refused, a store that muster verify finds damaged
  2  the command is not understood: an unknown command or flag, a value that is not valid; nothing was done
  3  the store cannot be opened: it does not exist, another process uses it, the key is wrong, it is damaged, the disk is full
  4  a port is taken
  5  what the command names does not exist: a user, a Workgroup, a plug-in, a subscription`

// exitError is an error that ends muster with a code of its own.
type exitError struct {
	error
	code int
}

func (e exitError) Unwrap() error { return e.error }

// exitWith gives an error its exit code, and nil none.
func exitWith(code int, err error) error {
	if err == nil {
		return nil
	}
	return exitError{err, code}
}

// usageError is what is wrong with a command as it was typed.
func usageError(format string, values ...any) error {
	return exitWith(exitUsage, fmt.Errorf(format, values...))
}

// exitCode is the code that an error ends muster with. Errors from before a command began to run are about how it was typed.
func exitCode(err error, ran bool) int {
	if own, ok := errors.AsType[exitError](err); ok {
		return own.code
	}
	if !ran {
		return exitUsage
	}
	return exitFailed
}

// watched prepares a command and those below it: ran becomes true when one of them runs, and a command that only has others refuses
// those that it does not know, where cobra would print help and exit with 0.
func watched(command *cobra.Command, ran *bool) {
	if run := command.RunE; run != nil {
		command.RunE = func(cmd *cobra.Command, args []string) error {
			*ran = true
			return run(cmd, args)
		}
	} else if command.HasParent() {
		command.Args = onlyKnown
		command.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	for _, child := range command.Commands() {
		watched(child, ran)
	}
}

// onlyKnown refuses the name of a command that there is not.
func onlyKnown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
	if cmd.SuggestionsMinimumDistance == 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += "; is it " + strings.Join(near, " or ") + "?"
	}
	return errors.New(text)
}

// commandLine is a command of this program for people to paste, on the store of this one.
func (c *config) commandLine(command string) string {
	line := quoted(os.Args[0]) + " " + command
	if c.dir != defaults().dir && os.Getenv(environmentName("dir")) != c.dir {
		line += " --dir " + quoted(c.dir)
	}
	return line
}

// quoted is a word as a shell reads it.
func quoted(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,", r)
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
