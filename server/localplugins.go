package server

import (
	"net/http"

	"github.com/musterhq/muster/store"
)

// LocalPluginsPath is where the local door pins external importers and says which are pinned.
const LocalPluginsPath = "/muster/plugins"

// LocalPlugins asks the local door to do something about the external importers, and is its answer: what is pinned then.
type LocalPlugins struct {
	Do       LocalPluginAct
	Plugin   store.Plugin // to pin; to unpin, its File is enough
	Override string       `json:",omitempty"` // the type that the pinned one may take from another

	Replaced string          `json:",omitempty"` // the file of the plugin that the pinned one replaced
	Pinned   []*store.Plugin `json:",omitempty"`
	Error    string          `json:",omitempty"`
}

// LocalPluginAct is what is done about the external importers.
type LocalPluginAct string

// What can be done about them.
const (
	ListPlugins LocalPluginAct = "list"
	PinPlugin   LocalPluginAct = "pin"
	UnpinPlugin LocalPluginAct = "unpin"
)

func (s *Server) managePlugins(w http.ResponseWriter, r *http.Request) {
	var ask LocalPlugins
	s.answerLocally(w, r, &ask, &ask.Error, func() (err error) {
		if ask.Do != ListPlugins {
			ask.Replaced, err = store.Update(r.Context(), s.DB, store.System("host"), func(tx *store.Tx) (string, error) {
				return s.changePlugins(tx, ask)
			})
			if err != nil {
				return err
			}
		}
		ask.Pinned, err = store.View(r.Context(), s.DB, store.System("host"), pinned)
		return err
	})
}

// changePlugins pins or unpins one and returns the file of the one that it replaces.
func (s *Server) changePlugins(tx *store.Tx, ask LocalPlugins) (replaced string, err error) {
	switch ask.Do {
	case PinPlugin:
		return store.PinPlugin(tx, ask.Plugin, s.Importers, ask.Override)
	case UnpinPlugin:
		return "", store.Plugins.Delete(tx, ask.Plugin.File)
	}
	return "", store.Invalid("%q cannot be done about plugins", ask.Do)
}

func pinned(tx *store.Tx) (all []*store.Plugin, err error) {
	for p, err := range store.Plugins.All(tx) {
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}
