package neighbour

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"frontline/demo/program"
)

// Browser is one tab of a headless Chromium with cookies and storage of its own, as a person's private window. Its methods
// fail the test when something does not happen within Patience.
type Browser struct {
	Context  context.Context // for chromedp itself
	Patience time.Duration   // 60 s unless changed

	t    testing.TB
	mu   sync.Mutex
	said []string
}

// sharedChromium starts one browser process. Without the flags after "no-first-run" it would look for its maker's
// servers at every start.
var sharedChromium = sync.OnceValues(func() (context.Context, error) {
	path, err := program.Find("chromium", "chromium")
	if err != nil {
		return nil, err
	}
	profile, err := ours.folder("chromium")
	if err != nil {
		return nil, err
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path),
		chromedp.UserDataDir(profile), chromedp.Env("TMPDIR="+profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocator, freeAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	browser, closeBrowser := chromedp.NewContext(allocator)
	if err := chromedp.Do(browser); err != nil {
		freeAllocator()
		return nil, err
	}
	ours.atEnd(func() { closeBrowser(); freeAllocator() })
	return browser, nil
})

// Chromium opens a private window of the browser that the tests of this process share, as wide as a desktop's. Each
// call is another person.
func Chromium(t testing.TB) *Browser {
	t.Helper()
	Need(t)
	shared, err := sharedChromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, closeWindow := chromedp.NewContext(shared, chromedp.WithNewBrowserContext())
	t.Cleanup(closeWindow)
	b := &Browser{Context: ctx, Patience: 60 * time.Second, t: t}
	must(t, chromedp.Do(ctx))
	b.listen()
	b.Desktop()
	return b
}

// listen collects what the page complains about: exceptions, refused content, failed requests.
func (b *Browser) listen() {
	messages := chromedp.Console(b.Context)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" || m.Type == "warning" || m.Type == "assert" {
				b.mu.Lock()
				b.said = append(b.said, m.String()+" ("+m.URL+")")
				b.mu.Unlock()
			}
		}
	}()
}

// Complaints returns the errors and warnings that pages wrote to the console, a refused script or style included.
func (b *Browser) Complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}

// Do runs steps of chromedp.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.on("the page", steps...)
}

// on runs steps about one element, which it names when they do not come to an end.
func (b *Browser) on(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, b.Patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("browser at %s: %s: %v", b.location(), what, err)
	}
}

// ask runs one action that answers something.
func ask[T any](b *Browser, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.Context, b.Patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatalf("browser at %s: %v", b.location(), err)
	}
	return answer
}

func (b *Browser) location() string {
	ctx, cancel := context.WithTimeout(b.Context, 10*time.Second)
	defer cancel()
	url, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "an unknown place"
	}
	return url
}

// Open goes to the URL and waits until the page has loaded.
func (b *Browser) Open(url string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(url))
}

// URL returns where the tab is.
func (b *Browser) URL() string {
	b.t.Helper()
	return ask(b, chromedp.Location())
}

// Click waits for the element that the CSS selector names to be visible and in nobody's way, and clicks it, as a person does: they scroll it out
// from under what lies over the screen.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	at := chromedp.CSS(selector)
	b.on(selector, chromedp.WaitVisible(at))
	b.bare(selector)
	b.on(selector, chromedp.Click(at))
}

// inReach scrolls an element to the middle of the window and says what would get a click on it: nothing when that is the element itself.
const inReach = `(selector => {
	const e = document.querySelector(selector);
	e.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
	const r = e.getClientRects()[0];
	const hit = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
	return e.contains(hit) || hit?.closest("label")?.control === e ? "" : hit?.outerHTML.slice(0, 200) ?? "what is outside of the window";
})`

