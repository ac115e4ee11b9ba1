package app

import (
	"context"

	"frontline/desk"
	"frontline/job"
	"frontline/privacy"
)

// wirePrivacy makes what says what is held about a person, and takes it away.
func (a *App) wirePrivacy(context.Context) error {
	a.desk.KeepWords = a.settings.KeepRequests
	a.privacy = &privacy.Service{DB: a.db, Copies: a.db, Now: a.db.Now, Forget: a.desk.Forget}
	return nil
}

// privacyHandlers carry out erasures, and let words go that were kept long enough.
func (a *App) privacyHandlers() []job.Handler {
	forget := desk.Retention{Memory: a.db, Book: bookAs[desk.Directory](a), Keep: a.settings.KeepRequests, Now: a.db.Now, Forget: a.desk.Forget}
	return append(a.privacy.Handlers(), desk.JobForgetWords().Handle(forget.Run))
}
