package directory

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Cloud is where a cloud of Entra ID is asked, without a slash at the end.
type Cloud struct {
	SignIn string // where tokens are made
	Graph  string
}

// Clouds returns the endpoints of the clouds by their names in the API. The map is the caller's.
func Clouds() map[string]Cloud {
	return map[string]Cloud{
		"AzurePublic":       {SignIn: "https://login.microsoftonline.com", Graph: "https://graph.microsoft.com"},
		"AzureUsGovernment": {SignIn: "https://login.microsoftonline.us", Graph: "https://graph.microsoft.us"},
	}
}

// Bounds of an answer of Graph, and of the patience with it.
const (
	maxGraphPage = 16 << 20 // bytes
	maxTries     = 5
)

// graph is a tenant of Entra ID and the token for it.
type graph struct {
	client *Client
	config Config
	cloud  Cloud
	token  string
}

// graphClient is the HTTP client for Entra ID: it goes only where it may, follows nothing and uses no proxy.
func (c *Client) graphClient() *http.Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, target string) (net.Conn, error) {
			host, port, err := splitPort(target)
			if err != nil {
				return nil, err
			}
			return c.dial(ctx, host, port, "")
		},
		TLSClientConfig:        &tls.Config{RootCAs: c.Roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    c.Dial,
		ResponseHeaderTimeout:  c.Ask,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
	}
	return &http.Client{
		Transport: transport, Timeout: c.Dial + 2*c.Ask,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (c *Client) openGraph(ctx context.Context, config Config) (source, error) {
	cloud, known := c.Clouds[cmp.Or(config.Cloud, "AzurePublic")]
	if !known || strings.Trim(strings.ToLower(config.Host), "abcdefghijklmnopqrstuvwxyz0123456789.-") != "" {
		return nil, fmt.Errorf("find the tenant: %w", ErrNotFound)
	}
	g := &graph{client: c, config: config, cloud: cloud}
	token, err := g.signInWith(ctx, url.Values{"grant_type": {"client_credentials"}, "scope": {cloud.Graph + "/.default"}})
	g.token = token
	return g, err
}

// signInWith asks for a token, with the application's own credential beside the given values.
func (g *graph) signInWith(ctx context.Context, form url.Values) (string, error) {
	form.Set("client_id", g.config.Account)
	form.Set("client_secret", g.config.Secret)
	var answer struct {
		Token string `json:"access_token"`
	}
	err := g.ask(ctx, "get a token", func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.cloud.SignIn+"/"+g.config.Host+"/oauth2/v2.0/token", strings.NewReader(form.Encode()))
		if err == nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return r, err
	}, &answer)
	if err == nil && answer.Token == "" {
		err = fmt.Errorf("get a token: %w: the answer has none", ErrRefused)
	}
	return answer.Token, err
}

// get asks Graph for something.
func (g *graph) get(ctx context.Context, step, address string, into any) error {
	return g.ask(ctx, step, func() (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err == nil {
			r.Header.Set("Authorization", "Bearer "+g.token)
		}
		return r, err
	}, into)
}

// ask sends a request, again if it is told to wait and the time allows, and reads the answer.
func (g *graph) ask(ctx context.Context, step string, make func() (*http.Request, error), into any) error {
	for range maxTries {
		request, err := make()
		if err != nil {
			return fmt.Errorf("%s: %w: no address", step, ErrRefused)
		}
		response, err := g.client.http.Do(request)
		if err != nil {
			return fmt.Errorf("%s: %w", step, connecting(err))
		}
		wait, err := read(response, into)
		if wait == 0 {
			if err != nil {
				err = fmt.Errorf("%s: %w", step, err)
			}
			return err
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
			return fmt.Errorf("%s: %w: it asks to wait %s, longer than there is time", step, ErrUnreachable, wait)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w: %w", step, ErrUnreachable, context.Cause(ctx))
		case <-time.After(wait):
		}
	}
	return fmt.Errorf("%s: %w: it asked to wait %d times", step, ErrUnreachable, maxTries)
}

// connecting words the error of a request that got no answer. The address in it, which names the tenant, is left out.
func connecting(err error) error {
	if failed, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("the server %w: %w", ErrCertificate, failed.Err)
	}
	if failed, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Errorf("the server %w: %w", ErrCertificate, failed)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	if errors.Is(err, ErrForbiddenDestination) || errors.Is(err, ErrUnreachable) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, reason(err))
}

// read takes an answer up, or says how long to wait before the next try.
func read(response *http.Response, into any) (wait time.Duration, err error) {
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxGraphPage+1))
	switch {
	case err != nil:
		return 0, fmt.Errorf("%w: the answer broke off", ErrUnreachable)
	case len(body) > maxGraphPage:
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooMany, maxGraphPage)
	case response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable:
		return retryAfter(response.Header.Get("Retry-After"), time.Now()), nil
	case response.StatusCode != http.StatusOK:
		return 0, refusal(response.StatusCode, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return 0, fmt.Errorf("%w: the answer is not what was asked for", ErrRefused)
	}
	return 0, nil
}

// retryAfter reads how long to wait: seconds, or a moment; a second if it is not said.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 && seconds < 86_400 {
		return max(time.Duration(seconds)*time.Second, time.Millisecond)
	}
	if moment, err := http.ParseTime(text); err == nil {
		return max(moment.Sub(now), time.Millisecond)
	}
	return time.Second
}

// refusal words an answer that is an error: its status, and its code if that is a mere word.
func refusal(status int, body []byte) error {
	var answer struct{ Error json.RawMessage }
	var code string
	if json.Unmarshal(body, &answer) == nil && json.Unmarshal(answer.Error, &code) != nil {
		var nested struct{ Code string }
		if json.Unmarshal(answer.Error, &nested) == nil {
			code = nested.Code
		}
	}
	if len(code) > 64 || strings.Trim(strings.ToLower(code), "abcdefghijklmnopqrstuvwxyz_") != "" {
		code = ""
	}
	kind := ErrRefused
	switch {
	case status == http.StatusNotFound:
		kind = ErrNotFound
	case status == http.StatusUnauthorized, code == "invalid_client", code == "unauthorized_client", code == "invalid_grant":
		kind = ErrCredential
	case status >= http.StatusInternalServerError:
		kind = ErrUnreachable
	}
	return fmt.Errorf("%w (%s)", kind, strings.TrimSpace(strconv.Itoa(status)+" "+code))
}
