package floor

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/golang-jwt/jwt/v5"

	"github.com/musterhq/muster/bench/fleet"
)

// newGinJWT is a bare route of Gin behind a bearer token that is signed with HS256. It answers one asset, whichever is
// asked for.
func newGinJWT() (handler http.Handler, token string, err error) {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, "", err
	}
	token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: "1", Issuer: "ginjwt", ExpiresAt: jwt.NewNumericDate(time.Now().Add(24 * time.Hour)),
	}).SignedString(key)
	if err != nil {
		return nil, "", err
	}
	asset := fleet.Fleet{N: 1}.Asset(0)
	asset.WorkgroupID, asset.AssetID, asset.CreateDate, asset.LastUpdateDate = 1, 1, now(), now()
	body, err := json.Marshal(asset)
	if err != nil {
		return nil, "", err
	}
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	g.Use(bearer(key))
	g.GET(Base+"Assets/:id", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", body) })
	return g, token, nil
}

// bearer lets through whoever has a token that the key has signed.
func bearer(key []byte) gin.HandlerFunc {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	find := func(*jwt.Token) (any, error) { return key, nil }
	return func(c *gin.Context) {
		text, found := strings.CutPrefix(c.GetHeader("Authorization"), "Bearer ")
		var claims jwt.RegisteredClaims
		if _, err := parser.ParseWithClaims(text, &claims, find); !found || err != nil {
			c.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		c.Next()
	}
}

// now is a date as the API writes it.
func now() string { return time.Now().UTC().Format("2006-01-02T15:04:05Z") }
