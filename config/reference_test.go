package config

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The page of what can be configured has every list and every key that is taken, and no other.
func TestReference(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, anywhere := wordsOf(string(page)) // what several lists share is explained once
	told := map[string]string{}
	for _, part := range strings.Split(string(page), "\n## ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		told[name] = text
	}
	for _, k := range kinds() {
		text, ok := told[k.key]
		if !ok {
			t.Errorf("docs/configuration.md has no list %q: say what its keys mean", k.key)
			continue
		}
		delete(told, k.key)
		zero, err := k.json([]byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		first, _ := wordsOf(text)
		for _, key := range keysOf(reflect.TypeOf(zero), nil) {
			if own := slices.Contains(k.fields, key); own && !slices.Contains(first, key) || !slices.Contains(anywhere, key) {
				t.Errorf("docs/configuration.md, %s: the key %q is taken and not explained", k.key, key)
			}
		}
		for _, word := range first {
			if !slices.Contains(k.fields, word) {
				t.Errorf("docs/configuration.md, %s: the key %q is explained and not taken", k.key, word)
			}
		}
	}
	for name := range told {
		t.Errorf("docs/configuration.md explains a list %q that is not taken", name)
	}
}

var keyed = regexp.MustCompile("`([a-z_]+)`")

// wordsOf returns the quoted words in the first column of a list's table, and those anywhere in it.
func wordsOf(text string) (first, all []string) {
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.TrimSpace(cells[1]) == "key" {
			continue
		}
		for _, m := range keyed.FindAllStringSubmatch(cells[1], -1) {
			first = append(first, m[1])
		}
		for _, m := range keyed.FindAllStringSubmatch(line, -1) {
			all = append(all, m[1])
		}
	}
	return first, all
}

// keysOf returns the keys that a definition's YAML may have, those of its parts after their own.
func keysOf(of reflect.Type, out []string) []string {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice || of.Kind() == reflect.Map {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || !strings.HasPrefix(of.PkgPath(), "frontline/") {
		return out
	}
	for i := range of.NumField() {
		if name, _, _ := strings.Cut(of.Field(i).Tag.Get("yaml"), ","); name != "" && name != "-" {
			out = keysOf(of.Field(i).Type, append(out, name))
		}
	}
	return out
}
