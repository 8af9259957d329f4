package privatekey

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const passphrase = "winter"

// TestVectors loads keys that openssl 3.0 made, one of each form; all hold the
// same key but for those that are refused.
func TestVectors(t *testing.T) {
	t.Parallel()
	plain, err := Load(vector(t, "plain.pem"), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, passphrase, refused string }{
		{"plain.pem", "not needed", ""},
		{"pkcs1.pem", "", ""},
		{"aes256.pem", passphrase, ""},
		{"aes128-scrypt.pem", passphrase, ""},
		{"aes256.pem", "summer", "the passphrase does not open it"},
		{"aes128-scrypt.pem", "winter\n", "the passphrase does not open it"},
		{"aes256.pem", "", "there is no passphrase"},
		{"pbes1.pem", passphrase, "PBES1"},
		{"ec.pem", "", "Snowflake logs in with RSA"},
		{"ec-sec1.pem", "", "EC key"},
		{"small.pem", "", "fewer than 2048 bits"},
		{"public.pem", "", "it is a public key"},
	} {
		t.Run(c.file+" "+c.refused, func(t *testing.T) {
			t.Parallel()
			key, err := Load(vector(t, c.file), c.passphrase)
			if c.refused != "" {
				wantRefused(t, err, c.refused)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !key.Equal(plain) {
				t.Error("it is another key than plain.pem")
			}
		})
	}
}

// TestTexts are texts that hold no key.
func TestTexts(t *testing.T) {
	t.Parallel()
	key := string(vector(t, "plain.pem"))
	for name, c := range map[string]struct{ text, refused string }{
		"empty":         {"", "no PEM text"},
		"no PEM":        {"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "no PEM text"},
		"cut":           {key[:len(key)/2], "no PEM text"},
		"other header":  {strings.ReplaceAll(key, "PRIVATE KEY", "SECRET THING"), "its PEM header says SECRET THING"},
		"wrong header":  {strings.ReplaceAll(key, "PRIVATE KEY", "RSA PRIVATE KEY"), "damaged or no key"},
		"as encrypted":  {strings.ReplaceAll(key, "PRIVATE KEY", "ENCRYPTED PRIVATE KEY"), "damaged or no key"},
		"certificate":   {strings.ReplaceAll(key, "PRIVATE KEY", "CERTIFICATE"), "it is a certificate"},
		"odd length":    {oddLength(t), "damaged or no key"},
		"OpenSSH":       {strings.ReplaceAll(key, "PRIVATE KEY", "OPENSSH PRIVATE KEY"), "OpenSSH"},
		"backslash n":   {strings.ReplaceAll(key, "\n", `\n`), "real line ends"},
		"old encrypted": {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "Proc-Type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load([]byte(c.text), passphrase)
			wantRefused(t, err, c.refused)
		})
	}
	if _, err := Load([]byte("Bag Attributes\n"+strings.ReplaceAll(string(vector(t, "public.pem")), "PUBLIC KEY", "CERTIFICATE")+key), ""); err != nil {
		t.Errorf("a key behind a certificate: %v", err)
	}
}

// TestOpenSSL loads what the openssl on this machine makes.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not on PATH; the checked-in vectors stand for it")
	}
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain.pem")
	run := func(args ...string) ([]byte, error) { return exec.Command(openssl, args...).CombinedOutput() }
	if out, err := run("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", plain); err != nil {
		t.Fatalf("genpkey: %v\n%s", err, out)
	}
	for name, c := range map[string]struct {
		args    []string
		refused string
	}{
		"AES-256-CBC PBKDF2": {[]string{"-v2", "aes-256-cbc"}, ""},
		"AES-128-CBC PBKDF2": {[]string{"-v2", "aes-128-cbc"}, ""},
		"AES-256-CBC SHA512": {[]string{"-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"}, "not known here"},
		"AES-256-CBC scrypt": {[]string{"-v2", "aes-256-cbc", "-scrypt"}, ""},
		"AES-128-CBC scrypt": {[]string{"-v2", "aes-128-cbc", "-scrypt"}, ""},
		"PBES1":              {[]string{"-v1", "PBE-SHA1-3DES"}, "PBES1"},
		"not encrypted":      {[]string{"-nocrypt"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "key.p8")
			args := append([]string{"pkcs8", "-topk8", "-in", plain, "-out", path, "-passout", "pass:" + passphrase}, c.args...)
			if out, err := run(args...); err != nil {
				t.Skipf("this openssl does not make it: %v\n%s", err, out)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(text, passphrase)
			if c.refused != "" {
				wantRefused(t, err, c.refused)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, MinBits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	if got, want := Fingerprint(&key.PublicKey), "SHA256:"+base64.StdEncoding.EncodeToString(sum[:]); got != want {
		t.Errorf("fingerprint %s, want %s", got, want)
	}
	if got := PublicText(&key.PublicKey); got != base64.StdEncoding.EncodeToString(der) {
		t.Errorf("public text %s", got)
	}
}

// FuzzLoad: no text makes it panic, and a refusal never repeats the text.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*.pem")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := Load(text, "") // with a passphrase, key derivation would take all the time
		if err == nil && key.N.BitLen() < MinBits {
			t.Errorf("took a key of %d bits", key.N.BitLen())
		}
		var refusal *Error
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("error %T: %v", err, err)
		}
	})
}

// oddLength is an encrypted key whose last byte was lost, lengths mended.
func oddLength(t *testing.T) string {
	t.Helper()
	block, _ := pem.Decode(vector(t, "aes256.pem"))
	var info struct {
		Algorithm asn1.RawValue
		Data      []byte
	}
	if _, err := asn1.Unmarshal(block.Bytes, &info); err != nil {
		t.Fatal(err)
	}
	info.Data = info.Data[1:]
	der, err := asn1.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}))
}

func vector(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// wantRefused wants an *Error with a text in it, that says what to do and holds
// nothing of the key.
func wantRefused(t *testing.T, err error, want string) {
	t.Helper()
	var refusal *Error
	if !errors.As(err, &refusal) {
		t.Fatalf("got %v, want a refusal with %q", err, want)
	}
	if !strings.Contains(refusal.Problem, want) && !strings.Contains(refusal.Mend, want) {
		t.Errorf("got %q, want one with %q", err, want)
	}
	if refusal.Mend == "" || strings.Contains(err.Error(), "MII") {
		t.Errorf("unhelpful or leaking: %v", err)
	}
}
