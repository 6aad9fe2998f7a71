package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// TLS makes the server speak TLS and nothing else, with a certificate that only
// [Server.TLSConfig] trusts, and take only clients that show one of the same
// authority.
func TLS() Option {
	return func(s *Server) { s.secure = &identity{dir: s.dir} }
}

// TLSConfig returns what clients of the server need to connect; nil without [TLS].
func (s *Server) TLSConfig() *tls.Config {
	if s.secure == nil {
		return nil
	}
	return s.secure.client.Clone()
}

// identity is a certificate for both ends, and the authority that signed it.
type identity struct {
	dir    string
	client *tls.Config
}

func (i *identity) path(name string) string { return filepath.Join(i.dir, "redistest-"+name+".pem") }

func (i *identity) args() []string {
	return []string{
		"--tls-cert-file", i.path("cert"), "--tls-key-file", i.path("key"), "--tls-ca-cert-file", i.path("authority"),
	}
}

// issue makes the certificates and writes them where the server finds them.
func (i *identity) issue() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	authority := template(1)
	authority.IsCA, authority.BasicConstraintsValid, authority.KeyUsage = true, true, x509.KeyUsageCertSign
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, &key.PublicKey, key)
	if err != nil {
		return fmt.Errorf("make the authority: %w", err)
	}
	// The authority's own key does for the test's certificate, too.
	leaf := template(2)
	leaf.IPAddresses, leaf.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, key)
	if err != nil {
		return fmt.Errorf("make the certificate: %w", err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		i.write("authority", "CERTIFICATE", authorityDER),
		i.write("cert", "CERTIFICATE", leafDER),
		i.write("key", "EC PRIVATE KEY", keyDER),
		i.load(),
	)
}

func template(serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: fmt.Sprintf("redistest %d", serial)},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
}

func (i *identity) write(name, kind string, der []byte) error {
	return os.WriteFile(i.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// load makes the clients' configuration of what was written.
func (i *identity) load() error {
	cert, err := tls.LoadX509KeyPair(i.path("cert"), i.path("key"))
	if err != nil {
		return err
	}
	authority, err := os.ReadFile(i.path("authority"))
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	i.client = &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	return nil
}
