package program

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestMissingProgramNamesItsPackage shows what a person reads when a neighbour is not installed.
func TestMissingProgramNamesItsPackage(t *testing.T) {
	_, err := Find("rabbitmq-server", "no-such-program", "/no/such/*/file")
	if err == nil || !strings.Contains(err.Error(), "apt-get install rabbitmq-server") {
		t.Errorf("it says %v", err)
	}
}

// TestFailingProgramShowsItsLog shows why a program did not start.
func TestFailingProgramShowsItsLog(t *testing.T) {
	s := Program{Name: "shell", Path: "/bin/sh", Args: []string{"-c", "echo the disk is full; exit 3"}, Dir: t.TempDir()}
	p, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	err = p.Until(t.Context(), 20*time.Second, Listening(1))
	if err == nil || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("it says %v", err)
	}
}

// TestFreePorts are not given twice.
func TestFreePorts(t *testing.T) {
	seen := map[int]bool{}
	for range 100 {
		port, err := FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if seen[port] {
			t.Fatalf("port %d was given twice", port)
		}
		seen[port] = true
	}
}

// TestKillEndsTheChildrenToo looks right after the kill: a child that left the program's group has ended as well.
func TestKillEndsTheChildrenToo(t *testing.T) {
	s := Program{Name: "shell", Path: "/bin/sh", Args: []string{"-c", "setsid sleep 300 & setsid sleep 300 & wait"}, Dir: t.TempDir()}
	p, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	var children []int
	err = p.Until(t.Context(), 30*time.Second, func(context.Context) error {
		if children = Children(p.PID()); len(children) < 2 {
			return fmt.Errorf("%d children", len(children))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Kill()
	for _, pid := range children {
		if s := state(pid); s != "" && s != "Z" {
			t.Errorf("process %d runs on", pid)
		}
	}
}
