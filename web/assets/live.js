// Live screens. One event stream per browser tells what changed; a screen that shows it is fetched again and morphed, at most once
// a second and never while somebody is writing on it. When the stream is lost the screen says so: an operations tool that is
// silently old is worse than one that is down.
import { typing } from "./forms.js";

const root = document.documentElement;
let Turbo;
let refreshing = false; // a refresh of ours is under way
let waiting = false; // something changed that is not shown yet
let last = 0, timer = 0;

export function startLive(turbo) {
  Turbo = turbo;
  const meta = document.querySelector("meta[name=live]");
  if (!meta) return;
  const source = "SharedWorker" in window && meta.dataset.worker ? shared(meta) : own();
  addEventListener("pagehide", source.close);
  addEventListener("pageshow", (e) => e.persisted && source.open());
  document.addEventListener("visibilitychange", () => !document.hidden && waiting && schedule());
  document.addEventListener("focusout", () => waiting && schedule());
  document.addEventListener("turbo:load", () => settle(false));
  document.addEventListener("click", (e) => {
    if (e.target.closest("[data-reload]")) refresh();
  });
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
  let stream, broken = false;
  const source = {
    open() {
      if (document.hidden || stream) return;
      stream = new EventSource("/live");
      stream.addEventListener("hello", () => { hear({ is: "on", again: broken }); broken = true; });
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

function hear(news) {
  if (news.is === "lost") return lost();
  if (news.is === "on") {
    root.dataset.live = "on";
    if (news.again) schedule(); // what was missed is not known: look at everything again
  }
  if (news.is === "change" && news.topics.some((t) => topics().includes(t))) schedule();
}

function topics() {
  return (document.querySelector("main")?.dataset.topics ?? "").split(" ").filter(Boolean);
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
    if (document.hidden || !topics().length) return;
    if (typing()) return showMoved(true);
    refresh();
  }, Math.max(100, last + 1000 - Date.now()));
}

function refresh() {
  last = Date.now();
  refreshing = true;
  for (const form of document.querySelectorAll("form[data-dirty]")) delete form.dataset.dirty;
  Turbo.session.refresh(location.href);
}

// settle is called when the newest state is on the screen.
function settle(stillWaiting) {
  waiting = stillWaiting;
  refreshing = false;
  last = Date.now();
  showMoved(false);
}

function showMoved(on) {
  const moved = document.getElementById("moved");
  if (moved) moved.hidden = !on;
}

// A refresh that fails must not replace an old screen by an error: old and marked as old is better at 3 a.m.
document.addEventListener("turbo:fetch-request-error", (e) => {
  if (refreshing) giveUp(e);
});
document.addEventListener("turbo:before-fetch-response", (e) => {
  if (refreshing && e.detail.fetchResponse.serverError) giveUp(e);
});
document.addEventListener("turbo:before-visit", () => { refreshing = false; });

function giveUp(e) {
  e.preventDefault();
  refreshing = false;
  root.removeAttribute("aria-busy");
  lost();
  setTimeout(() => waiting && schedule(), 5000);
}

// What the person has opened or chosen stays as it is when a screen is morphed.
document.addEventListener("turbo:before-morph-attribute", (e) => {
  if (["open", "data-chosen"].includes(e.detail.attributeName)) e.preventDefault();
});
