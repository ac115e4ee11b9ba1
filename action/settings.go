package action

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"frontline/fault"
)

// Duration is a setting written as Go writes durations: "5m". One that cannot be read is negative, so that the kind's own bounds name the
// setting.
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		v = -1
	}
	*d = Duration(v)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

var unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)

// ReadSettings reads the settings of a kind into a struct, whose JSON names are the settings that there are. Faults name the setting; no value,
// which may be a secret, is repeated.
func ReadSettings(kind string, raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	d.UseNumber()
	err := d.Decode(into)
	if err == nil {
		return nil
	}
	known := settingsOf(reflect.TypeOf(into).Elem())
	if m := unknownField.FindStringSubmatch(err.Error()); m != nil {
		return fault.Wrong(m[1], "There is no setting %.60s here. %s knows %s.", m[1], kind, strings.Join(known, ", "))
	}
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
		name := settingAt(wrong.Field, known)
		return fault.Wrong(name, "The setting %s does not take a JSON %s. Give it as the documentation of %s shows.", name, wrong.Value, kind)
	}
	return fault.Wrap(err, fault.Invalid, "The settings of %s are a table of names and values. Write them as the documentation shows.", kind)
}

// settingsOf lists the names of settings in their order.
func settingsOf(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			names = append(names, settingsOf(f.Type)...)
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// settingAt is the path of a setting without the structs that only keep settings together in the code.
func settingAt(path string, known []string) string {
	parts := strings.Split(path, ".")
	for i, p := range parts {
		if slices.Contains(known, p) {
			return strings.Join(parts[i:], ".")
		}
	}
	return path
}

// Digest identifies what was asked: settings and inputs, however their JSON is laid out. A plan remembers it for Do to compare.
func (c Call) Digest() (string, error) {
	var settings any
	d := json.NewDecoder(bytes.NewReader(c.Settings))
	d.UseNumber()
	if err := d.Decode(&settings); err != nil {
		return "", fmt.Errorf("read the settings: %w", err)
	}
	b, err := json.Marshal([]any{settings, c.Inputs})
	if err != nil {
		return "", fmt.Errorf("digest the call: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}
