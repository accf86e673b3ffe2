package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/importers/runner"
	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/kv/disk"
)

// instance is an open store with its server.
type instance struct {
	db     *store.DB
	server *server.Server
	fresh  *store.FirstStart // what a new store was begun with, nil for an old one

	scratch string       // folder of the importers' private folders
	unlock  func() error // the folder of the store is for another process
}

// close closes the store.
func (i *instance) close() error {
	return errors.Join(i.db.Close(), os.RemoveAll(i.scratch), i.unlock())
}

// makeScratch makes the folder in which importers have private folders with their sockets, whose paths must be short.
// It has the same name at every start on the same store, which is locked by now, so that what a killed muster left is
// cleared away.
func (c *config) makeScratch() (string, error) {
	dir, err := filepath.Abs(c.dir)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(dir))
	scratch := filepath.Join(os.TempDir(), fmt.Sprintf("muster-%x", sum[:8]))
	if os.RemoveAll(scratch) != nil || os.Mkdir(scratch, 0o700) != nil {
		return os.MkdirTemp("", "muster-") // somebody else has the name
	}
	return scratch, nil
}

// How much garbage there is when it is collected, in percent of what is in use.
const (
	// Twice as much would take some 3 % of the CPU off an import, and have the first list grow a server by as much as the list is large.
	whileServing = 50
	// While a store is opened little is in use, and that little garbage would be collected over and over: a start that verifies every table
	// would take almost twice the CPU. It takes 140 MiB at most.
	whileOpening = 400
)

// limitMemory sets the soft limit of the Go runtime, unless its own variable does: the tables that Badger builds are large and
// short-lived, and without a limit they would stay until there are twice as many.
func (c *config) limitMemory(garbage int) {
	collectAt(garbage)
	if c.memoryLimit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(c.memoryLimit)
	}
}

// collectAt has garbage collected when there is so much of it, unless the Go runtime's own variable says when.
func collectAt(garbage int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}

// open opens the store and builds the server over it. Where there is none it makes one, if it may: the caller then has to end the
// first start.
func (c *config) open(ctx context.Context, mayMake bool, log *slog.Logger) (_ *instance, err error) {
	if c.diskReserve < badgerkv.LeastReserve {
		return nil, usageError("--disk-reserve: at least %d bytes are expected", badgerkv.LeastReserve)
	}
	c.limitMemory(whileOpening)
	defer collectAt(whileServing)
	if mayMake {
		if err := os.MkdirAll(c.dir, 0o700); err != nil {
			return nil, err
		}
		reached("folder")
	}
	i := &instance{}
	if i.unlock, err = badgerkv.Lock(c.dir); err != nil {
		return nil, exitWith(exitStore, err)
	}
	if err := i.openStore(ctx, c, mayMake, log); err != nil {
		return nil, errors.Join(err, i.unlock())
	}
	if err := i.build(ctx, c, log); err != nil {
		return nil, errors.Join(err, i.close())
	}
	return i, nil
}

// openStore opens the store of a folder that is locked.
func (i *instance) openStore(ctx context.Context, c *config, mayMake bool, log *slog.Logger) error {
	if err := c.checkFormat(); err != nil {
		return exitWith(exitStore, err)
	}
	if err := c.begin(mayMake, log); err != nil {
		return err
	}
	limits, err := c.signInLimits()
	if err != nil {
		return err
	}
	key, err := c.masterKey(log)
	if err != nil {
		return exitWith(exitStore, err)
	}
	vault, err := authz.NewVault(key)
	if err != nil {
		return err
	}
	room := disk.NewWatch(c.dir, c.diskReserve, log).Room
	engine, err := c.openEngine(key, room, log)
	if err != nil {
		return exitWith(exitStore, err)
	}
	reached("engine")
	if err := c.writeFormat(); err != nil {
		return errors.Join(err, engine.Close())
	}
	o := store.Options{Vault: vault, Hasher: authz.NewHasher(4), Log: log, Room: room, Lockouts: limits, Unlock: c.unlockCommand()}
	if i.db, err = store.Open(ctx, engine, o, i.begins(c, mayMake)); err != nil {
		return exitWith(exitStore, errors.Join(err, engine.Close()))
	}
	reached("store")
	return nil
}

