// The desk: lists that narrow at once, rows that are counted while they are chosen, drafts that keep themselves, and who else is here.

document.addEventListener("change", (e) => {
  if (e.target.matches("select[data-go]")) e.target.form.requestSubmit();
  if (e.target.matches("input[name=pick]")) count();
  if (e.target.matches(".attach input")) name(e.target);
});
document.addEventListener("reset", () => setTimeout(count));
document.addEventListener("turbo:load", count);
document.addEventListener("screen:fresh", count);

// count says how many rows are chosen.
function count() {
  const at = document.querySelector(".bulkbar [data-count]");
  const n = document.querySelectorAll("input[name=pick]:checked").length;
  if (at) at.textContent = n ? `${n} chosen` : "Chosen";
}

function name(input) {
  const at = input.closest(".attach").querySelector("[data-files]");
  at.textContent = input.files.length ? [...input.files].map((f) => f.name).join(", ") : "Files";
}

// A draft is kept a moment after the last letter. What is sent needs none: the timer goes, and a draft on its way is broken off.
let timer = 0, sending;

document.addEventListener("input", (e) => {
  const form = e.target.closest?.("form[data-draft]");
  if (!form || e.target.type === "file") return;
  typed = Date.now();
  clearTimeout(timer);
  timer = setTimeout(() => keep(form), 900);
});
document.addEventListener("change", (e) => {
  const form = e.target.closest?.("form[data-draft]");
  if (form && e.target.name === "kind" && form.elements.text.value) keep(form);
});
document.addEventListener("submit", (e) => {
  if (!e.target.matches?.("form[data-draft]")) return;
  clearTimeout(timer);
  sending?.abort();
});
addEventListener("pagehide", () => {
  const form = document.querySelector("form[data-draft][data-dirty]:not([data-sent])");
  if (form) navigator.sendBeacon(form.dataset.draft, draft(form));
});
document.addEventListener("turbo:before-visit", () => {
  const form = document.querySelector("form[data-draft][data-dirty]:not([data-sent])");
  if (form) keep(form);
});

function draft(form) {
  const { kind, text, said } = form.elements;
  return new URLSearchParams({ kind: kind.value, text: text.value, said: said.value });
}

async function keep(form) {
  clearTimeout(timer);
  sending?.abort();
  const mine = new AbortController();
  sending = mine;
  const say = form.querySelector(".kept");
  try {
    const answer = await fetch(form.dataset.draft, { method: "POST", body: draft(form), signal: mine.signal, keepalive: true });
    say.textContent = answer.ok ? (form.elements.text.value ? "Draft kept" : "") : "The draft could not be kept";
  } catch {
    if (!mine.signal.aborted) say.textContent = "The draft could not be kept";
  }
}

// Presence: while the tab is before somebody who moved within 90 seconds, the server hears of it each 15 seconds, and answers who else is here.
const beat = 15000, idle = 90000;
let moved = Date.now(), typed = 0, last = Date.now();

for (const kind of ["pointermove", "keydown", "scroll", "pointerdown"]) addEventListener(kind, () => { moved = Date.now(); }, { passive: true, capture: true });

async function touch() {
  const at = document.querySelector("[data-here]");
  const seconds = Math.round((Date.now() - last) / 1000);
  last = Date.now();
  if (!at || document.hidden || !document.hasFocus() || Date.now() - moved > idle) return;
  try {
    const body = new URLSearchParams({ typing: Date.now() - typed < 2 * beat ? "yes" : "no", seconds: String(Math.min(seconds, beat / 1000)) });
    const answer = await fetch(at.dataset.here, { method: "POST", body });
    if (answer.ok) show(at, await answer.json());
  } catch {
    // the stream of the live screen says already that the server is away
  }
}

function show(at, { here, said }) {
  if (!at.isConnected) return;
  const shown = [...at.querySelectorAll("span")].map((s) => s.textContent);
  const lines = [...here];
  if (said > Number(at.dataset.said)) lines.push("Something new was said");
  if (lines.join() === shown.join()) return;
  at.replaceChildren(...lines.map((text) => {
    const span = document.createElement("span");
    span.textContent = text;
    return span;
  }));
}

document.addEventListener("turbo:load", () => { last = Date.now(); touch(); });
setInterval(touch, beat);
