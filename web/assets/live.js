// Live screens. One event stream per browser tells what changed; a screen that shows it is fetched again and morphed, at most once
// a second and never while somebody is writing on it. When the stream is lost the screen says so: an operations tool that is
// silently old is worse than one that is down.
import { morphBodyElements } from "@hotwired/turbo";
import { holding, typing } from "./forms.js";

const root = document.documentElement;
const changed = new Map(); // when each topic changed last, on the clock of performance.now
let asked = 0; // when what is on the screen was asked of the server
let streaming = false;
let waiting = false; // something changed that is not shown yet
let fetching = false;
let wanted = false; // somebody pressed reload
let last = 0, timer = 0;

export function startLive() {
  const meta = document.querySelector("meta[name=live]");
  if (!meta) return;
  const source = "SharedWorker" in window && meta.dataset.worker ? shared(meta) : own();
  addEventListener("pagehide", source.close);
  addEventListener("pageshow", (e) => e.persisted && source.open());
  document.addEventListener("visibilitychange", () => !document.hidden && waiting && schedule());
  document.addEventListener("focusout", () => waiting && schedule());
  document.addEventListener("turbo:before-fetch-request", () => { asked = performance.now(); });
  document.addEventListener("turbo:load", () => { settle(); catchUp(); });
  document.addEventListener("click", (e) => e.target.closest("[data-reload]") && refresh(true));
  source.open();
}

// shared asks the one worker of this browser, named after the session so that another person's stream is another worker.
function shared(meta) {
  let worker;
  return {
    open() {
      worker = new SharedWorker(meta.dataset.worker, { name: `live-${meta.content}` });
      worker.port.onmessage = (e) => hear(e.data);
      worker.port.start();
    },
    close() {
      worker?.port.postMessage("bye");
      worker?.port.close();
    },
  };
}

// own opens a stream of this tab, closed while the tab is hidden: a browser has six connections to one host.
function own() {
  let stream;
  const source = {
    open() {
      if (document.hidden || stream) return;
      stream = new EventSource("/live");
      stream.addEventListener("hello", () => hear({ is: "on" }));
      stream.addEventListener("change", (e) => hear({ is: "change", topics: JSON.parse(e.data) }));
      stream.onerror = () => {
        hear({ is: "lost" });
        if (stream?.readyState === EventSource.CLOSED) { stream = undefined; setTimeout(source.open, 5000); }
      };
    },
    close() {
      stream?.close();
      stream = undefined;
    },
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? source.close() : source.open()));
  return source;
}

// hear takes news of the stream. One that was on before this screen was asked for knows what has changed since (recent, in milliseconds
// ago); after a new one, what was missed is not known, and the screen is fetched once more.
function hear(news) {
  streaming = news.is !== "lost";
  if (!streaming) return lost();
  if (news.is === "change") news.recent = Object.fromEntries(news.topics.map((t) => [t, 0]));
  if (news.is === "on") {
    alive();
    if (!news.recent) return schedule();
  }
  for (const [topic, ago] of Object.entries(news.recent)) changed.set(topic, performance.now() - ago);
  catchUp();
}

// catchUp fetches the screen when one of its topics changed after it was asked for.
function catchUp() {
  if (topics().some((t) => changed.get(t) > asked && !(t.startsWith("presence") && typing()))) schedule();
}

function topics() {
  return (document.querySelector("main")?.dataset.topics ?? "").split(" ").filter(Boolean);
}

function alive() {
  root.dataset.live = "on";
  announce("");
}

function lost() {
  if (root.dataset.live === "lost") return;
  root.dataset.live = "lost";
  announce("Live updates lost. What you see may be old.");
}

export function announce(text) {
  const at = document.getElementById("announce");
  if (at) at.textContent = text;
}

function schedule() {
  waiting = true;
  if (timer) return;
  timer = setTimeout(() => {
    timer = 0;
    if (!waiting || document.hidden || !topics().length) return;
    if (typing()) moved();
    else refresh();
  }, Math.max(100, last + 1000 - Date.now()));
}

// refresh fetches this screen and morphs it. Somebody may have begun to write while the answer was on its way: then only their own
// press on reload shows it, around what they write. A refresh that fails leaves the screen as it is, marked as old: at 3 a.m. that
// is better than an error in its place.
async function refresh(pressed) {
  wanted ||= Boolean(pressed);
  if (fetching) return;
  fetching = true;
  const began = performance.now();
  last = Date.now();
  const url = location.href;
  try {
    const answer = await fetch(url, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(15000) });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.status >= 500) throw new Error(`status ${answer.status}`);
    if (location.href !== url || asked > began) { // somebody went on meanwhile, or sent a form whose answer stands at this address
      waiting = true;
      return;
    }
    if (typing() && !wanted) return moved();
    if (answer.redirected || assets(fresh) !== assets(document)) { // signed out, or a new version
      return typing() ? lost() : location.reload();
    }
    document.title = fresh.title;
    morphBodyElements(document.body, fresh.body);
    asked = began;
    settle();
    if (streaming) alive();
    document.dispatchEvent(new Event("screen:fresh"));
    catchUp();
  } catch {
    lost();
    waiting = true;
    setTimeout(schedule, 5000);
  } finally {
    fetching = wanted = false;
  }
}

// assets names the stylesheet and script of a document, which carry their content.
function assets(doc) {
  return [...doc.querySelectorAll("[data-turbo-track]")].map((e) => e.getAttribute("href") ?? e.getAttribute("src")).join();
}

// settle is called when the newest state is on the screen.
function settle() {
  waiting = false;
  last = Date.now();
  showMoved(false);
}

// moved says that something changed, and leaves the screen to whoever writes on it.
function moved() {
  waiting = true;
  showMoved(true);
}

function showMoved(on) {
  const moved = document.getElementById("moved");
  if (moved) moved.hidden = !on;
}

// What somebody is writing stays even when they press reload, also where the new screen has no place for it any more; what they were
// told stays until they go on.
document.addEventListener("turbo:before-morph-element", (e) => {
  const goes = !e.detail.newElement;
  if (holding(e.target) || (goes && [...e.target.querySelectorAll("form")].some(holding)) || (goes && e.target.id === "told")) e.preventDefault();
});

// What the person has opened or chosen stays as it is when a screen is morphed.
document.addEventListener("turbo:before-morph-attribute", (e) => {
  if (["open", "data-chosen"].includes(e.detail.attributeName)) e.preventDefault();
});
