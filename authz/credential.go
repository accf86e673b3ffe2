package authz

// Credential is what a door found in a request, unchecked. Beside the Cookie at most one of the others is there: a client
// that signed in may send its header again.
type Credential struct {
	unprintable
	Cookie string  // A JWT out of the session cookie; empty if there is none.
	Token  string  // A JWT out of a header or a query; empty if there is none.
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
