// Relative times grow older, promises run down, the clock in the top strip goes on while the screen is live. The server wrote all of
// them right for the moment it answered; the browser's clock is only trusted for how much time has passed since then.
const started = performance.now();

// now is the server's time: what it said when this screen was made, plus what has passed since.
let base = { server: Date.now(), at: started };

export function now() {
  return base.server + (performance.now() - base.at);
}

// age mirrors age in moment.go.
export function age(ms) {
  const s = Math.floor(ms / 1000), m = Math.floor(s / 60), h = Math.floor(m / 60);
  if (s < 60) return `${s} s`;
  if (m < 60) return `${m} min`;
  if (h < 10 && m % 60 > 0) return `${h} h ${m % 60} min`;
  if (h < 48) return `${h} h`;
  return `${Math.floor(h / 24)} d`;
}

function ago(ms) {
  if (Math.abs(ms) < 5000) return "now";
  return ms < 0 ? `in ${age(-ms)}` : age(ms);
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function tick() {
  const at = now();
  for (const t of document.querySelectorAll("time[data-ago]")) {
    write(t.firstElementChild, ago(at - Date.parse(t.dateTime)));
  }
  for (const c of document.querySelectorAll("[data-countdown]")) {
    write(c, age(Math.abs(Date.parse(c.dataset.countdown) - at)));
  }
  const clock = document.querySelector("time[data-clock]");
  if (clock && document.documentElement.dataset.live === "on") showClock(clock, at);
}

// showClock keeps the zone that the server wrote: its offset is in the datetime attribute.
function showClock(clock, at) {
  const zone = /([+-])(\d\d):(\d\d)$/.exec(clock.dateTime);
  const offset = zone ? (zone[1] + 1) * (zone[2] * 60 + +zone[3]) : 0;
  const there = new Date(at + offset * 60000).toISOString();
  write(clock, `${there.slice(11, 16)} ${clock.textContent.split(" ").slice(1).join(" ")}`);
}

function newScreen() {
  const said = Date.parse(document.querySelector("time[data-clock]")?.dateTime ?? document.body.dataset.now);
  if (said) base = { server: said, at: performance.now() };
  tick();
}

document.addEventListener("turbo:load", newScreen);
document.addEventListener("turbo:render", newScreen);
document.addEventListener("screen:fresh", newScreen);
setInterval(tick, 1000);
