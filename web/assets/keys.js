// The keyboard. Single letters never act while somebody writes, can be turned off (WCAG 2.1.4), and none of them destroys.
import { openPalette } from "./palette.js";

const writing = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]:not([contenteditable=false])";
const wings = { h: "/", a: "/alerts", o: "/oncall", i: "/incidents", r: "/actions", j: "/journal", s: "/me" };
let prefix = 0; // when g was pressed

const single = {
  "/": search,
  "?": () => document.getElementById("keys")?.showModal(),
  j: () => move(1),
  k: () => move(-1),
  a: () => send("a"),
  g: () => { prefix = Date.now(); },
};

document.addEventListener("keydown", (e) => {
  if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === "k") {
    e.preventDefault();
    return openPalette();
  }
  if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.defaultPrevented) return;
  if (document.querySelector("dialog[open]") || e.target.closest?.(writing)) return;
  if (e.key === "Enter") return e.target === document.body && open(e);
  if (document.documentElement.dataset.keys === "off") return;
  const act = Date.now() - prefix < 1500 ? () => go(e.key) : single[e.key];
  if (e.key !== "g") prefix = 0;
  if (!act) return;
  e.preventDefault();
  act();
});

document.addEventListener("click", (e) => {
  if (e.target.closest("[data-palette]")) openPalette();
});

// search puts the cursor into the screen's own search field; without one it offers what the screen and the wings have.
function search() {
  const field = document.querySelector("main [data-search]");
  if (field) field.focus();
  else openPalette();
}

function rows() {
  return [...document.querySelectorAll("main tr.leads, main .list > li:has(> span > a.plain)")].filter((r) => r.offsetParent);
}

function chosen() {
  return document.querySelector("main [data-chosen]");
}

function move(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(chosen());
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  for (const row of all) row.toggleAttribute("data-chosen", row === next);
  lead(next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function lead(row) {
  return row.querySelector("th a, a.plain");
}

function open(e) {
  const row = chosen();
  if (!row) return;
  e.preventDefault();
  lead(row).click();
}

// send submits the form that has this key: the chosen row's, or the screen's only one.
function send(key) {
  const forms = [...(chosen() ?? document).querySelectorAll(`form[data-key="${key}"]`)].filter((f) => f.offsetParent);
  if (forms.length === 1) forms[0].requestSubmit();
}

function go(key) {
  const path = wings[key];
  const link = path && document.querySelector(`.rail a[href="${path}"], .mark[href="${path}"]`);
  link?.click();
}
