package rabbitmq

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// traps says which test shows that we do not fall into what RabbitMQ has ready for those who take messages out by hand.
var traps = map[string]string{
	"a classic queue keeps its order however messages are given back":         "TestConformance",
	"a quorum queue keeps it only for one consumer, and as a whole":           "TestOrderOfWhatWasGivenBackBefore",
	"every look costs a delivery, and the last one a message":                 "TestPeekEndsNoMessage",
	"a run costs the others one delivery at most":                             "TestMatchingCostsOneDelivery",
	"a message goes round between live consumers":                             "TestPoisonedMessageAmongLiveConsumers",
	"a single active consumer lets nobody else in, before 4.0":                "TestRefusals",
	"a message hangs in a consumer, where nobody sees it":                     "TestHungConsumer",
	"a full queue drops its head while it is held":                            "TestRefusals",
	"a full queue that rejects drops nothing":                                 "TestFullQueueThatRejects",
	"messages expire while they are held":                                     "TestRefusals",
	"an auto-delete queue goes with its last consumer, with all its messages": "TestQueuesThatNeedCare",
	"an exclusive consumer refuses others":                                    "TestQueuesThatNeedCare",
	"a replay with the original user-id closes the channel":                   "TestReplay",
	"a replay with CC sends copies once more":                                 "TestReplay",
	"a replay that no queue takes is lost":                                    "TestReplayRefusals",
	"nothing can be taken out of a stream":                                    "TestPeekRefuses",
	"the process is killed at any step":                                       "TestKilled",
	"the connection breaks around the acknowledgement":                        "TestConnectionBreaksAtTheAcknowledgement",
	"the broker restarts between copy and removal":                            "TestBrokerRestartsBetweenCopyAndRemoval",
	"somebody else holds what was copied":                                     "TestVerdictIsUnknownWhileSomebodyHolds",
	"a broker's report can be from before the run":                            "TestFlow",
	"of many acknowledgements the last are lost when the channel closes":      "TestManyAtOnce",
	"the process is killed while several consumers hold":                      "TestKilledBetweenConsumers",
	"every message is accounted for after any kill":                           "TestKills",
	"identical messages":                                                      "TestTwins",
	"JSON loses the types of headers":                                         "TestEnvelopeTakesEveryType",
	"nack does not count since 4.3, and delayed retry changes the order":      "TestPreflight",
	"20,000 messages":                                 "TestLongQueue",
	"without permission nothing stays held":           "TestForbidden",
	"a busy broker says that a healthy queue is down": "TestDownForAMoment",
}

// TestTrapsHaveTheirTests finds each test of the table in this folder.
func TestTrapsHaveTheirTests(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		must(t, err)
		all.Write(b)
	}
	for trap, test := range traps {
		if !strings.Contains(all.String(), "func "+test+"(t *testing.T)") {
			t.Errorf("%s: there is no %s", trap, test)
		}
	}
}
