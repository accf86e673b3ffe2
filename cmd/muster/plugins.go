package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/importers/builtin"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
)

func pluginsCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "plugins",
		Short: "List, pin and try import formats of your own",
		Long: "plugins looks after import formats that muster does not bring along: programs called muster-importer-NAME in the folder plugins of the store.\n" +
			"Such a program runs only once it is pinned, and only as long as it is the very file that was pinned.\n" +
			"The commands go through the server that runs on the store, or open the store themselves; pinning and unpinning leave an audit row.",
	}
	command.AddCommand(listPluginsCommand(), addPluginCommand(), removePluginCommand(), testPluginCommand())
	return command
}

// pluginFolder is where the external importers are.
func (c *config) pluginFolder() string { return filepath.Join(c.dir, "plugins") }

// pinOf is a stored plugin as the host of importers knows it.
func (c *config) pinOf(p *store.Plugin) host.Pin {
	return host.Pin{
		Info: host.Info{Type: p.ImportType, Extensions: p.Extensions, Version: string(p.Version)},
		File: filepath.Join(c.pluginFolder(), p.File), SHA256: p.SHA256, Overrides: p.Overrides,
	}
}

// pinsOf are what an open store has pinned, now.
func (c *config) pinsOf(db *store.DB) func(context.Context) ([]host.Pin, error) {
	return func(ctx context.Context) ([]host.Pin, error) {
		return store.View(ctx, db, store.System("imports"), func(tx *store.Tx) (all []host.Pin, err error) {
			for p, err := range store.Plugins.All(tx) {
				if err != nil {
					return nil, err
				}
				all = append(all, c.pinOf(p))
			}
			return all, nil
		})
	}
}

// formats are the built-in importers, of this version of muster.
func formats() []plugins.Importer {
	all := builtin.Importers()
	for i := range all {
		all[i].Version = version()
	}
	return all
}

func listPluginsCommand() *cobra.Command {
	c, asJSON := defaults(), false
	command := &cobra.Command{
		Use:   "list",
		Short: "List the import formats and whether they run",
		Long:  "list shows the built-in import formats and the programs in the folder of plugins. It starts none of them: what it says of a pinned one is what that said of itself when it was pinned.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(reached *client) error {
				listed, err := c.listPlugins(cmd.Context(), reached)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), listed)
				}
				return printTable(cmd.OutOrStdout(), listed)
			})
		},
	}
	c.storeFlags(command)
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON, with the whole SHA-256")
	return command
}

// listPlugins looks at the files here, and asks the server only what is pinned.
func (c *config) listPlugins(ctx context.Context, reached *client) ([]host.Listed, error) {
	answer, err := reached.managePlugins(ctx, server.LocalPlugins{Do: server.ListPlugins})
	if err != nil {
		return nil, err
	}
	var pins []host.Pin
	for _, p := range answer.Pinned {
		pins = append(pins, c.pinOf(p))
	}
	h := host.New(host.Options{BuiltIn: formats(), Pins: func(context.Context) ([]host.Pin, error) { return pins, nil }})
	return h.List(ctx, c.pluginFolder())
}

func printJSON(w io.Writer, value any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(value)
}

func printTable(w io.Writer, listed []host.Listed) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i, cell := range cells {
			if cell == "" {
				cells[i] = "-"
			}
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	row("TYPE", "EXTENSIONS", "VERSION", "SHA-256", "FILE", "STATE")
	for _, l := range listed {
		state := string(l.State)
		if l.Reason != "" {
			state += ": " + l.Reason
		}
		row(l.Type, strings.Join(l.Extensions, " "), l.Version, l.SHA256[:min(len(l.SHA256), 12)], l.File, state)
	}
	return t.Flush()
}

