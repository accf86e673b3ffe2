package store

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/musterhq/muster/store/record"
)

// Plugin is an external importer that an administrator has pinned: as it described itself then, and the content of its
// file. Only pinned importers are ever started.
type Plugin struct {
	File       string   // Name of the executable, in the folder of plugins.
	ImportType string   // The ImportType that it reads.
	Extensions []string // The usual file name extensions.
	Version    Text     // What it says its version is.
	SHA256     string   // Of the executable, in hex.
	Overrides  bool     // Whether it runs in place of a built-in importer of its type.
}

func (p *Plugin) Validate(*Tx) error {
	if p.Extensions == nil {
		p.Extensions = []string{}
	}
	if strings.ContainsRune(p.File, '/') {
		return Invalid("File: a name without a folder is expected, not %q", p.File)
	}
	if len(p.SHA256) != 64 {
		return Invalid("SHA256: 64 hex characters are expected")
	}
	return cmp.Or(required("File", p.File, 255), required("ImportType", p.ImportType, 64), short("Version", string(p.Version), 64))
}

// PinPlugin pins an external importer, or pins one again whose file has changed. Its type may be built in, or that of
// another plugin, only if override says so: ErrExists otherwise. It returns the file of the plugin that it replaces,
// which is pinned no longer.
func PinPlugin(tx *Tx, p Plugin, builtIn []string, override string) (replaced string, err error) {
	if override != "" && override != p.ImportType {
		return "", Invalid("override: the import type of %s is %s, not %s", p.File, p.ImportType, override)
	}
	p.Overrides = override != ""
	if slices.Contains(builtIn, p.ImportType) && !p.Overrides {
		return "", record.Error(ErrExists, "an importer for %s already exists: it is built in and only replaced if that is asked for, with --override %[1]s", p.ImportType)
	}
	other, err := pluginByType.One(tx, K(p.ImportType), p.ImportType)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return "", err
	case other.File == p.File:
	case !p.Overrides:
		return "", record.Error(ErrExists, "an importer for %s already exists: %s is only replaced if that is asked for, with --override %[1]s", p.ImportType, other.File)
	default:
		replaced = other.File
		if err := Plugins.Delete(tx, other.File); err != nil {
			return "", err
		}
	}
	if known, err := Plugins.Has(tx, p.File); err != nil {
		return "", err
	} else if known {
		return replaced, Plugins.Put(tx, &p)
	}
	return replaced, Plugins.Insert(tx, &p)
}

// ImportTypes returns the ImportTypes that there are importers for, those of plugins among them, in alphabetical order.
func ImportTypes(tx *Tx, builtIn []string) ([]string, error) {
	types := slices.Clone(builtIn)
	for p, err := range Plugins.All(tx) {
		if err != nil {
			return nil, err
		}
		types = append(types, p.ImportType)
	}
	slices.Sort(types)
	return slices.Compact(types), nil
}
