package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"filippo.io/age"
	"golang.org/x/term"
)

// lock is what a backup is sealed with, and opened again.
type lock struct {
	passphraseFile string
	to             []string // recipients
	identityFile   string
	plain          bool
}

// recipients returns what to encrypt to, none for a plain backup.
func (l *lock) recipients(ask io.Writer) ([]age.Recipient, error) {
	if l.plain {
		if l.passphraseFile != "" || len(l.to) > 0 {
			return nil, usageError("--plain: neither --passphrase-file nor --recipient is expected beside it")
		}
		return nil, nil
	}
	var all []age.Recipient
	for _, key := range l.to {
		r, err := age.ParseRecipients(strings.NewReader(key))
		if err != nil {
			return nil, usageError("--recipient %q: %w", key, err)
		}
		all = append(all, r...)
	}
	if len(all) > 0 {
		if l.passphraseFile != "" {
			return nil, usageError("--recipient: no --passphrase-file is expected beside it")
		}
		return all, nil
	}
	passphrase, err := l.passphrase(ask, true)
	if err != nil {
		return nil, err
	}
	r, err := age.NewScryptRecipient(passphrase)
	return []age.Recipient{r}, err
}

// identities returns what opens an encrypted backup.
func (l *lock) identities(ask io.Writer) ([]age.Identity, error) {
	if l.identityFile != "" {
		text, err := os.ReadFile(l.identityFile)
		if err != nil {
			return nil, err
		}
		all, err := age.ParseIdentities(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: no identity of age", l.identityFile) // its text might quote the key
		}
		return all, nil
	}
	passphrase, err := l.passphrase(ask, false)
	if err != nil {
		return nil, err
	}
	i, err := age.NewScryptIdentity(passphrase)
	if err == nil {
		i.SetMaxWorkFactor(22)
	}
	return []age.Identity{i}, err
}

// passphrase reads the passphrase of the file, the environment or a terminal, there twice if it is a new one.
func (l *lock) passphrase(ask io.Writer, isNew bool) (string, error) {
	given := os.Getenv(environmentName("passphrase"))
	if l.passphraseFile != "" {
		f, err := os.Open(l.passphraseFile)
		if err != nil {
			return "", err
		}
		defer f.Close()
		line, err := bufio.NewReader(io.LimitReader(f, 4<<10)).ReadString('\n')
		if err != nil && err != io.EOF {
			return "", err
		}
		given = strings.TrimRight(line, "\r\n")
	}
	if given != "" {
		return given, nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) || l.passphraseFile != "" {
		return "", errors.New("there is no passphrase: give --passphrase-file or MUSTER_PASSPHRASE")
	}
	return askPassphrase(ask, isNew)
}

func askPassphrase(ask io.Writer, isNew bool) (string, error) {
	fmt.Fprint(ask, "Passphrase of the backup: ")
	first, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(ask)
	if err != nil || !isNew {
		return string(first), err
	}
	fmt.Fprint(ask, "And again: ")
	second, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(ask)
	switch {
	case err != nil:
		return "", err
	case len(first) == 0:
		return "", errors.New("the passphrase is empty")
	case !bytes.Equal(first, second):
		return "", errors.New("the two are not the same")
	}
	return string(first), nil
}
