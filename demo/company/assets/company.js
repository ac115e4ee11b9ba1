// Keeps the screen as the company is now: when the company says that something changed, the screen is fetched again, and only what differs
// is put in, so that focus, scrolling and running animations stay.
"use strict";

const keyOf = (e) => e.dataset.key || e.id;

function morph(now, next) {
  if (now.isEqualNode(next)) return;
  for (const { name } of [...now.attributes]) if (!next.hasAttribute(name)) now.removeAttribute(name);
  for (const { name, value } of next.attributes) if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  if (next.children.length > 0 && [...next.children].every(keyOf)) byKey(now, next);
  else inPlace(now, next);
}

// byKey keeps the children that stay, whatever came before or between them.
function byKey(now, next) {
  const wanted = [...next.children];
  const keys = new Set(wanted.map(keyOf));
  for (const c of [...now.children]) if (!keys.has(keyOf(c))) c.remove();
  wanted.forEach((want, i) => {
    const have = [...now.children].find((c) => keyOf(c) === keyOf(want));
    if (have) morph(have, want);
    const stays = have || want;
    if (now.children[i] !== stays) now.insertBefore(stays, now.children[i] || null);
  });
}

// inPlace changes texts and elements where they stand when both sides have the same shape.
function inPlace(now, next) {
  const a = [...now.childNodes], b = [...next.childNodes];
  if (a.length !== b.length || a.some((n, i) => n.nodeName !== b[i].nodeName)) {
    now.replaceChildren(...b);
    return;
  }
  a.forEach((n, i) => {
    if (n.nodeType === Node.ELEMENT_NODE) morph(n, b[i]);
    else if (n.data !== b[i].data) n.data = b[i].data;
  });
}

let fetching = false, again = false;

async function refresh() {
  if (fetching) {
    again = true;
    return;
  }
  fetching = true;
  try {
    const answer = await fetch(location.href);
    if (answer.ok) {
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of ["main", "as-of"]) morph(document.getElementById(part), next.getElementById(part));
    }
  } catch {
    // the stream says that the company is gone
  }
  fetching = false;
  if (again) {
    again = false;
    refresh();
  }
}

document.addEventListener("submit", async (e) => {
  if (!e.target.matches("[data-press]")) return;
  e.preventDefault();
  await fetch(e.target.action, { method: "POST", body: new URLSearchParams(new FormData(e.target)) });
  refresh();
});

const stream = new EventSource("/live");
stream.addEventListener("hello", () => {
  delete document.documentElement.dataset.lost;
  refresh();
});
stream.addEventListener("change", refresh);
stream.addEventListener("error", () => { document.documentElement.dataset.lost = ""; });