func addPluginCommand() *cobra.Command {
	c, override := defaults(), ""
	command := &cobra.Command{
		Use:   "add FILE",
		Short: "Pin an import format, so that it runs",
		Long: "add pins a program: it is started once to say what it reads, and its SHA-256 is kept and checked at every start. A running server knows it at once.\n" +
			"FILE is a program in the folder of plugins, or one from elsewhere, which is copied there. Pinning a file again, after a change, replaces its pin.\n" +
			"A plugin runs in place of a built-in format, or of another plugin, only if --override names the type.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(reached *client) error {
				return c.addPlugin(cmd.Context(), reached, args[0], override, cmd.OutOrStdout())
			})
		},
	}
	c.storeFlags(command)
	command.Flags().StringVar(&override, "override", "", "the `TYPE` that the plugin may take from another")
	return command
}

// addPlugin starts a program for the first time, and pins it. One from elsewhere is copied before anything looks at
// it, so that what is described, pinned and kept is one and the same file.
func (c *config) addPlugin(ctx context.Context, reached *client, file, override string, out io.Writer) error {
	name := filepath.Base(file)
	if err := host.CheckName(name); err != nil {
		return err
	}
	place := filepath.Join(c.pluginFolder(), name)
	staged, err := c.stagePlugin(file, place)
	if err != nil {
		return err
	}
	if staged != place {
		defer func() { _ = os.RemoveAll(filepath.Dir(staged)) }()
	}
	pin, err := describePlugin(ctx, staged, false)
	if err != nil {
		return err
	}
	answer, err := reached.managePlugins(ctx, server.LocalPlugins{Do: server.PinPlugin, Override: override, Plugin: store.Plugin{
		File: name, ImportType: pin.Type, Extensions: pin.Extensions, Version: store.Text(pin.Version), SHA256: pin.SHA256,
	}})
	if err != nil {
		return err
	}
	if staged != place {
		if err := os.Rename(staged, place); err != nil {
			return err
		}
		fmt.Fprintf(out, "%s is copied to %s\n", file, place)
	}
	if answer.Replaced != "" {
		fmt.Fprintf(out, "%s is not pinned any more\n", answer.Replaced)
	}
	_, err = fmt.Fprintf(out, "%s is pinned: type %s, extensions %s, version %s, SHA-256 %s\n",
		name, pin.Type, orNone(strings.Join(pin.Extensions, " ")), orNone(pin.Version), pin.SHA256)
	return err
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// stagePlugin returns the path from which a program is described: its place, or a copy that is to be put there. A bare
// name means the place unless there is such a file here.
func (c *config) stagePlugin(file, place string) (string, error) {
	if _, err := os.Lstat(file); os.IsNotExist(err) && file == filepath.Base(file) {
		return place, nil
	}
	folder, err := os.Stat(c.pluginFolder())
	if err != nil {
		return "", err
	}
	if its, err := os.Stat(filepath.Dir(file)); err == nil && os.SameFile(folder, its) {
		return place, nil
	}
	return host.Stage(file, c.pluginFolder())
}

// describePlugin starts a program once.
func describePlugin(ctx context.Context, file string, anyMode bool) (host.Pin, error) {
	h, clear, err := ownHost(host.Options{AnyMode: anyMode})
	if err != nil {
		return host.Pin{}, err
	}
	defer clear()
	return h.Describe(ctx, file)
}

// ownHost is a host of importers beside that of a server, with a folder of its own.
func ownHost(o host.Options) (h *host.Host, clear func(), err error) {
	if o.Executable, err = os.Executable(); err != nil {
		return nil, nil, err
	}
	if o.Directory, err = os.MkdirTemp("", "muster-"); err != nil {
		return nil, nil, err
	}
	return host.New(o), func() { _ = os.RemoveAll(o.Directory) }, nil
}

func removePluginCommand() *cobra.Command {
	c := defaults()
	command := &cobra.Command{
		Use:   "remove NAME",
		Short: "Unpin an import format, so that it runs no more",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(reached *client) error {
				name := filepath.Base(args[0])
				_, err := reached.managePlugins(cmd.Context(), server.LocalPlugins{Do: server.UnpinPlugin, Plugin: store.Plugin{File: name}})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is not pinned any more; its file stays in %s\n", name, c.pluginFolder())
				return err
			})
		},
	}
	c.storeFlags(command)
	return command
}
