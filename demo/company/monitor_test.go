package company

import (
	"strings"
	"testing"
	"time"
)

// One look a second; the rule is that nothing may be decided for 3 s while sessions wait.
func TestJudge(t *testing.T) {
	type looked struct {
		waiting, made float64
		fires         bool
		ends          bool
	}
	tests := map[string][]looked{
		"all is well":        {{0, 1, false, false}, {2, 2, false, false}, {1, 5, false, false}, {0, 9, false, false}, {3, 12, false, false}},
		"nobody comes":       {{0, 1, false, false}, {0, 1, false, false}, {0, 1, false, false}, {0, 1, false, false}, {0, 1, false, false}, {0, 1, false, false}},
		"stopped, and again": {{1, 7, false, false}, {2, 7, false, false}, {3, 7, false, false}, {4, 7, true, false}, {5, 7, true, false}, {5, 8, false, true}, {4, 9, false, false}, {9, 9, false, false}, {9, 9, false, false}, {9, 9, true, false}},
		"a pause":            {{1, 7, false, false}, {2, 7, false, false}, {3, 7, false, false}, {2, 8, false, false}, {2, 8, false, false}, {2, 8, false, false}, {2, 8, true, false}},
	}
	for name, looks := range tests {
		t.Run(name, func(t *testing.T) {
			m := newMonitor("http://127.0.0.1:1", Pace{Stuck: 3 * time.Second, Look: time.Second}, newRecord())
			began := time.Time{}
			for i, l := range looks {
				at := now.Add(time.Duration(i) * time.Second)
				got := m.judge(look{at, l.waiting, l.made})
				fires := len(got) == 1 && got[0].EndsAt.After(at)
				ends := len(got) == 1 && got[0].EndsAt.Equal(at)
				if fires != l.fires || ends != l.ends {
					t.Fatalf("look %d: %+v, want firing %t, ended %t", i, got, l.fires, l.ends)
				}
				if fires && began.IsZero() {
					began = at
				}
				if (fires || ends) && !got[0].StartsAt.Equal(began) {
					t.Errorf("look %d: it began at %v, and says %v", i, began, got[0].StartsAt)
				}
				if ends {
					began = time.Time{}
				}
			}
		})
	}
}

func TestAlertSaysWhatFails(t *testing.T) {
	r := newRecord()
	r.failed("vs-1", []byte(`{}`), errDay)
	a := newMonitor("http://127.0.0.1:1", fast(), r).alert(look{at: now, waiting: 14})
	if say := a.Annotations["description"]; !strings.Contains(say, "14 sessions") || !strings.Contains(say, errDay.Error()) {
		t.Errorf("it says %q", say)
	}
}
