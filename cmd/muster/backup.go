package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/backup"
	"github.com/musterhq/muster/store/kv/disk"
	"github.com/musterhq/muster/store/record"
)

// spooledPrefix marks the files of queued imports in a backup.
const spooledPrefix = "import-"

// keptFiles are those beside the store without which it cannot be served as before.
var keptFiles = []string{"master.key", "tls.crt", "tls.key"}

func backupCommand() *cobra.Command {
	c, l := defaults(), &lock{}
	command := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a backup, also while muster serves",
		Long: `backup writes the store as it is at one moment, with its certificate, its master key and the files of queued imports, to a
new file. It goes through the server that runs on the store, or opens the store itself. On the store's own disk it
leaves free what --disk-reserve says.

The file is encrypted with age, to a passphrase or to recipients, so that the age program opens it too. A master key that
lies elsewhere (--master-key-file) is not in it, and neither are plugins.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			recipients, err := l.recipients(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return c.with(cmd.Context(), func(reached *client) error {
				size, err := c.backUp(cmd.Context(), reached, args[0], recipients)
				if err == nil {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d bytes\n", args[0], size)
				}
				return err
			})
		},
	}
	c.storeFlags(command)
	f := command.Flags()
	f.StringVar(&l.passphraseFile, "passphrase-file", "", "file whose first line is the passphrase (default: $MUSTER_PASSPHRASE, or a question on a terminal)")
	f.StringArrayVar(&l.to, "recipient", nil, "public key age1… that the backup is encrypted to, instead of a passphrase; may be repeated")
	f.BoolVar(&l.plain, "plain", false, "do not encrypt: whoever reads the file has every secret of the store")
	return command
}

// writeBackup writes a backup of an open store.
func (c *config) writeBackup(ctx context.Context, db *store.DB, w io.Writer) error {
	b, err := backup.NewWriter(w, backup.About{Schema: store.SchemaVersion, Muster: version(), Date: db.Now().UTC()})
	if err != nil {
		return err
	}
	for _, name := range keptFiles {
		if err := addFile(b, name, filepath.Join(c.dir, name)); err != nil {
			return err
		}
	}
	_, err = store.View(ctx, db, store.System("backup"), func(tx *store.Tx) (struct{}, error) { return struct{}{}, c.addStore(b, tx) })
	if err != nil {
		return err // not closed, so that nobody takes it for one
	}
	return b.Close()
}

// addStore adds the snapshot of a transaction and the files of the imports that wait in it.
func (c *config) addStore(b *backup.Writer, tx *store.Tx) error {
	for f, err := range store.ImportFiles.All(tx) {
		if err != nil {
			return err
		}
		if err := addFile(b, spooledPrefix+f.File, filepath.Join(c.dir, "imports", f.File)); err != nil {
			return err
		}
	}
	for pair, err := range record.Pairs(tx) {
		if err != nil {
			return err
		}
		if err := b.Pair(pair); err != nil {
			return err
		}
	}
	return nil
}

// addFile adds a file if it is there: an import may have ended since the snapshot, and a certificate may lie elsewhere.
func addFile(b *backup.Writer, name, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return b.File(name, f)
}

// sparing is a writer of a file in a folder that leaves the store's reserve free, if it lies on the store's disk.
func (c *config) sparing(folder string, out io.Writer) (io.Writer, error) {
	shared, err := disk.Shared(folder, c.dir)
	if !shared || err != nil {
		return out, err
	}
	return disk.NewWatch(c.dir, c.diskReserve, slog.New(slog.DiscardHandler)).Writer(out), nil
}

// backUp writes the backup of the local door to a new file, which is there only when all of it is.
func (c *config) backUp(ctx context.Context, from *client, file string, recipients []age.Recipient) (size int64, err error) {
	if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
		return 0, errors.Join(err, fmt.Errorf("%s is there already", file))
	}
	unfinished, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if err = errors.Join(err, unfinished.Close()); err == nil {
			err = os.Link(unfinished.Name(), file) // unlike a rename it replaces nothing
		}
		_ = os.Remove(unfinished.Name())
	}()
	out, err := c.sparing(filepath.Dir(file), unfinished)
	if err != nil {
		return 0, err
	}
	if err := from.fetchBackup(ctx, out, recipients); err != nil {
		return 0, err
	}
	if err := unfinished.Sync(); err != nil {
		return 0, err
	}
	return unfinished.Seek(0, io.SeekEnd)
}

// fetchBackup checks the backup while it goes by, before it is sealed.
func (c *client) fetchBackup(ctx context.Context, w io.Writer, recipients []age.Recipient) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://muster"+server.LocalBackupPath, nil)
	if err != nil {
		return err
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	sealed := io.WriteCloser(nopCloser{w})
	if len(recipients) > 0 {
		if sealed, err = age.Encrypt(w, recipients...); err != nil {
			return err
		}
	}
	if _, err := backup.Read(io.TeeReader(answer.Body, sealed), backup.Visitor{}); err != nil {
		return fmt.Errorf("the server's backup: %w", err)
	}
	return sealed.Close()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// spooled tells the file of a queued import by its name in a backup.
func spooled(name string) (file string, is bool) { return strings.CutPrefix(name, spooledPrefix) }
