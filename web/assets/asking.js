// While somebody writes a question, what may answer it is shown beside it, without touching what they write: known answers, actions to try, and what was
// asked before. Whoever does not see it hears how much there is.
const rest = 500, least = 8, most = 400;
let waits = 0, asking = null;

document.addEventListener("input", (e) => {
  const form = e.target.form;
  if (form?.dataset.near && e.target.type !== "file") later(form, rest);
});
document.addEventListener("turbo:load", () => {
  const form = document.querySelector("form[data-near]");
  if (form) later(form, 0); // it may be filled in already
});
// What somebody reads does not change under their eyes: it is looked for anew when they leave it.
document.addEventListener("focusout", (e) => {
  const at = e.target.closest?.("#near-at");
  const form = document.querySelector("form[data-near]");
  if (at && form && !at.contains(e.relatedTarget)) later(form, rest);
});

function later(form, wait) {
  clearTimeout(waits);
  waits = setTimeout(() => near(form), wait);
}

function said(form) {
  const all = new FormData(form), out = new URLSearchParams();
  for (const [name, value] of all) {
    if (typeof value !== "string" || !value.trim()) continue;
    if (name === "text") out.set("body", value.slice(0, most));
    else if (["title", "type", "service", "customer"].includes(name) || name.startsWith("in.")) out.append(name, value.slice(0, most));
  }
  return out;
}

async function near(form) {
  const at = document.querySelector("#near-at");
  if (!at || !form.isConnected || at.contains(document.activeElement)) return;
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  const q = said(form);
  if (((q.get("title") ?? "") + (q.get("body") ?? "")).trim().length < least) return put(form, at, "");
  try {
    const answer = await fetch(`${form.dataset.near}?${q}`, { signal: mine.signal });
    const piece = answer.ok ? await answer.text() : "";
    if (!mine.signal.aborted && form.isConnected && !at.contains(document.activeElement)) put(form, at, piece); // the server's own markup
  } catch {
    // one can ask without it
  }
}

function put(form, at, piece) {
  if (at.dataset.shown === piece) return;
  at.dataset.shown = piece;
  const open = [...at.querySelectorAll("details[open]")].map((d) => d.dataset.name);
  at.innerHTML = piece;
  for (const d of at.querySelectorAll("details")) {
    d.open = open.includes(d.dataset.name);
    d.addEventListener("toggle", () => d.open && read(form, d.dataset.name));
  }
  const say = at.querySelector("[data-say]")?.dataset.say ?? "", line = form.querySelector(".near-say");
  const status = line.querySelector("[role=status]");
  if (status.textContent !== say) status.textContent = say;
  line.querySelector("a").hidden = !say;
}

// read remembers which answers somebody has opened, so that they are not offered once more when the question is sent.
function read(form, name) {
  const at = form.elements["seen-answers"];
  if (!at.value.split(" ").includes(name)) at.value = `${at.value} ${name}`.trim();
}
