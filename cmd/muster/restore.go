package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/backup"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/kv/disk"
)

// restoring is one run of muster restore.
type restoring struct {
	*config
	*lock
	file       string
	identities []age.Identity // nil for a plain backup
}

func restoreCommand() *cobra.Command {
	r := &restoring{config: defaults(), lock: &lock{}}
	command := &cobra.Command{
		Use:   "restore FILE",
		Short: "Make a store of a backup",
		Long: `restore reads a backup to its end, and only if all of it is there and unaltered makes the store of it, in a folder that must be
empty or absent. It is done beside the folder, which then appears as a whole.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.file = args[0]
			about, err := r.run(cmd.Context(), cmd.ErrOrStderr())
			if err == nil {
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is the store of %s, by muster %s\n", r.dir, about.Date.Format("2006-01-02 15:04:05 MST"), about.Muster)
			}
			return err
		},
	}
	r.storeFlags(command)
	f := command.Flags()
	f.StringVar(&r.passphraseFile, "passphrase-file", "", "file whose first line is the passphrase (default: $MUSTER_PASSPHRASE, or a question on a terminal)")
	f.StringVar(&r.identityFile, "identity", "", "file with the age identity of a recipient, instead of a passphrase")
	return command
}

func (r *restoring) run(ctx context.Context, ask io.Writer) (about backup.About, err error) {
	entries, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return about, err
	}
	if len(entries) > 0 {
		return about, fmt.Errorf("%s is not empty: a backup is restored into an empty folder", r.dir)
	}
	if about, err = r.read(ask, backup.Visitor{}); err != nil {
		return about, fmt.Errorf("%s: %w", r.file, err)
	}
	if about.Schema > store.SchemaVersion {
		return about, fmt.Errorf("%s: %w (schema %d, this one knows %d)", r.file, backup.ErrNewer, about.Schema, store.SchemaVersion)
	}
	// What an interrupted restore left is of no use, and nobody else's name ends so.
	beside := filepath.Clean(r.dir) + ".restoring"
	if err := os.RemoveAll(beside); err != nil {
		return about, err
	}
	if err := r.into(ctx, ask, beside); err != nil {
		return about, errors.Join(err, os.RemoveAll(beside))
	}
	return about, appear(beside, r.dir)
}

// read reads the whole backup.
func (r *restoring) read(ask io.Writer, v backup.Visitor) (about backup.About, err error) {
	f, err := os.Open(r.file)
	if err != nil {
		return about, err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	content := io.Reader(in)
	if head, _ := in.Peek(len(ageHeader)); bytes.Equal(head, []byte(ageHeader)) {
		if r.identities == nil {
			if r.identities, err = r.lock.identities(ask); err != nil {
				return about, err
			}
		}
		if content, err = age.Decrypt(in, r.identities...); err != nil {
			if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
				err = errors.New("neither passphrase nor identity opens it")
			}
			return about, err
		}
		content = unsealed{content}
	}
	about, err = backup.Read(content, v)
	if err == nil {
		_, err = io.Copy(io.Discard, content) // age says at its end whether that is the end
	}
	return about, err
}

// unsealed tells a file that age finds cut off from one that ends there.
type unsealed struct{ io.Reader }

func (u unsealed) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = errors.New("cut off or altered") // and not an end, as io.ErrUnexpectedEOF would be
	}
	return n, err
}

const ageHeader = "age-encryption.org/v1\n"

// into makes the store in a folder of its own. The files come first in a backup, the master key among them.
func (r *restoring) into(ctx context.Context, ask io.Writer, dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "imports"), 0o700); err != nil {
		return err
	}
	target := *r.config
	target.dir = dir
	watch := disk.NewWatch(dir, r.diskReserve, slog.New(slog.DiscardHandler))
	var engine *badgerkv.Engine
	var loader *backup.Loader
	open := func() error {
		if _, err := os.Stat(filepath.Join(dir, "master.key")); err != nil && r.masterKeyFile == "" {
			return errors.New("the backup does not hold the master key: give it with --master-key-file")
		}
		key, err := target.masterKey(slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		engine, err = badgerkv.Open(badgerkv.Options{Dir: target.storeFolder(), Key: key, Room: watch.Room})
		loader = backup.NewLoader(ctx, engine)
		return err
	}
	_, err := r.read(ask, backup.Visitor{
		File: func(name string) (backup.FileSink, error) { return restoredFile(watch, dir, name) },
		Pair: func(p kv.Pair) error {
			if engine == nil {
				if err := open(); err != nil {
					return err
				}
			}
			return loader.Add(p)
		},
	})
	if engine == nil {
		return errors.Join(err, errors.New("the backup holds no store"))
	}
	if err == nil {
		err = loader.Flush()
	}
	if err = errors.Join(err, engine.Close()); err != nil {
		return err
	}
	i, err := target.open(ctx, false, slog.New(slog.DiscardHandler)) // what cannot be opened is not worth having
	if err != nil {
		return fmt.Errorf("the restored store: %w", err)
	}
	return i.close()
}

// restoredFile makes a file of a backup.
func restoredFile(watch *disk.Watch, dir, name string) (backup.FileSink, error) {
	path := filepath.Join(dir, name)
	if file, is := spooled(name); is {
		path = filepath.Join(dir, "imports", file)
	} else if !slices.Contains(keptFiles, name) {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return syncedFile{watch.Writer(f), f}, nil
}

type syncedFile struct {
	io.Writer
	file *os.File
}

func (f syncedFile) Close() error { return errors.Join(f.file.Sync(), f.file.Close()) }

// appear puts the finished folder where an empty one or none is.
func appear(finished, dir string) error {
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(finished, dir); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(filepath.Clean(dir)))
}
