package neighbour

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is a certificate authority made for one test process and the certificate that it signed for this machine.
type authority struct {
	pool   *x509.CertPool
	file   string // PEM, for programs that take a file
	server tls.Certificate
}

// newAuthority makes both. The certificate is good for localhost and the loopback addresses, for a day.
func newAuthority(dir string) (*authority, error) {
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Verity test authority"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	rootKey, rootDER, err := sign(root, root, nil)
	if err != nil {
		return nil, err
	}
	leafKey, leafDER, err := sign(leaf, root, rootKey)
	if err != nil {
		return nil, err
	}
	a := &authority{pool: x509.NewCertPool(), file: filepath.Join(dir, "authority.pem"),
		server: tls.Certificate{Certificate: [][]byte{leafDER, rootDER}, PrivateKey: leafKey}}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: rootDER})
	a.pool.AppendCertsFromPEM(text)
	if err := os.WriteFile(a.file, text, 0o644); err != nil {
		return nil, fmt.Errorf("write the authority's certificate: %w", err)
	}
	return a, nil
}

// sign makes a key for the certificate and signs it with the parent's key, or with its own when there is none.
func sign(c, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	if parentKey == nil {
		parentKey = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, fmt.Errorf("sign the certificate of %s: %w", c.Subject.CommonName, err)
	}
	return key, der, nil
}
