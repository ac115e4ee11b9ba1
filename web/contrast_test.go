package web

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// colour is linear sRGB, each channel from 0 to 1.
type colour [3]float64

// palette reads the tokens of one theme (0 light, 1 dark) from tokens.css; mixed tokens are mixed here as a browser does.
func palette(t *testing.T, theme int) map[string]colour {
	t.Helper()
	text, err := assetFiles.ReadFile("assets/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]colour{}
	for _, m := range regexp.MustCompile(`--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`).FindAllSubmatch(text, -1) {
		out[string(m[1])] = parseColour(t, string(m[2+theme]))
	}
	for _, m := range regexp.MustCompile(`--([a-z0-9-]+): color-mix\(in oklab, var\(--([a-z0-9-]+)\) (\d+)%, var\(--([a-z0-9-]+)\)\)`).FindAllSubmatch(text, -1) {
		share, err := strconv.Atoi(string(m[3]))
		if err != nil {
			t.Fatal(err)
		}
		out[string(m[1])] = mix(out[string(m[2])], out[string(m[4])], float64(share)/100)
	}
	return out
}

func parseColour(t *testing.T, hex string) colour {
	t.Helper()
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	var c colour
	for i := range c {
		s := float64(n>>(16-8*i)&255) / 255
		if s <= .04045 {
			c[i] = s / 12.92
		} else {
			c[i] = math.Pow((s+.055)/1.055, 2.4)
		}
	}
	return c
}

type matrix [3][3]float64

func (m matrix) times(c colour) colour {
	var out colour
	for i, row := range m {
		out[i] = row[0]*c[0] + row[1]*c[1] + row[2]*c[2]
	}
	return out
}

func (c colour) each(f func(float64) float64) colour { return colour{f(c[0]), f(c[1]), f(c[2])} }

func clamp(x float64) float64 { return min(max(x, 0), 1) }

// Björn Ottosson's Oklab, which CSS Color 4 takes over.
func mix(a, b colour, share float64) colour {
	toLMS := matrix{{.4122214708, .5363325363, .0514459929}, {.2119034982, .6806995451, .1073969566}, {.0883024619, .2817188376, .6299787005}}
	toLab := matrix{{.2104542553, .7936177850, -.0040720468}, {1.9779984951, -2.4285922050, .4505937099}, {.0259040371, .7827717662, -.8086757660}}
	fromLab := matrix{{1, .3963377774, .2158037573}, {1, -.1055613458, -.0638541728}, {1, -.0894841775, -1.2914855480}}
	fromLMS := matrix{{4.0767416621, -3.3077115913, .2309699292}, {-1.2684380046, 2.6097574011, -.3413193965}, {-.0041960863, -.7034186147, 1.7076147010}}
	la, lb := toLab.times(toLMS.times(a).each(math.Cbrt)), toLab.times(toLMS.times(b).each(math.Cbrt))
	var l colour
	for i := range l {
		l[i] = la[i]*share + lb[i]*(1-share)
	}
	return fromLMS.times(fromLab.times(l).each(func(x float64) float64 { return x * x * x })).each(clamp)
}

// contrast is WCAG 2's ratio.
func contrast(a, b colour) float64 {
	light := func(c colour) float64 { return .2126*c[0] + .7152*c[1] + .0722*c[2] + .05 }
	la, lb := light(a), light(b)
	return max(la, lb) / min(la, lb)
}

func TestContrast(t *testing.T) {
	if got := contrast(colour{}, colour{1, 1, 1}); math.Abs(got-21) > .001 {
		t.Fatalf("black on white is %.3f:1, want 21:1", got)
	}
	surfaces := []string{"ground", "sheet", "well", "hover", "here", "critical-tint", "accent-tint"}
	type pair struct {
		ink, on string
		least   float64
	}
	pairs := []pair{
		{"on-ink", "ink", 4.5}, {"on-ink", "ink-hover", 4.5}, {"on-critical", "critical", 4.5},
		{"out-ink", "out", 4.5}, {"out-quiet", "out", 4.5}, {"out-good", "out", 4.5},
		{"edge", "ground", 3}, {"edge", "sheet", 3}, {"edge", "well", 3}, {"edge", "hover", 3},
	}
	for _, ink := range []string{"ink", "ink-2", "ink-3", "critical", "warning", "ok", "accent"} {
		for _, on := range surfaces {
			pairs = append(pairs, pair{ink, on, 4.5})
		}
	}
	for theme, name := range []string{"light", "dark"} {
		tokens := palette(t, theme)
		for _, p := range pairs {
			ink, ok := tokens[p.ink]
			on, ok2 := tokens[p.on]
			if !ok || !ok2 {
				t.Fatalf("tokens.css has no %s or no %s", p.ink, p.on)
			}
			if got := contrast(ink, on); got < p.least {
				t.Errorf("%s: %s on %s is %.2f:1, want %.1f:1", name, p.ink, p.on, got, p.least)
			}
		}
	}
}

// Machado, Oliveira and Fernandes 2009, severity 1.
func sights() map[string]matrix {
	return map[string]matrix{
		"normal":       {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
		"protanopia":   {{.152286, 1.052583, -.204868}, {.114503, .786281, .099216}, {-.003882, -.048116, 1.051998}},
		"deuteranopia": {{.367322, .860646, -.227968}, {.280085, .672501, .047413}, {-.011820, .042940, .968881}},
	}
}

// cielab is CIE 1976 L*a*b* under D65.
func cielab(c colour) colour {
	xyz := matrix{{.4124564, .3575761, .1804375}, {.2126729, .7151522, .0721750}, {.0193339, .1191920, .9503041}}.times(c)
	white := colour{.95047, 1, 1.08883}
	f := func(x float64) float64 {
		if x > 216.0/24389 {
			return math.Cbrt(x)
		}
		return (24389.0/27*x + 16) / 116
	}
	x, y, z := f(xyz[0]/white[0]), f(xyz[1]/white[1]), f(xyz[2]/white[2])
	return colour{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// TestStatesStayApart: colour comes last after shape, word and weight, but where it is seen it must not mislead: no two of the four
// coloured tokens come nearer than CIE76 distance 26 for the commonest kinds of colour blindness.
func TestStatesStayApart(t *testing.T) {
	names := []string{"critical", "warning", "ok", "accent"}
	for theme, themeName := range []string{"light", "dark"} {
		tokens := palette(t, theme)
		for sight, m := range sights() {
			for i, a := range names {
				for _, b := range names[i+1:] {
					la, lb := cielab(m.times(tokens[a]).each(clamp)), cielab(m.times(tokens[b]).each(clamp))
					d := math.Hypot(math.Hypot(la[0]-lb[0], la[1]-lb[1]), la[2]-lb[2])
					if d < 26 {
						t.Errorf("%s, %s: %s and %s are %.0f apart, want 26", themeName, sight, a, b, d)
					}
				}
			}
		}
	}
}
