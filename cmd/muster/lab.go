package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/lab"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
)

func loadCommand() *cobra.Command {
	c, dryRun := defaults(), false
	command := &cobra.Command{
		Use:   "load FILE",
		Short: "Bring a lab file into the store",
		Long: "load brings what a lab file (YAML, see docs/lab.md) declares into the store. What holds already is left alone, so that the same\n" +
			"file may be loaded again; a file that is refused changes nothing.\n" +
			"It goes through the server that runs on the store, or opens the store itself.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			ask, err := readLoad(args[0])
			if err != nil {
				return err
			}
			ask.DryRun = dryRun
			reached, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, reached.close()) }()
			changes, err := reached.load(cmd.Context(), ask)
			if err != nil {
				return err
			}
			return reportLoad(cmd.OutOrStdout(), args[0], changes, dryRun)
		},
	}
	c.storeFlags(command)
	command.Flags().BoolVar(&dryRun, "dry-run", false, "only print what would change")
	return command
}

// readLoad reads a lab file with all that it wants to be read here, and refuses one that no store could take.
func readLoad(name string) (*server.LocalLoad, error) {
	f, text, err := parseLab(name)
	if err != nil {
		return nil, err
	}
	ask := &server.LocalLoad{Name: name, Text: string(text)}
	err = f.Resolve(func(s lab.Source) (string, error) {
		value, err := s.Read(filepath.Dir(name))
		ask.Given = append(ask.Given, server.GivenValue{Source: s, Value: value})
		return value, err
	})
	return ask, err
}

func parseLab(name string) (*lab.File, []byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, lab.MaxSize+1))
	if err != nil {
		return nil, nil, err
	}
	file, err := lab.Parse(name, text)
	return file, text, err
}

// reportLoad prints what a dry run would change, line by line, and how much it is.
func reportLoad(out io.Writer, name string, changes []lab.Change, dryRun bool) error {
	verb := "made"
	if dryRun {
		verb = "to make"
		for _, c := range changes {
			if _, err := fmt.Fprintf(out, "%s:%d: %s\n", name, c.Line, c.Text()); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintf(out, "%s: %d changes %s\n", name, len(changes), verb)
	return err
}

// load asks the local door to load a lab file.
func (c *client) load(ctx context.Context, ask *server.LocalLoad) ([]lab.Change, error) {
	var answer server.LocalLoad
	err := c.post(ctx, server.LocalLoadPath, ask, &answer)
	return answer.Changes, err
}

func dumpCommand() *cobra.Command {
	c, secrets := defaults(), false
	command := &cobra.Command{
		Use:   "dump [FILE]",
		Short: "Write the store as a lab file",
		Long: "dump writes the state of the store as a lab file, to standard output or to a file that only its owner can read.\n" +
			"Loading it changes nothing. Passwords of users and client secrets are hashed, and cannot be had.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			reached, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, reached.close()) }()
			var answer server.LocalDump
			err = reached.post(cmd.Context(), server.LocalDumpPath, server.LocalDump{Secrets: secrets}, &answer)
			switch {
			case err != nil:
				return err
			case len(args) == 0:
				_, err = io.WriteString(cmd.OutOrStdout(), answer.Text)
				return err
			}
			return writeWhole(args[0], []byte(answer.Text))
		},
	}
	c.storeFlags(command)
	command.Flags().BoolVar(&secrets, "secrets", false, "with the passwords of managed and functional accounts and of directories, API keys and ClientIDs")
	return command
}

// readLab reads the lab file that is to be served.
func (s *serving) readLab() (*lab.File, error) {
	if s.load == "" {
		return nil, nil
	}
	f, _, err := parseLab(s.load)
	return f, err
}

// loadLab brings a lab file into the store that is about to be served.
func (s *serving) loadLab(ctx context.Context, db *store.DB, f *lab.File) error {
	changes, err := lab.Load(ctx, db, f, lab.LoadOptions{
		By: store.System("host"), Values: func(source lab.Source) (string, error) { return source.Read(filepath.Dir(s.load)) },
	})
	if err == nil {
		db.Log().Info("loaded", "file", s.load, "changes", len(changes))
	}
	return err
}
