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
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/importers/runner"
	"github.com/musterhq/muster/plugins/host"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv"
	"github.com/musterhq/muster/store/kv/badgerkv"
	"github.com/musterhq/muster/store/kv/disk"
)

// config is what the commands that open the store have in common, and what serve adds.
type config struct {
	dir           string
	masterKeyFile string
	contract      string
	grants        string
	bodyLimit     int64
	importLimit   int64
	importWorkers int
	requests      int // a minute of each user at the MetaAccess door
	memoryLimit   int64
	limits        server.Limits
	trusted       []string
	acceptLoss    bool
	lockout       string
	lockAddresses string
	origins       []string
	diskReserve   int64
	directories   directories
	log           string
	logLevel      string
}

func defaults() *config {
	return &config{
		dir: "data", contract: "clients", grants: "own", bodyLimit: 1 << 20, importLimit: 64 << 20, importWorkers: 2, requests: 10, memoryLimit: 128 << 20,
		diskReserve: 1 << 30, lockout: "5/15m", lockAddresses: "5/15m", log: "auto", logLevel: "info",
	}
}

// storeFlags are the flags of every command that needs the store.
func (c *config) storeFlags(command *cobra.Command) {
	f := command.Flags()
	f.StringVar(&c.dir, "dir", c.dir, "folder of the store")
	f.Int64Var(&c.diskReserve, "disk-reserve", c.diskReserve, "bytes of the store's disk that are kept free: nothing is written when there are less")
	f.StringVar(&c.masterKeyFile, "master-key-file", c.masterKeyFile, "file with the master key, 64 hex characters (default: DIR/master.key, made at the first start)")
}

// serverFlags are the flags that shape the server, wherever it runs.
func (c *config) serverFlags(command *cobra.Command) {
	f := command.Flags()
	f.StringVar(&c.contract, "contract", c.contract, "where document and clients disagree, answer as `clients` need it or to the letter of the manual")
	f.StringVar(&c.grants, "grants", c.grants, "whether callers may give only rights of their `own`, or any as the vendor's may")
	f.Int64Var(&c.bodyLimit, "body-limit", c.bodyLimit, "most bytes of a request's body")
	f.Int64Var(&c.importLimit, "import-limit", c.importLimit, "most bytes of an imported file")
	f.IntVar(&c.importWorkers, "import-workers", c.importWorkers, "imports that run at the same time")
	f.IntVar(&c.requests, "metaaccess-requests", c.requests, "requests that each user has in any minute at the MetaAccess door; 0: as many as he likes")
	f.Int64Var(&c.memoryLimit, "memory-limit", c.memoryLimit, "bytes of memory above which the garbage collector works harder; 0: none, as in $GOMEMLIMIT")
	f.IntVar(&c.limits.Connections, "max-connections", 4096, "connections at the same time, for each listener; further ones wait")
	f.IntVar(&c.limits.Requests, "max-requests", 1024, "requests at the same time; further ones are answered 503")
	f.StringSliceVar(&c.trusted, "trusted-proxy", nil, "address or CIDR of a proxy whose X-Forwarded-For is believed; may be repeated")
	f.StringVar(&c.lockout, "lockout", c.lockout, "failed sign-ins within a time after which an account is locked for as long, or off")
	f.StringVar(&c.lockAddresses, "lockout-address", c.lockAddresses, "the same for an address (a /64 of IPv6): more of them, or off, where many users share one")
	f.StringSliceVar(&c.origins, "cors-origin", nil, "exact origin, such as https://portal.example, whose pages may call in a browser; may be repeated")
	c.directories.flags(command)
	f.StringVar(&c.log, "log", c.log, "log as text, json, or auto: text on a terminal")
	f.StringVar(&c.logLevel, "log-level", c.logLevel, "debug, info, warn or error")
}

func (c *config) check() error {
	switch {
	case c.contract != "clients" && c.contract != "manual":
		return fmt.Errorf("--contract: clients or manual is expected, not %q", c.contract)
	case c.grants != "own" && c.grants != "vendor":
		return fmt.Errorf("--grants: own or vendor is expected, not %q", c.grants)
	case c.bodyLimit < 1024 || c.importLimit < 1024:
		return errors.New("--body-limit and --import-limit: at least 1024 bytes are expected")
	case c.memoryLimit < 0:
		return errors.New("--memory-limit: 0 or more bytes are expected")
	case c.requests < 0 || c.requests > 1000:
		return errors.New("--metaaccess-requests: 0 to 1000 is expected")
	case slices.ContainsFunc(c.origins, isNoOrigin):
		return fmt.Errorf("--cors-origin: %w", server.CheckOrigin(c.origins[slices.IndexFunc(c.origins, isNoOrigin)]))
	case c.limits.Connections < 1 || c.limits.Requests < 1:
		return errors.New("--max-connections and --max-requests: 1 or more is expected")
	case c.importWorkers < 1 || c.importWorkers > 64:
		return errors.New("--import-workers: 1 to 64 is expected")
	}
	if _, err := c.signInLimits(); err != nil {
		return err
	}
	return c.directories.check()
}

