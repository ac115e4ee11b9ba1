// Package client talks. // want "too short to say what the package answers"
package client
