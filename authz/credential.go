package authz

// Credential is what a door found in a request, unchecked. A client that signed in may send both: the Token of its
// session, and its PS-Auth header again.
type Credential struct {
	unprintable
	Token  string  // A JWT out of a cookie, a Bearer header or a query; empty if there is none.
	PSAuth *PSAuth // Nil if there is none.
	Client *Client // Nil if there is none.
}

// Client is an Application user's ClientID and ClientSecret, sent with a request instead of a token.
type Client struct {
	unprintable
	ID, Secret string
}

// IsZero reports whether the request carried no credential at all.
func (c Credential) IsZero() bool { return c == Credential{} }
