package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv/badgerkv"
)

// verifying is one run of muster verify.
type verifying struct {
	*config
	repair bool
	out    io.Writer
	told   int // problems

	progress io.Writer
	lately   time.Time // when progress was told
}

// maxTold is how many problems are written, each on a line of its own; those beyond are counted.
const maxTold = 10_000

func verifyCommand() *cobra.Command {
	v := &verifying{config: defaults()}
	command := &cobra.Command{
		Use:   "verify",
		Short: "Check that a store is whole",
		Long: `verify reads all that a store holds, which no muster may have open meanwhile: the checksums of its tables, each record and what
follows from it, links from both sides, what belongs to what, and the seals of the audits. It writes a line for each problem, with the
key as docs/keys.md explains it, changes nothing, and exits with 1 if there is one.

With --repair-indexes it makes index entries, pointers, guards, counts and the way back of links anew from the records and links
that there are, and says which. It repairs nothing else: what a record said that is gone, only a backup knows.

Of the audits it cannot find that a row was removed in the seconds before it was sealed, nor that the whole store was
exchanged for an older copy of itself; the end of the chain that it prints tells that to whoever keeps it elsewhere.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v.out, v.progress = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return v.run(cmd.Context())
		},
	}
	v.storeFlags(command)
	command.Flags().BoolVar(&v.repair, "repair-indexes", false, "make index entries, counts and the way back of links anew from records and links")
	return command
}

func (v *verifying) run(ctx context.Context) error {
	began := time.Now()
	v.lately = began
	o, err := v.storeOptions()
	if err != nil {
		return err
	}
	if err := v.tellTables(o); err != nil { // opening stops at the first
		return err
	}
	found, err := v.look(ctx, o)
	if err != nil {
		return err
	}
	if v.told > maxTold {
		fmt.Fprintf(v.out, "and %d more\n", v.told-maxTold)
	}
	fmt.Fprintf(v.out, "%d records, %d links, %d audits in %d sealed blocks that end in %x, %d audits not sealed yet; %s\n",
		found.Records, found.Links, found.Sealed, found.Blocks, found.Chain, found.Unsealed, time.Since(began).Round(time.Millisecond))
	if found.Repaired > 0 {
		fmt.Fprintf(v.out, "%d keys repaired\n", found.Repaired)
	}
	if found.Problems > 0 {
		return fmt.Errorf("%d problems", found.Problems)
	}
	_, err = fmt.Fprintln(v.out, "nothing is wrong")
	return err
}

// tellTables names every table that is damaged.
func (v *verifying) tellTables(o badgerkv.Options) error {
	damaged, err := badgerkv.CheckTables(o)
	if errors.Is(err, badgerkv.ErrLocked) || errors.Is(err, badgerkv.ErrWrongKey) {
		return exitWith(exitStore, err)
	}
	for _, file := range damaged {
		fmt.Fprintf(v.out, "%s: %s\n", filepath.Join(o.Dir, file.Name), file.Wrong)
	}
	if len(damaged) > 0 {
		err = fmt.Errorf("%d damaged files: what is in them is lost, and the store is looked at no further; restore a backup", len(damaged))
	}
	return err
}

// storeOptions say where the store lies, which has to be there.
func (v *verifying) storeOptions() (badgerkv.Options, error) {
	o := badgerkv.Options{Dir: v.storeFolder()}
	if _, err := os.Stat(o.Dir); err != nil {
		return o, v.noStore()
	}
	if err := errors.Join(v.checkFormat(), v.checkFinished()); err != nil {
		return o, exitWith(exitStore, err)
	}
	var err error
	o.Key, err = v.masterKey(slog.New(slog.DiscardHandler))
	return o, exitWith(exitStore, err)
}

// look looks at the store and tells what it finds.
func (v *verifying) look(ctx context.Context, o badgerkv.Options) (found *store.Verified, err error) {
	v.limitMemory(whileServing)
	vault, err := authz.NewVault(o.Key)
	if err != nil {
		return nil, err
	}
	engine, err := v.openEngine(o.Key, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	how := store.VerifyOptions{Vault: vault, RepairIndexes: v.repair, Progress: v.advance}
	return store.Verify(ctx, engine, how, func(p store.Problem) error {
		if v.told++; v.told > maxTold {
			return nil
		}
		_, err := fmt.Fprintln(v.out, p)
		return err
	})
}

// progressEvery is how often who waits is told that it goes on.
const progressEvery = 5 * time.Second

// advance tells how far it is, of a store that takes longer to look at than one waits without a word.
func (v *verifying) advance(what string, keys int) {
	if time.Since(v.lately) < progressEvery {
		return
	}
	v.lately = time.Now()
	fmt.Fprintf(v.progress, "%d keys read, at %s\n", keys, what)
}