// begins gives a new store what it begins with. There is also a store without anything in it: a muster that knew no mark of the first
// start has been ended before it wrote something.
func (i *instance) begins(c *config, mayMake bool) func() (store.FirstStart, error) {
	return func() (first store.FirstStart, err error) {
		if !mayMake {
			return first, c.noStore()
		}
		if err := c.markFirstStart(); err != nil {
			return first, err
		}
		first, err = firstStart()
		i.fresh = &first
		return first, err
	}
}

// openEngine opens the store's files.
func (c *config) openEngine(key []byte, room func(int) error, log *slog.Logger) (*badgerkv.Engine, error) {
	if c.acceptLoss {
		log.Warn("whatever the store has lost is accepted (--accept-loss)")
	}
	engine, err := badgerkv.Open(badgerkv.Options{Dir: c.storeFolder(), Key: key, AcceptLoss: c.acceptLoss, Room: room, Logger: log})
	if errors.Is(err, kv.ErrNoSpace) {
		err = fmt.Errorf("%s: %w (--disk-reserve); make room", c.dir, err)
	}
	if errors.Is(err, badgerkv.ErrDamaged) && !c.acceptLoss {
		err = fmt.Errorf("%w\nRestore a backup into an empty folder (muster restore); if a log or the mark ends early, muster serve --accept-loss goes on with what is left", err)
	}
	return engine, err
}

func (i *instance) build(ctx context.Context, c *config, log *slog.Logger) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.Mkdir(c.pluginFolder(), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if i.scratch, err = c.makeScratch(); err != nil {
		return err
	}
	builtIn := formats()
	plugins := host.New(host.Options{Executable: self, BuiltIn: builtIn, Pins: c.pinsOf(i.db), Directory: i.scratch, Logger: log})
	run, err := runner.New(ctx, runner.Options{DB: i.db, Host: plugins, Folder: filepath.Join(c.dir, "imports"), Workers: c.importWorkers, Log: log})
	if err != nil {
		return err
	}
	o := server.Options{
		DB: i.db, Runner: run, Manual: c.contract == "manual", VendorGrants: c.grants == "vendor", MetaAccessRequests: c.requests,
		BodyLimit: c.bodyLimit, ImportLimit: c.importLimit, Scratch: i.scratch, Log: log,
		Origins: c.origins, Dir: c.storeFolder(), Limits: c.limits,
	}
	if o.TrustedProxies, err = c.proxies(); err != nil {
		return err
	}
	for _, f := range builtIn {
		o.Importers = append(o.Importers, f.Type)
	}
	o.Backup = func(ctx context.Context, w io.Writer) error { return c.writeBackup(ctx, i.db, w) }
	if o.Roster, err = c.directories.roster(i.db, log); err != nil {
		return err
	}
	i.server = server.New(o)
	return nil
}

// masterKey reads the key that encrypts the store; the first start makes one beside it.
func (c *config) masterKey(log *slog.Logger) ([]byte, error) {
	file := c.masterKeyFile
	if file == "" {
		file = filepath.Join(c.dir, "master.key")
		if err := makeMasterKey(file, c.storeFolder(), log); err != nil {
			return nil, err
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the master key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("the master key in %s: 64 hex characters are expected", file)
	}
	return key, nil
}

// makeMasterKey writes a new key unless there is one. It does not when there is a store, which only its own key opens.
func makeMasterKey(file, store string, log *slog.Logger) error {
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if _, err := os.Stat(store); err == nil {
		return fmt.Errorf("%s is gone, and only it opens the store in %s; give it with --master-key-file", file, store)
	}
	var key [32]byte
	rand.Read(key[:])
	if err := writeWhole(file, []byte(hex.EncodeToString(key[:])+"\n")); err != nil {
		return err
	}
	reached("master key")
	log.Info("made a master key: the store cannot be opened without it, so keep a copy", "file", file)
	return nil
}
