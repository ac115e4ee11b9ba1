package exec

import (
	"testing"

	"frontline/fault"
)

// FuzzSettings gives an action's settings any form.
func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"command":["/opt/verity/close-sessions","--all"],"plan":["/opt/verity/close-sessions","--plan"],"dir":"/opt/verity","env":["VERITY_REGION"],"timeout":"5m","grace":"10s","sandbox":"full","read":["/opt/verity"],"write":["/srv/verity"],"network":[443],"limits":{"memory":"1GiB","processes":16,"cpu":"1m"}}`))
	f.Add([]byte(`{"command":[""],"timeout":"-1s"}`))
	f.Add([]byte(`{"command":["x\u0000y"],"env":["A=B","FL_NAME"],"dir":"../x"}`))
	f.Add([]byte(`{"command":"rm -rf /"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := parseSettings(raw)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.Sentence(err) == "" {
				t.Errorf("%s is refused as %s: %v", raw, fault.KindOf(err), err)
			}
			return
		}
		if len(s.Command) == 0 || s.Command[0] == "" || s.Timeout <= 0 || s.Grace < 0 {
			t.Errorf("%s is taken as %+v", raw, s)
		}
	})
}
