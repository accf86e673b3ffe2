package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/cases"
	"github.com/musterhq/muster/plugins/host"
)

// pluginTest is what muster plugins test does.
type pluginTest struct {
	update   bool
	deadline time.Duration
}

func testPluginCommand() *cobra.Command {
	var p pluginTest
	command := &cobra.Command{
		Use:   "test FILE CASES…",
		Short: "Try an import format on files of your own",
		Long: "test runs a program on cases, each in a process of its own, as the server does. It needs no store, and the program need not be pinned.\n" +
			"A case is a folder with the file to import, input.csv or whatever it is called, and what is expected of it in want.jsonl: one line of JSON for each host,\n" +
			"then {\"warning\": \"…\"} for each warning and {\"error\": \"…\"} if the import fails. CASES are such folders, or folders of them.\n" +
			"The exit code is 1 when something differs.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.run(cmd.Context(), args[0], args[1:], cmd.OutOrStdout())
		},
	}
	f := command.Flags()
	f.BoolVar(&p.update, "update", false, "write what the program says into want.jsonl: read the difference before you commit it")
	f.DurationVar(&p.deadline, "deadline", time.Minute, "how long a case may take")
	return command
}

func (p *pluginTest) run(ctx context.Context, file string, folders []string, out io.Writer) error {
	var all []cases.Case
	for _, folder := range folders {
		found, err := cases.In(folder)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	pin, err := describePlugin(ctx, file, true)
	if err != nil {
		return err
	}
	h, clear, err := ownHost(host.Options{
		AnyMode: true, Deadline: p.deadline, Pins: func(context.Context) ([]host.Pin, error) { return []host.Pin{pin}, nil },
	})
	if err != nil {
		return err
	}
	defer clear()
	wrong := 0
	for _, c := range all {
		if err := p.one(ctx, h, pin.Type, c); err != nil {
			wrong++
			fmt.Fprintf(out, "FAIL  %s\n      %s\n", c.Name, strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "\n      "))
		} else {
			fmt.Fprintf(out, "ok    %s\n", c.Name)
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d cases of %s failed", wrong, len(all), pin.Type)
	}
	return nil
}

// one runs one case. What the program says of a file may be expected, what muster says of the program is wrong in any
// case.
func (p *pluginTest) one(ctx context.Context, h *host.Host, typ string, c cases.Case) error {
	var broken error
	got, err := c.Import(func(name string, content io.Reader, emit func(plugins.Record) error) ([]string, error) {
		report, err := h.Import(ctx, typ, name, content, emit)
		if slices.ContainsFunc([]error{host.ErrCrashed, host.ErrDeadline, host.ErrFlood, host.ErrProtocol, host.ErrRefused, context.Canceled},
			func(kind error) bool { return errors.Is(err, kind) }) {
			broken = err
		}
		return report.Warnings, err
	})
	switch {
	case err != nil:
		return err
	case broken != nil:
		return broken
	case p.update:
		return c.Update(got)
	}
	return c.Check(got)
}
