package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
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
		dir: "data", contract: "clients", grants: "own", bodyLimit: 1 << 20, importLimit: 64 << 20, importWorkers: 2, requests: 10, memoryLimit: 192 << 20,
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
	f.IntVar(&c.requests, "metaaccess-requests", c.requests, "requests that each user has in any minute at the MetaAccess door; 0: as many as they like")
	f.Int64Var(&c.memoryLimit, "memory-limit", c.memoryLimit, "bytes of memory above which the garbage collector works harder; 0: none, as in $GOMEMLIMIT")
	f.IntVar(&c.limits.Connections, "max-connections", 8192, "connections at the same time, for each listener; further ones wait")
	f.IntVar(&c.limits.Requests, "max-requests", 1024, "requests that are worked on at the same time; further ones are answered 503")
	f.StringSliceVar(&c.trusted, "trusted-proxy", nil, "address or CIDR of a proxy whose X-Forwarded-For is believed; may be repeated")
	f.StringVar(&c.lockout, "lockout", c.lockout, "failed sign-ins within a time after which an account is locked for as long, or off")
	f.StringVar(&c.lockAddresses, "lockout-address", c.lockAddresses, "the same for an address (a /64 of IPv6): more of them, or off, where many users share one; loopback counts only with --trusted-proxy")
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
	if _, err := c.proxies(); err != nil {
		return err
	}
	return c.directories.check()
}

// proxies are those whose X-Forwarded-For is believed.
func (c *config) proxies() (store.Ranges, error) {
	if len(c.trusted) == 0 {
		return nil, nil
	}
	ranges, err := store.ParseRanges(strings.Join(c.trusted, ","))
	if err != nil {
		err = fmt.Errorf("--trusted-proxy: %w", err)
	}
	return ranges, err
}

func (c *config) signInLimits() (limits store.SignInLimits, err error) {
	if limits.Accounts, err = store.ParseLimit(c.lockout); err != nil {
		return limits, fmt.Errorf("--lockout: %w", err)
	}
	if limits.Addresses, err = store.ParseLimit(c.lockAddresses); err != nil {
		return limits, fmt.Errorf("--lockout-address: %w", err)
	}
	limits.Loopback = len(c.trusted) > 0 // a proxy on this host forwards for others
	return limits, nil
}

// neverLock turns the lockout off unless a flag asks for it: people who try things out must not lock themselves out.
func (c *config) neverLock(flags *pflag.FlagSet) {
	if !flags.Changed("lockout") {
		c.lockout = "off"
	}
	if !flags.Changed("lockout-address") {
		c.lockAddresses = "off"
	}
}

// unlockCommand lifts a lock of this store from wherever it is run; its argument is to be added.
func (c *config) unlockCommand() string {
	self, err := os.Executable()
	if err != nil {
		self = "muster"
	}
	dir, err := filepath.Abs(c.dir)
	if err != nil {
		dir = c.dir
	}
	return quoted(self) + " admin unlock --dir " + quoted(dir)
}

func isNoOrigin(text string) bool { return server.CheckOrigin(text) != nil }

func (c *config) socket() string { return filepath.Join(c.dir, "muster.sock") }
