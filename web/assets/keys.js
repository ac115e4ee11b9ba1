// The keyboard. Single letters never act while somebody writes, can be turned off (WCAG 2.1.4), and none of them destroys.
import { openPalette } from "./palette.js";

const writing = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]:not([contenteditable=false])";
const wings = { h: "/", d: "/requests", a: "/alerts", o: "/oncall", i: "/incidents", w: "/watches", r: "/actions", j: "/journal", s: "/me" };
let prefix = 0; // when g was pressed

const single = {
  "/": search,
  "?": () => document.getElementById("keys")?.showModal(),
  j: () => move(1),
  k: () => move(-1),
  x: tick,
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
  const act = Date.now() - prefix < 1500 ? () => go(e.key) : deed(e.key) ?? single[e.key];
  if (e.key !== "g") prefix = 0;
  if (!act) return;
  e.preventDefault();
  act();
});

document.addEventListener("click", (e) => {
  if (e.target.closest("[data-palette]")) openPalette();
});

// search puts the cursor into the screen's own search field; without one it offers what the screen and the wings have, and to search everything.
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

// deed finds what has this key: in the menu that is open, in the chosen row, or the only one on the screen. It sends a form, follows a link,
// presses a button, chooses one of several, or opens a menu.
function deed(key) {
  const all = [...document.querySelectorAll(`main [data-key="${CSS.escape(key)}"]`)].filter((n) => n.offsetParent);
  const open = all.filter((n) => n.closest("details.deed[open]") && !n.matches("details"));
  const row = all.filter((n) => chosen()?.contains(n));
  const node = open[0] ?? row[0] ?? (all.length === 1 ? all[0] : undefined);
  return node && (() => act(node));
}

function act(node) {
  if (node.matches("form")) return node.requestSubmit();
  if (node.matches("details")) {
    node.open = !node.open;
    if (node.open) node.querySelector("[autofocus], textarea, .sheetling :is(input:not([type=hidden]), button, select, a)")?.focus();
    return;
  }
  node.click();
  if (node.matches(".write input[type=radio]")) node.form.querySelector("textarea").focus();
}

// tick chooses the row for what is done to many.
function tick() {
  chosen()?.querySelector("input[name=pick]")?.click();
}

function go(key) {
  const path = wings[key];
  const link = path && document.querySelector(`.rail a[href="${path}"], .mark[href="${path}"]`);
  link?.click();
}
