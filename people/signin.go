package people

import (
	"time"

	"frontline/secret"
)

// PasswordMin is the least number of characters in a password.
const PasswordMin = 12

// Session is a person signed in with a browser. Its token is known only where it was made and in the browser's cookie;
// the database keeps its hash.
type Session struct {
	Token  secret.Text // set by the call that begins the session, empty afterwards
	Person Person
	Until  time.Time
}

// Token is an API token as its owner sees it. Its value is shown once, when it is made.
type Token struct {
	ID    string
	Name  string    // what its owner called it: "laptop", "terraform"
	Hint  string    // the first characters of its value, to tell it from others
	Made  time.Time // when it was made
	Used  time.Time // when it was last used, to the hour; zero when never
	Until time.Time // when it ends; zero when it does not
}
