package lab

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store"
)

// Credential is a password in the file, or where it is read from when the file is loaded. It is hashed or encrypted at once.
type Credential struct {
	Password     *string // The password.
	PasswordEnv  *string // Name of an environment variable that holds it, instead.
	PasswordFile *string // Name of a file that holds it, relative to the lab file, instead.
}

// keep stores the password unless it is the one that is stored.
func (w *Credential) keep(p *loader, at placed, what string, is func(string) (bool, error), set func(string) error) error {
	if n := len(*w.Password); n == 0 || n > authz.MaxPassword {
		return store.Invalid("Password: %v", authz.ErrPassword)
	}
	same, err := is(*w.Password)
	if err != nil || same {
		return err
	}
	p.say(at, edit, what, "Password")
	return set(*w.Password)
}

// Source is where the value of a member lies outside the file: PasswordEnv DEMO, PasswordFile olga.txt.
type Source struct{ Kind, Name string }

// The Kinds of a Source.
const (
	FromEnvironment = "Env"
	FromFile        = "File"
)

// Sources lists what the file wants to be read.
func (f *File) Sources() (all []Source) {
	f.eachSource(func(_ *Place, _ string, s Source, _ **string) error {
		all = append(all, s)
		return nil
	})
	return all
}

// Resolve gives the members their values that lie outside the file.
func (f *File) Resolve(values func(Source) (string, error)) error {
	return f.eachSource(func(at *Place, member string, s Source, value **string) error {
		if *value != nil {
			return at.wrong(fmt.Errorf("%s: there is %s too, and only one of them is expected", member, strings.TrimSuffix(member, s.Kind)))
		}
		found, err := values(s)
		if err != nil {
			return at.wrong(fmt.Errorf("%s: %w", member, err))
		}
		*value = &found
		return nil
	})
}

// eachSource calls fn for every member that says where the value of another lies.
func (f *File) eachSource(fn func(at *Place, member string, s Source, value **string) error) error {
	return walk(f, func(item placed) error {
		v := reflect.ValueOf(item).Elem()
		for _, m := range membersOf(v.Type()) {
			for _, kind := range []string{FromEnvironment, FromFile} {
				name, of := strings.CutSuffix(m.Name, kind)
				value := v.FieldByName(name)
				given, isText := v.FieldByIndex(m.Index).Interface().(*string)
				if !of || name == "" || !value.IsValid() || !isText || given == nil {
					continue
				}
				if err := fn(item.place(), m.Name, Source{kind, *given}, value.Addr().Interface().(**string)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// walk visits an item and all that lie within it.
func walk(item placed, visit func(placed) error) error {
	if err := visit(item); err != nil {
		return err
	}
	v := reflect.ValueOf(item).Elem()
	for _, m := range membersOf(v.Type()) {
		field := v.FieldByIndex(m.Index)
		if field.Kind() != reflect.Slice || field.Type() == namesType || field.Type() == entriesType {
			continue
		}
		for i := range field.Len() {
			if err := walk(field.Index(i).Interface().(placed), visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// Read reads a value from the environment, or from a file beside the lab file, of which a line end at the end is dropped.
func (s Source) Read(folder string) (string, error) {
	if s.Kind == FromEnvironment {
		value, ok := os.LookupEnv(s.Name)
		if !ok {
			return "", fmt.Errorf("the environment has no %s", s.Name)
		}
		return value, nil
	}
	name := s.Name
	if !filepath.IsAbs(name) {
		name = filepath.Join(folder, name)
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return "", errors.Join(err, fmt.Errorf("%s is not a file", s.Name))
	}
	text, err := io.ReadAll(io.LimitReader(f, authz.MaxPassword+3))
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}
