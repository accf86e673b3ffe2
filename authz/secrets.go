package authz

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// MasterKey is the length of a Vault's key in bytes.
const MasterKey = 32

// sealVersion is the first byte of what Seal makes: AES-256-GCM with a random nonce of 96 bits before the ciphertext.
const sealVersion = 1

// ErrSealed is wrapped when sealed bytes cannot be opened: they were damaged, were sealed under another master key,
// or belong to another context. Which one it is cannot be told.
var ErrSealed = errors.New("cannot be opened")

// Vault keeps secrets that must come back in clear: sealed bytes are safe in a backup that lacks the master key.
// It may be used concurrently.
type Vault struct {
	unprintable
	sealing cipher.AEAD
	finding []byte // the key of the fingerprints
	marking []byte // the key of MAC
}

// NewVault returns the vault of a master key, which has to be of MasterKey random bytes. Each purpose has a key of
// its own, derived from the master key by HKDF, and none of them tells about another.
func NewVault(master []byte) (*Vault, error) {
	if len(master) != MasterKey {
		return nil, fmt.Errorf("master key of %d bytes, want %d", len(master), MasterKey)
	}
	sealing, err := hkdf.Key(sha256.New, master, nil, "muster/seal", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the sealing key: %w", err)
	}
	finding, err := hkdf.Key(sha256.New, master, nil, "muster/fingerprint", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the fingerprint key: %w", err)
	}
	marking, err := hkdf.Key(sha256.New, master, nil, "muster/mark", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the marking key: %w", err)
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	return &Vault{sealing: aead, finding: finding, marking: marking}, nil
}

// Seal encrypts plain. The context says where the result belongs, such as "api key of registration 7", and is
// not secret: only Open with the same context succeeds, so sealed bytes cannot be moved to another record. An empty
// one would fit anywhere and is refused.
func (v *Vault) Seal(plain []byte, context string) ([]byte, error) {
	if context == "" {
		return nil, errors.New("seal: no context")
	}
	return v.sealing.Seal([]byte{sealVersion}, nil, plain, additional(context)), nil
}

// Open returns what Seal was given. It returns ErrSealed.
func (v *Vault) Open(sealed []byte, context string) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != sealVersion {
		return nil, fmt.Errorf("%s: %w", context, ErrSealed)
	}
	plain, err := v.sealing.Open(nil, nil, sealed[1:], additional(context))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", context, ErrSealed)
	}
	return plain, nil
}

// additional is authenticated with the ciphertext: the version too, lest a later one be passed off as this one.
func additional(context string) []byte { return append([]byte{sealVersion}, context...) }

// Fingerprint returns 64 hex characters by which a secret can be found again without being stored. Fingerprints of
// one secret for two purposes have nothing in common. Without the master key it can neither be computed nor guessed
// at, so it may stand in an index.
func (v *Vault) Fingerprint(purpose, secret string) string {
	mac := hmac.New(sha256.New, v.finding)
	fmt.Fprintf(mac, "%d %s%s", len(purpose), purpose, secret) // the length keeps purpose and secret apart
	return hex.EncodeToString(mac.Sum(nil))
}

// MAC returns 32 bytes that nobody without the master key can compute of these parts for this purpose. Where one part
// ends and the next begins counts.
func (v *Vault) MAC(purpose string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, v.marking)
	fmt.Fprintf(mac, "%d %s", len(purpose), purpose)
	for _, part := range parts {
		fmt.Fprintf(mac, "%d ", len(part))
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// NewAPIKey returns the key of an ApiKeyPolicy registration: 128 lower-case hex characters, 512 random bits.
func NewAPIKey() string { return hex.EncodeToString(random(64)) }

// ValidAPIKey reports whether key has the form of an API key, in either letter case.
func ValidAPIKey(key string) bool {
	_, err := hex.DecodeString(key)
	return err == nil && len(key) == 128
}

// FoldAPIKey returns the spelling under which a key is fingerprinted.
func FoldAPIKey(key string) string { return strings.ToLower(key) }

// NewClientID returns the public name of an application user: a random GUID, 36 characters.
func NewClientID() string { return uuid.NewString() }

// NewClientSecret returns the secret of an application user: 43 base64url characters, 256 random bits.
func NewClientSecret() string { return base64.RawURLEncoding.EncodeToString(random(32)) }

// NewPassword returns a password for a person to note: 20 base64url characters, 120 random bits.
func NewPassword() string { return NewClientSecret()[:20] }

// HashClientSecret returns a salted SHA-256 of a secret that NewClientSecret made. A slow hash protects passwords
// because people choose guessable ones; 256 random bits cannot be guessed at any speed, and clients send their secret
// with every token call, so a slow one would only slow the server. The salt keeps equal
// secrets from having equal hashes. Never use it for a secret that a person made up: that is a password.
func HashClientSecret(secret string) string { return hashSecret(random(16), secret) }

// CheckClientSecret reports, in constant time, whether hash is of that secret; a malformed hash is of none.
func CheckClientSecret(hash, secret string) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 4 {
		return false
	}
	salt, err := base64.RawURLEncoding.DecodeString(parts[2])
	return err == nil && subtle.ConstantTimeCompare([]byte(hashSecret(salt, secret)), []byte(hash)) == 1
}

func hashSecret(salt []byte, secret string) string {
	sum := sha256.Sum256(append(salt[:len(salt):len(salt)], secret...))
	return "$sha256$" + base64.RawURLEncoding.EncodeToString(salt) + "$" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// random returns n bytes from the system's generator, which never fails.
func random(n int) []byte {
	bytes := make([]byte, n)
	rand.Read(bytes)
	return bytes
}
