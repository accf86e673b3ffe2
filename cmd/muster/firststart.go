package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// A first start is one act. It begins with the file first-start and ends when that is gone, which is after the store is filled and after
// somebody has been told how to enter it. Nobody is answered before, so that nothing is lost with a store that is made again.

// reached is told each step of a first start, for tests that end the process there.
var reached = func(step string) {}

// firstStartMark is the file that stands for a first start that has not come to its end.
func (c *config) firstStartMark() string { return filepath.Join(c.dir, "first-start") }

// checkFinished refuses a store whose first start has not come to its end.
func (c *config) checkFinished() error {
	unfinished, err := exists(c.firstStartMark())
	if unfinished {
		err = exitWith(exitStore, fmt.Errorf("the first start of %s did not come to its end: %s begins it again", c.dir, c.commandLine("serve")))
	}
	return err
}

// begin looks what is in the folder, which is locked. Of a first start that did not come to its end it removes the store, since nobody
// knows what it was begun with. A caller that may not make a store gets an error if it does not exist.
func (c *config) begin(mayMake bool, log *slog.Logger) error {
	unfinished, err := exists(c.firstStartMark())
	if err != nil {
		return err
	}
	made, err := exists(c.storeFolder())
	switch {
	case err != nil, made && !unfinished:
		return err
	case unfinished && !mayMake:
		return c.checkFinished()
	case !mayMake:
		return c.noStore()
	case !unfinished:
		return c.markFirstStart()
	}
	log.Warn("an earlier first start did not come to its end: it is begun again", "dir", c.dir)
	return errors.Join(os.RemoveAll(c.storeFolder()), os.RemoveAll(filepath.Join(c.dir, "imports")))
}

// noStore says that there is nothing to open.
func (c *config) noStore() error {
	return exitWith(exitStore, fmt.Errorf("there is no store in %s: start one with %s", c.dir, c.commandLine("serve")))
}

func (c *config) markFirstStart() error {
	if marked, err := exists(c.firstStartMark()); marked || err != nil {
		return err
	}
	err := writeWhole(c.firstStartMark(), []byte("The first start has not come to its end. The next muster serve begins it again.\n"))
	reached("mark")
	return err
}

// endFirstStart makes what the first start has made count, durably.
func (c *config) endFirstStart() error {
	if err := os.Remove(c.firstStartMark()); err != nil {
		return err
	}
	return syncFolder(c.dir)
}

// firstStart is what a new store begins with: given in the environment, for automation, or made up.
func firstStart() (store.FirstStart, error) {
	first := store.FirstStart{
		User:         "administrator",
		Password:     preset("ADMIN_PASSWORD", authz.NewPassword),
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
