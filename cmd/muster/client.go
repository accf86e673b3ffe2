package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
)

// client speaks to the local door: of the server that runs on the store, else of one that this process opens.
type client struct {
	http  *http.Client
	token string
	here  bool // the store is open in this process, and closed with the client
	close func() error
}

// connect reaches the local door.
func (c *config) connect(ctx context.Context) (*client, error) {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", c.socket())
	}
	conn, err := dial(ctx, "", "")
	if err == nil {
		conn.Close()
		return &client{http: &http.Client{Transport: &http.Transport{DialContext: dial}}, close: func() error { return nil }}, nil
	}
	if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
		return nil, err
	}
	return c.connectHere(ctx)
}

// with reaches the local door for as long as do takes.
func (c *config) with(ctx context.Context, do func(*client) error) (err error) {
	reached, err := c.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reached.close()) }()
	return do(reached)
}

// connectHere opens the store in this process and runs what the server would.
func (c *config) connectHere(ctx context.Context) (*client, error) {
	if _, err := os.Stat(c.dir); err != nil {
		return nil, c.noStore()
	}
	i, err := c.open(ctx, false, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	l, err := c.listenLocal()
	if err != nil {
		return nil, errors.Join(err, i.close())
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- i.server.Serve(serving, server.Listeners{Local: l}) }()
	reached, err := c.connect(ctx)
	if err != nil {
		stop()
		return nil, errors.Join(err, <-done, i.close())
	}
	reached.here = true
	reached.close = func() error {
		stop()
		return errors.Join(<-done, i.close())
	}
	return reached, nil
}

// signIn gets a token for a user; it lives as long as a token made on the host may.
func (c *client) signIn(ctx context.Context, user string, hours int) (string, error) {
	var answer server.LocalToken
	err := c.post(ctx, server.LocalTokenPath, server.LocalToken{User: user, Hours: hours}, &answer)
	return answer.Token, err
}

// administer does what the API cannot, to a user or to what is named for one, and reports whether that changed anything.
func (c *client) administer(ctx context.Context, act server.LocalAct, user string) (changed bool, err error) {
	var answer server.LocalAdmin
	err = c.post(ctx, server.LocalAdminPath, server.LocalAdmin{User: user, Do: act}, &answer)
	return answer.Changed, err
}

// credentials asks what callers sign in with, or makes some of it new.
func (c *client) credentials(ctx context.Context, ask server.LocalCredentials) (answer server.LocalCredentials, err error) {
	err = c.post(ctx, server.LocalCredentialsPath, ask, &answer)
	return answer, err
}

// managePlugins asks about the external importers, or changes which are pinned.
func (c *client) managePlugins(ctx context.Context, ask server.LocalPlugins) (answer server.LocalPlugins, err error) {
	err = c.post(ctx, server.LocalPluginsPath, ask, &answer)
	return answer, err
}

// get calls an endpoint below the base of the API.
func (c *client) get(ctx context.Context, path string, answer any) error {
	return c.do(ctx, http.MethodGet, insight.Base+path, nil, answer)
}

func (c *client) post(ctx context.Context, path string, body, answer any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, bytes.NewReader(b), answer)
}

func (c *client) do(ctx context.Context, method, path string, body io.Reader, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, "http://muster"+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	got, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return err
	}
	if got.StatusCode >= http.StatusBadRequest {
		return refusal(got, text)
	}
	return json.Unmarshal(text, answer)
}

// refusal is the error that an answer is: of the API a text, of the local door a member. What is not found has its exit code.
func refusal(got *http.Response, text []byte) error {
	reason, local := "", struct{ Error string }{}
	if json.Unmarshal(text, &reason) != nil && json.Unmarshal(text, &local) == nil {
		reason = local.Error
	}
	if reason == "" {
		reason = got.Status
	}
	err := errors.New(reason)
	if got.StatusCode == http.StatusNotFound {
		err = exitWith(exitNotFound, err)
	}
	return err
}
