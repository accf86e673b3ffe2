package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/importers/builtin"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
)

// confineCommand becomes an external importer, on behalf of the muster that started this process.
func confineCommand() *cobra.Command {
	return &cobra.Command{
		Use:                host.ConfineCommand,
		Short:              "Become an external import format of a running muster",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE:               func(_ *cobra.Command, args []string) error { return host.Confine(args) },
	}
}

// importerCommand serves a built-in format to the muster that started this process; it is of no use to people.
func importerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "importer TYPE",
		Short:  "Serve a built-in import format to a running muster",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			formats := builtin.Importers()
			i := slices.IndexFunc(formats, func(f plugins.Importer) bool { return f.Type == args[0] })
			if i < 0 {
				return fmt.Errorf("there is no built-in importer for %q", args[0])
			}
			plugins.Serve(formats[i])
			return nil
		},
	}
}
