// Package privatekey reads the RSA private keys that Snowflake's key-pair login
// takes.
//
//	text, err := secret.ReadFile(path) // refuses files that others may read
//	key, err := privatekey.Load(text, passphrase)
//
// Load takes PEM: PKCS#8 plain ("PRIVATE KEY") or encrypted by PBES2 with
// PBKDF2 or scrypt and AES ("ENCRYPTED PRIVATE KEY"), and PKCS#1 plain ("RSA
// PRIVATE KEY"). Everything else is refused with an *Error that says what it is
// and how to make a key of it. Errors never hold a part of the key.
//
// Fingerprint and PublicText are the two forms in which Snowflake shows and
// takes the public half.
package privatekey

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/youmark/pkcs8"
)

// MinBits is the size of the smallest key that Snowflake takes
// (user-guide/key-pair-auth).
const MinBits = 2048

// Error says why a text is no key that can be used, and what to do.
type Error struct {
	Problem string
	Mend    string
}

func (e *Error) Error() string { return "private key: " + e.Problem + "; " + e.Mend }

const (
	mendNew = "make one with: openssl genrsa 2048 | openssl pkcs8 -topk8 -v2 aes-256-cbc -out key.p8"
	mendPEM = "give the whole PEM text, from -----BEGIN PRIVATE KEY----- or -----BEGIN ENCRYPTED PRIVATE KEY----- to its END line"
)

// Load returns the RSA key in a PEM text. The passphrase is for encrypted keys;
// a key that is not encrypted is taken whether there is one or not. Errors are
// an *Error.
func Load(text []byte, passphrase string) (*rsa.PrivateKey, error) {
	block, err := find(text)
	if err != nil {
		return nil, err
	}
	var key crypto.PrivateKey
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		if block.Headers["DEK-Info"] != "" {
			return nil, &Error{"it is encrypted in the old form that began with Proc-Type, whose protection is weak",
				"convert it with: openssl pkcs8 -topk8 -v2 aes-256-cbc -in old.pem -out key.p8"}
		}
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		key, err = decrypt(block.Bytes, passphrase)
	}
	var refusal *Error
	if errors.As(err, &refusal) {
		return nil, refusal
	}
	if err != nil {
		return nil, &Error{"what is inside the PEM block " + block.Type + " is damaged or no key", "copy the file again, unchanged; or " + mendNew}
	}
	return check(key)
}

// find returns the PEM block of the private key. Certificates and parameters
// may stand before it, as openssl writes them.
func find(text []byte) (*pem.Block, error) {
	var other string
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
			return block, nil
		case "EC PRIVATE KEY":
			return nil, notRSA("EC")
		case "DSA PRIVATE KEY":
			return nil, notRSA("DSA")
		case "OPENSSH PRIVATE KEY":
			return nil, &Error{"it is in OpenSSH's own form", "convert a copy of it with: ssh-keygen -p -m PKCS8 -f copy-of-key; or " + mendNew}
		}
		other = block.Type
	}
	switch {
	case strings.HasSuffix(other, "PUBLIC KEY"):
		return nil, &Error{"it is a public key; the private half is needed to log in", "give the file that was made with it, usually key.p8"}
	case strings.Contains(other, "CERTIFICATE"):
		return nil, &Error{"it is a certificate, which holds no private key", "give the private key; " + mendNew}
	case other != "":
		return nil, &Error{"its PEM header says " + other, mendPEM}
	case bytes.Contains(text, []byte(`\n`)) && bytes.Contains(text, []byte("-----BEGIN")):
		return nil, &Error{`its line ends are the two characters \n`, "write real line ends: a YAML block (|), or a file"}
	}
	return nil, &Error{"it is no PEM text", mendPEM}
}

// Object identifiers of RFC 8018: the one scheme that is taken, and the arc of
// the old ones; PKCS#12's schemes (RFC 7292) are as old.
var (
	pbes2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	pkcs5     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5}
	pkcs12PBE = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1}
)

// decrypt opens an EncryptedPrivateKeyInfo (RFC 5958).
func decrypt(der []byte, passphrase string) (crypto.PrivateKey, error) {
	var info struct {
		Algorithm struct {
			ID         asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Data []byte
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	}
	id := info.Algorithm.ID
	switch {
	case id.Equal(pbes2):
	case under(id, pkcs5), under(id, pkcs12PBE):
		return nil, &Error{"it is encrypted by PBES1 (DES, RC2 or 3DES), whose protection is weak",
			"convert it with: openssl pkcs8 -in old.p8 -out plain.pem && openssl pkcs8 -topk8 -v2 aes-256-cbc -in plain.pem -out key.p8, and delete plain.pem"}
	default:
		return nil, &Error{"it is encrypted by an unknown scheme, " + id.String(), mendNew}
	}
	if passphrase == "" {
		return nil, &Error{"it is encrypted and there is no passphrase", "set destination.snowflake.private_key_passphrase, best to a reference such as env:KEY_PASS"}
	}
	key, err := open(der, passphrase)
	if err != nil {
		if errors.Is(err, errDamaged) {
			return nil, err
		}
		if strings.Contains(err.Error(), "unsupported") {
			return nil, &Error{"it is encrypted with a cipher or key derivation that is not known here", "encrypt it with: openssl pkcs8 -topk8 -v2 aes-256-cbc"}
		}
		return nil, &Error{"the passphrase does not open it", "check destination.snowflake.private_key_passphrase: a line end or a space too many counts"}
	}
	return key, nil
}

// open calls the library, which panics when the data or the initialization
// vector of a damaged file have an odd length.
func open(der []byte, passphrase string) (key crypto.PrivateKey, err error) {
	defer func() {
		if recover() != nil {
			err = errDamaged
		}
	}()
	key, _, err = pkcs8.ParsePrivateKey(der, []byte(passphrase))
	return key, err
}

var errDamaged = errors.New("damaged")

func under(id, arc asn1.ObjectIdentifier) bool {
	return len(id) > len(arc) && id[:len(arc)].Equal(arc)
}

func notRSA(kind string) error {
	return &Error{"it is an " + kind + " key; Snowflake logs in with RSA", mendNew}
}

// check takes RSA keys of at least MinBits.
func check(key crypto.PrivateKey) (*rsa.PrivateKey, error) {
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, notRSA("EC or other")
	}
	if k.N.BitLen() < MinBits {
		return nil, &Error{"it is an RSA key of fewer than 2048 bits, which Snowflake refuses", mendNew}
	}
	return k, nil
}

// Fingerprint is how DESC USER shows a public key in RSA_PUBLIC_KEY_FP, and the
// login's JWT names it: "SHA256:" and the base64 digest of its DER form.
func Fingerprint(key *rsa.PublicKey) string {
	sum := sha256.Sum256(der(key))
	return "SHA256:" + base64.StdEncoding.EncodeToString(sum[:])
}

// PublicText is the public key as ALTER USER … SET RSA_PUBLIC_KEY takes it: the
// PEM body without header, footer and line ends.
func PublicText(key *rsa.PublicKey) string { return base64.StdEncoding.EncodeToString(der(key)) }

func der(key *rsa.PublicKey) []byte {
	b, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic("privatekey: an RSA key always marshals: " + err.Error())
	}
	return b
}
