// The palette: every wing, link and deed of this screen, by a few typed letters.

const shown = 50, everywhere = -1;
let dialog, field, list, items = [], at = 0;

export function openPalette() {
  dialog ??= build();
  items = gather();
  field.value = "";
  fill();
  if (!dialog.open) dialog.showModal();
}

function make(tag, attrs, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function build() {
  field = make("input", {
    type: "text", placeholder: "Jump to…", "aria-label": "Jump to", role: "combobox", "aria-expanded": "true",
    "aria-controls": "palette-list", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
  });
  list = make("ul", { id: "palette-list", role: "listbox", "aria-label": "Places" });
  const d = make("dialog", { class: "sheetlet palette", "aria-label": "Jump to", "data-turbo-temporary": "" }, field, list);
  field.addEventListener("input", fill);
  field.addEventListener("keydown", steer);
  list.addEventListener("click", (e) => {
    const li = e.target.closest("li[data-n]");
    if (li) take(+li.dataset.n);
  });
  d.addEventListener("click", (e) => e.target === d && d.close());
  d.addEventListener("close", () => { d.remove(); dialog = undefined; });
  document.body.append(d);
  return d;
}

// gather collects links and buttons; the same address is offered once.
function gather() {
  const seen = new Set(), out = [];
  const nodes = document.querySelectorAll(".rail li a[href], main a[href], main form:not([method=get]) button:not(:disabled)");
  for (const node of nodes) {
    const word = node.textContent.replace(/\s+/g, " ").trim();
    const key = node.href ?? `do ${word}`;
    if (!word || node.hash || seen.has(key) || !node.offsetParent || node.closest(".theme, details:not([open]) > :not(summary)")) continue;
    seen.add(key);
    out.push({ node, word, icon: node.querySelector("use")?.getAttribute("href"), kind: node.closest(".rail") ? "Go to" : node.href ? "Open" : "Do" });
  }
  return out;
}

// score is 0 for no match; the start of a word counts more than its middle.
function score(word, typed) {
  const text = word.toLowerCase();
  let total = 1;
  for (const part of typed) {
    const i = text.indexOf(part);
    if (i < 0) return 0;
    total += i === 0 ? 3 : /\W/.test(text[i - 1]) ? 2 : 1;
  }
  return total;
}

function fill() {
  const typed = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = items.map((item, n) => ({ item, n, score: score(item.word, typed) })).filter((f) => f.score);
  found.sort((a, b) => b.score - a.score || a.n - b.n);
  list.replaceChildren(...found.slice(0, shown).map(({ item, n }) => line(item, n)));
  if (typed.length && document.querySelector(".rail .find")) list.append(line({ word: `Search everything for “${field.value.trim()}”`, icon: "#i-search", kind: "Search" }, everywhere));
  else if (!found.length) list.append(make("p", {}, "Nothing on this screen is called that."));
  choose(0);
}

function line(item, n) {
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "i");
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", item.icon ?? "#i-next");
  icon.append(use);
  return make("li", { role: "option", id: `palette-${n}`, "data-n": n }, icon, make("span", {}, item.word), make("small", {}, item.kind));
}

function choose(i) {
  const options = [...list.querySelectorAll("li")];
  at = options.length ? (i + options.length) % options.length : 0;
  for (const [n, li] of options.entries()) li.setAttribute("aria-selected", String(n === at));
  field.setAttribute("aria-activedescendant", options[at]?.id ?? "");
  options[at]?.scrollIntoView({ block: "nearest" });
}

function steer(e) {
  if (e.isComposing) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (step) {
    e.preventDefault();
    choose(at + step);
  }
  if (e.key === "Enter") {
    e.preventDefault();
    const li = list.querySelectorAll("li")[at];
    if (li) take(+li.dataset.n);
  }
}

function take(n) {
  if (n === everywhere) {
    const link = make("a", { href: `/search?q=${encodeURIComponent(field.value.trim())}` });
    dialog.close();
    document.body.append(link); // a click that Turbo follows
    link.click();
    link.remove();
    return;
  }
  const { node } = items[n];
  dialog.close();
  if (node.form) node.form.requestSubmit(node);
  else node.click();
}
