package api

import (
	"errors"
	"net/http"
	"strings"
)

// ErrCrossSite refuses what a page of another site has a browser send with the cookie that the browser holds for this one.
var ErrCrossSite = errors.New("the request comes from a page of another site; with a cookie, only this server's own pages may call")

// NewCrossSite returns the check for a server that trusts its own pages and those of the given origins.
func NewCrossSite(origins []string) (*http.CrossOriginProtection, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range origins {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	return protection, nil
}

// checkSite returns ErrCrossSite for a request that another site's page may have made without its user's knowledge.
// Only a browser's own cookies make that possible; clients that send their credential in a header are not looked at,
// whatever Origin they give. It holds for all methods: a GET that only reads keeps a session alive, some leave audits
// or ask a directory, and which of them do is not for this check to know.
func (d *mountedAPI) checkSite(r *http.Request) error {
	if d.CrossSite == nil || r.Header.Get("Cookie") == "" || isDeliberate(r.Header.Get("Authorization")) {
		return nil
	}
	asked := *r
	asked.Method = http.MethodPost // CrossOriginProtection lets methods pass that should be safe
	if d.CrossSite.Check(&asked) != nil {
		return ErrCrossSite
	}
	return nil
}

// isDeliberate reports whether an Authorization header is one that a program sets. Those of the schemes below browsers
// add by themselves.
func isDeliberate(authorization string) bool {
	scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(authorization)), " ")
	switch scheme {
	case "", "basic", "digest", "negotiate", "ntlm":
		return false
	}
	return true
}