func (c *config) signInLimits() (limits store.SignInLimits, err error) {
	if limits.Accounts, err = store.ParseLimit(c.lockout); err != nil {
		return limits, fmt.Errorf("--lockout: %w", err)
	}
	if limits.Addresses, err = store.ParseLimit(c.lockAddresses); err != nil {
		return limits, fmt.Errorf("--lockout-address: %w", err)
	}
	return limits, nil
}

func isNoOrigin(text string) bool { return server.CheckOrigin(text) != nil }

func (c *config) socket() string { return filepath.Join(c.dir, "muster.sock") }

// instance is an open store with its server.
type instance struct {
	db     *store.DB
	server *server.Server
	fresh  *store.FirstStart // what a new store was begun with, nil for an old one

	scratch string // folder of the importers' private folders
}

// close closes the store.
func (i *instance) close() error { return errors.Join(i.db.Close(), os.RemoveAll(i.scratch)) }

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

// limitMemory sets the soft limit of the Go runtime, unless its own variable does: the tables that Badger builds are large and
// short-lived, and without a limit they would stay until there are twice as many.
func (c *config) limitMemory() {
	if c.memoryLimit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(c.memoryLimit)
	}
}

// open opens the store and builds the server over it.
func (c *config) open(ctx context.Context, log *slog.Logger) (*instance, error) {
	if c.diskReserve < badgerkv.LeastReserve {
		return nil, fmt.Errorf("--disk-reserve: at least %d bytes are expected", badgerkv.LeastReserve)
	}
	c.limitMemory()
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return nil, err
	}
	if err := c.checkFormat(); err != nil {
		return nil, err
	}
	key, err := c.masterKey(log)
	if err != nil {
		return nil, err
	}
	vault, err := authz.NewVault(key)
	if err != nil {
		return nil, err
	}
	room := disk.NewWatch(c.dir, c.diskReserve, log).Room
	engine, err := c.openEngine(key, room, log)
	if err != nil {
		return nil, err
	}
	if err := c.writeFormat(); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	i := &instance{}
	limits, err := c.signInLimits()
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	o := store.Options{Vault: vault, Hasher: authz.NewHasher(4), Log: log, Room: room, Lockouts: limits}
	i.db, err = store.Open(ctx, engine, o, func() (store.FirstStart, error) {
		first, err := firstStart()
		i.fresh = &first
		return first, err
	})
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	if err := i.build(ctx, c, log); err != nil {
		return nil, errors.Join(err, i.close())
	}
	return i, nil
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
	if len(c.trusted) > 0 {
		if o.TrustedProxies, err = store.ParseRanges(strings.Join(c.trusted, ",")); err != nil {
			return fmt.Errorf("--trusted-proxy: %w", err)
		}
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
	if err := writeSynced(file, []byte(hex.EncodeToString(key[:])+"\n")); err != nil {
		return err
	}
	log.Info("made a master key: the store cannot be opened without it, so keep a copy", "file", file)
	return nil
}

// writeSynced writes a file of mode 0600 durably.
func writeSynced(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// firstStart is what a new store begins with: given in the environment, for automation, or made up.
func firstStart() (store.FirstStart, error) {
	first := store.FirstStart{
		User:         "administrator",
		Password:     preset("ADMIN_PASSWORD", func() string { return authz.NewClientSecret()[:20] }),
		ApiKey:       preset("API_KEY", authz.NewAPIKey),
		ClientID:     preset("CLIENT_ID", authz.NewClientID),
		ClientSecret: preset("CLIENT_SECRET", authz.NewClientSecret),
	}
	switch {
	case !authz.ValidAPIKey(first.ApiKey):
		return first, errors.New("MUSTER_API_KEY: 128 hex characters are expected")
	case len(first.ClientID) != 36:
		return first, errors.New("MUSTER_CLIENT_ID: a GUID of 36 characters is expected")
	case len(first.ClientSecret) < 36 || len(first.ClientSecret) > 64:
		return first, errors.New("MUSTER_CLIENT_SECRET: 36 to 64 characters are expected")
	}
	return first, nil
}

func preset(name string, otherwise func() string) string {
	if value := os.Getenv("MUSTER_" + name); value != "" {
		return value
	}
	return otherwise()
}
