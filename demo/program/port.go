package program

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Ports are taken below the range that Linux hands to outgoing connections (32768 and up), so that no connection of
// another program can sit on one between the moment it is chosen and the moment its program listens.
const lowestPort, highestPort = 12000, 32000

var given = struct {
	sync.Mutex
	port map[int]bool
}{port: map[int]bool{}}

// FreePort returns a loopback port that nobody listens on and that was not returned before.
func FreePort() (int, error) {
	given.Lock()
	defer given.Unlock()
	for range 200 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if given.port[port] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		_ = l.Close()
		given.port[port] = true
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d on the loopback address", lowestPort, highestPort)
}

// FreePorts fills each place with a free port.
func FreePorts(places ...*int) error {
	for _, p := range places {
		port, err := FreePort()
		if err != nil {
			return err
		}
		*p = port
	}
	return nil
}
