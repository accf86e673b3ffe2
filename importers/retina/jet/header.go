package jet

import (
	"crypto/rc4"
	"math"
)

// The first page. From offsetMasked on a part of it is masked.
const (
	headerBytes    = 0x98
	offsetVersion  = 0x14
	offsetMasked   = 0x18
	offsetCodePage = 0x3c
	offsetKey      = 0x3e // what the other pages are encrypted with; 0 if they are not
	offsetPassword = 0x42
	offsetCreated  = 0x72 // in days, as a Date; Jet 4 masks the password with it once more
)

// unmask lifts the mask that lies over the header of every database: RC4 with one key for all.
func unmask(header *[headerBytes]byte, v Version) {
	masked := header[offsetMasked : offsetMasked+128]
	if v == Jet3 {
		masked = masked[:126]
	}
	cipher, err := rc4.NewCipher([]byte{0xc7, 0xda, 0x39, 0x6b})
	if err != nil {
		return // of a key of four bytes: never
	}
	cipher.XORKeyStream(masked, masked)
}

// hasPassword reports whether the header, unmasked, has a password.
func hasPassword(header *[headerBytes]byte, v Version) bool {
	password, mask := header[offsetPassword:offsetPassword+40], [4]byte{}
	if v == Jet3 {
		password = password[:20]
	} else {
		created := math.Float64frombits(order.Uint64(header[offsetCreated:]))
		if math.Abs(created) < math.MaxInt32 {
			order.PutUint32(mask[:], uint32(int32(created)))
		}
	}
	for i, b := range password {
		if b != mask[i%len(mask)] {
			return true
		}
	}
	return false
}
