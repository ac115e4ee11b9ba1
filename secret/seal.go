package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"frontline/fault"
)

// MasterMin is the least number of characters in a master key. It is stretched by no passphrase function, so it must be random.
const MasterMin = 32

// sealed1 begins what Seal writes, so that a later form can be told from it.
const sealed1 = "sealed1:"

// ErrSealed says that something sealed cannot be opened: the master key or the name is another one, or it was altered.
var ErrSealed = errors.New("sealed under another key, or altered")

// CheckMaster returns nil when the master key can seal. setting is how its owner calls it: "FRONTLINE_KEY".
func CheckMaster(setting string, master Text) error {
	if utf8.RuneCountInString(master.value) < MasterMin {
		return fault.Wrong(setting, "%s must hold at least %d random characters. Make one with `openssl rand -hex 32` and keep it where the database's backups are not.", setting, MasterMin)
	}
	return nil
}

// Seal encrypts plain under the master key as text for the database: AES-256-GCM with a random nonce, under a key that HKDF-SHA256
// (RFC 5869) derives for the name. What is sealed under one name cannot be opened under another.
func Seal(master Text, name string, plain []byte) (string, error) {
	box, err := boxFor(master, name)
	if err != nil {
		return "", err
	}
	return sealed1 + base64.RawURLEncoding.EncodeToString(box.Seal(nil, nil, plain, nil)), nil
}

// Open is the reverse of Seal. Its error is ErrSealed.
func Open(master Text, name, sealed string) ([]byte, error) {
	box, err := boxFor(master, name)
	if err != nil {
		return nil, err
	}
	text, ok := strings.CutPrefix(sealed, sealed1)
	if !ok {
		return nil, fmt.Errorf("%w: of an unknown form", ErrSealed)
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	plain, err := box.Open(nil, nil, raw, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return plain, nil
}

func boxFor(master Text, name string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(master.value), nil, "frontline sealed1 "+name, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("use a key: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