// bare waits until nothing lies over the middle of an element.
func (b *Browser) bare(selector string) {
	b.t.Helper()
	quoted, err := json.Marshal(selector)
	must(b.t, err)
	ctx, cancel := context.WithTimeout(b.Context, b.Patience)
	defer cancel()
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	var over string
	for {
		// An error means that the page is just being replaced, or that the time is over.
		now, err := chromedp.Run(ctx, chromedp.Evaluate[string](inReach+"("+string(quoted)+")"))
		if err == nil && now == "" {
			return
		}
		if err == nil || over == "" {
			over = fmt.Sprint(now, err)
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			b.t.Fatalf("browser at %s: %s cannot be clicked, over it lies %s", b.location(), selector, over)
		}
	}
}

// Fill waits for a form field to be visible, goes into it and types the text over what is there, as a person does: a live screen leaves alone where somebody is.
func (b *Browser) Fill(selector, text string) {
	b.t.Helper()
	b.on(selector, chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Focus(chromedp.CSS(selector)), chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`),
		chromedp.SendKeys(chromedp.CSS(selector), text))
}

// See waits until an element is visible and returns its text.
func (b *Browser) See(selector string) string {
	b.t.Helper()
	b.on(selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	return ask(b, chromedp.Text(chromedp.CSS(selector)))
}

// Value waits until a form field is visible and returns what it holds.
func (b *Browser) Value(selector string) string {
	b.t.Helper()
	b.on(selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	return ask(b, chromedp.Value(chromedp.CSS(selector)))
}

// SeeText waits until the page shows the text somewhere, however often it is loaded anew meanwhile.
func (b *Browser) SeeText(text string) {
	b.t.Helper()
	wanted, err := json.Marshal(text)
	must(b.t, err)
	ctx, cancel := context.WithTimeout(b.Context, b.Patience)
	defer cancel()
	pause := time.NewTicker(50 * time.Millisecond)
	defer pause.Stop()
	for {
		// An error means that the page is just being replaced, or that the time is over.
		shown, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.body.innerText.includes(`+string(wanted)+`)`))
		if err == nil && shown {
			return
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			b.t.Fatalf("browser at %s: %q is not on the page, which shows:\n%s", b.location(), text, b.Text())
		}
	}
}

// Again loads the page anew, past the browser's cache, until what it shows is as wanted.
func (b *Browser) Again(wanted func(shown string) bool) {
	b.t.Helper()
	deadline := time.Now().Add(b.Patience)
	for !wanted(b.Text()) {
		if time.Now().After(deadline) {
			b.t.Fatalf("browser at %s: what is wanted does not come; the page shows:\n%s", b.location(), b.Text())
		}
		b.Do(chromedp.Reload())
	}
}

// Text returns all the text that the page shows.
func (b *Browser) Text() string {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[string](`document.body.innerText`))
}

// Overflow names the first element that makes the page wider than its window; empty when the page fits.
func (b *Browser) Overflow() string {
	b.t.Helper()
	return ask(b, chromedp.Evaluate[string](`(() => {
		const room = document.documentElement.clientWidth;
		if (document.documentElement.scrollWidth <= room) return "";
		const wide = [...document.querySelectorAll("body *")].find(e => e.getBoundingClientRect().right > room + 1 && e.checkVisibility());
		return wide?.outerHTML.slice(0, 200) ?? "something that cannot be seen";
	})()`))
}

// Phone makes the window 390 by 844 pixels, with touch, as a common phone.
func (b *Browser) Phone() {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait))
}

// Desktop makes the window 1280 by 800 pixels.
func (b *Browser) Desktop() {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(1280, 800))
}

// Scheme sets what the person's system prefers: "light" or "dark".
func (b *Browser) Scheme(name string) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
		return err
	}))
}

// Scripts allows or forbids JavaScript from the next page on.
func (b *Browser) Scripts(allowed bool) {
	b.t.Helper()
	b.Do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled,
			emulation.SetScriptExecutionDisabledParams{Value: !allowed})
		return err
	}))
}

// Screenshot writes the whole page as a PNG to the file, and makes the file's folder.
func (b *Browser) Screenshot(file string) {
	b.t.Helper()
	picture := ask(b, chromedp.FullScreenshot(100))
	must(b.t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(b.t, os.WriteFile(file, picture, 0o644))
}
