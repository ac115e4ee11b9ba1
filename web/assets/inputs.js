// The fields of an action's form: what is asked only when another field says so, options that are searched for while one types, and files that
// are sent at once. Everything is found by its marks and heard at the document, so that it also works on a screen that Turbo has kept.
const field = (at) => at.closest?.("[data-when], [data-finds], .field");
const controls = (f) => f.querySelectorAll("input, select, textarea");

// values are those of the form's fields of a name; a field that is not asked has none.
function values(form, name) {
  const out = [];
  for (const c of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
    if (c.disabled) continue;
    if (c.type === "checkbox" && c.value === "on") out.push(c.checked ? "on" : "false");
    else if (c.type !== "checkbox" || c.checked) out.push(c.value);
  }
  return out;
}

// settle shows the fields that are asked, from the first to the last: one may depend on one before it.
function settle(form) {
  for (const f of form.querySelectorAll("[data-when]")) {
    const has = values(form, f.dataset.when);
    const asked = JSON.parse(f.dataset.is).some((is) => has.includes(is));
    f.hidden = !asked;
    for (const c of controls(f)) c.disabled = !asked;
    if (!asked || !f.dataset.waits) continue;
    const c = f.querySelector("input:not([type=hidden], [type=checkbox]), select, textarea");
    if (c && c.value === "") c.value = f.dataset.waits;
    const box = f.querySelector("input[value=on]");
    if (box) box.checked = true;
    delete f.dataset.waits;
  }
}

// options asks what a field may be. Secrets and files stay here.
async function options(f, search) {
  const form = f.closest("form"), body = new URLSearchParams({ input: f.dataset.finds, search });
  for (const [name, v] of new FormData(form)) {
    const c = form.elements.namedItem(name);
    if (typeof v === "string" && name.startsWith("in.") && c?.type !== "password") body.append(name, v);
  }
  try {
    const got = await fetch("/options/" + f.dataset.of, { method: "POST", body, headers: { Accept: "application/json" } });
    if (got.ok) return await got.json();
  } catch { /* said below */ }
  return { options: [], say: "The options cannot be read now. Try again." };
}

// combine makes a text field with a list of a select; the select keeps the value.
function combine(f) {
  const select = f.querySelector("select");
  if (!select || f.querySelector("[role=combobox]")) return;
  for (const old of f.querySelectorAll(".find, [data-empty]")) old.remove();
  const id = select.id, box = document.createElement("span");
  box.className = "combo";
  box.innerHTML = `<input type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" autocomplete="off" spellcheck="false"><span class="pop" hidden><ul role="listbox"></ul><span class="hint" role="status"></span></span>`;
  const input = box.firstElementChild, list = listOf(input);
  for (const name of ["aria-describedby", "aria-invalid"]) if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  select.id = id + "-value";
  input.id = id;
  list.id = id + "-list";
  list.setAttribute("aria-label", f.querySelector("label").firstChild.textContent.trim());
  input.setAttribute("aria-controls", list.id);
  input.value = select.value && select.selectedOptions[0].label;
  select.hidden = true;
  select.before(box);
}

const listOf = (input) => input.nextElementSibling.firstElementChild;

function close(input) {
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  input.nextElementSibling.hidden = true;
}

function list(input, got) {
  const ul = listOf(input);
  ul.replaceChildren(...got.options.map((o, i) => {
    const li = document.createElement("li");
    Object.assign(li, { id: `${ul.id}-${i}`, textContent: o.label });
    li.setAttribute("role", "option");
    li.dataset.value = o.value;
    if (o.value !== o.label) li.append(Object.assign(document.createElement("small"), { textContent: o.value }));
    return li;
  }));
  const n = got.options.length;
  ul.nextElementSibling.textContent = got.say || (n === 0 ? "Nothing is found." : got.more ? "There are more: type to search." : "");
  input.setAttribute("aria-expanded", String(n > 0));
  ul.hidden = n === 0;
  input.nextElementSibling.hidden = false;
  point(input, -1);
}

function point(input, to) {
  const all = [...listOf(input).children];
  all.forEach((li, i) => li.setAttribute("aria-selected", String(i === to)));
  if (all[to]) {
    input.setAttribute("aria-activedescendant", all[to].id);
    all[to].scrollIntoView({ block: "nearest" });
  } else input.removeAttribute("aria-activedescendant");
}

const pointed = (input) => [...listOf(input).children].findIndex((li) => li.id === input.getAttribute("aria-activedescendant"));

// choose sets the value. What somebody typed and did not choose is kept too, for the server to refuse in its words.
function choose(input, value, label) {
  const select = field(input).querySelector("select");
  if (select.value === value) return;
  if (![...select.options].some((o) => o.value === value)) select.add(new Option(label, value));
  select.value = value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

function take(input, li) {
  const label = li.firstChild.textContent;
  input.value = label;
  choose(input, li.dataset.value, label);
  close(input);
}

const waits = new WeakMap();
function search(input, text, after) {
  clearTimeout(waits.get(input));
  waits.set(input, setTimeout(async () => {
    if (!input.isConnected) return; // the screen went on
    const asked = String(Math.random());
    input.dataset.asked = asked;
    const got = await options(field(input), text);
    if (input.isConnected && input.dataset.asked === asked && document.activeElement === input) list(input, got);
  }, after));
}

const isCombo = (e) => e.target.matches?.("[role=combobox]") && e.target.closest("[data-finds]");
document.addEventListener("input", (e) => { if (isCombo(e)) search(e.target, e.target.value, 150); });
document.addEventListener("click", (e) => {
  const li = e.target.closest?.("[data-finds] [role=option]");
  if (li) return take(li.closest(".combo").firstElementChild, li);
  if (isCombo(e)) return search(e.target, "", 0);
  const button = e.target.closest?.("fieldset[data-finds] .find button");
  if (!button) return;
  e.preventDefault();
  tick(button.closest("fieldset"), button.previousElementSibling.value);
});
document.addEventListener("mousedown", (e) => { if (e.target.closest?.("[data-finds] .pop")) e.preventDefault(); });
document.addEventListener("focusout", (e) => {
  if (!isCombo(e)) return;
  const input = e.target, text = input.value.trim(), select = field(input).querySelector("select");
  delete input.dataset.asked;
  close(input);
  if (text === (select.value && select.selectedOptions[0].label)) return;
  const same = [...listOf(input).children].find((li) => [li.firstChild.textContent, li.dataset.value].includes(text));
  same ? take(input, same) : choose(input, text, text);
});
document.addEventListener("keydown", (e) => {
  if (!isCombo(e) || e.isComposing) return;
  const input = e.target, open = input.getAttribute("aria-expanded") === "true", at = pointed(input), n = listOf(input).children.length;
  if (e.key === "ArrowDown" || e.key === "ArrowUp") {
    e.preventDefault();
    if (!open) return search(input, "", 0);
    const step = e.key === "ArrowDown" ? 1 : -1;
    return point(input, at < 0 ? (step > 0 ? 0 : n - 1) : (at + step + n) % n);
  }
  if (e.key === "Enter" && open) {
    e.preventDefault();
    input.dataset.entered = "";
    if (at >= 0) take(input, listOf(input).children[at]);
  }
  if (e.key === "Escape" && open) {
    e.preventDefault();
    close(input);
  }
});

// An Enter that chose must not send the form, also where the key press comes by itself.
document.addEventListener("keypress", (e) => { if (isCombo(e) && e.target.dataset.entered !== undefined) e.preventDefault(); });
document.addEventListener("keyup", (e) => { if (isCombo(e)) delete e.target.dataset.entered; });

// tick offers other boxes, and keeps those that are ticked.
async function tick(f, text) {
  const got = await options(f, text), picks = f.querySelector(".picks"), name = f.querySelector("input[type=hidden]").name;
  const kept = [...picks.querySelectorAll("label")].filter((l) => l.querySelector(":checked"));
  const have = new Set(kept.map((l) => l.querySelector("input").value));
  picks.replaceChildren(...kept, ...got.options.filter((o) => !have.has(o.value)).map((o) => {
    const label = document.createElement("label");
    label.append(Object.assign(document.createElement("input"), { type: "checkbox", name, value: o.value }), Object.assign(document.createElement("span"), { textContent: o.label }));
    return label;
  }));
  const say = f.querySelector("[data-empty]") ?? f.insertBefore(Object.assign(document.createElement("span"), { className: "hint" }), picks);
  say.dataset.empty = "";
  say.textContent = got.say || (got.options.length ? "" : "Nothing is found.");
}

document.addEventListener("change", (e) => {
  const form = e.target.closest?.("main form.fields");
  if (!form) return;
  if (e.target.type === "file" && e.target.dataset.most) send(e.target);
  settle(form);
  const name = e.target.name?.replace(/^in\./, "");
  for (const f of form.querySelectorAll("[data-needs]")) { // what was chosen belongs to what was there before
    if (!name || !f.dataset.needs.split(" ").includes(name)) continue;
    const input = f.querySelector("[role=combobox]");
    if (input) {
      input.value = "";
      choose(input, "", "");
    }
    f.querySelector(".picks")?.replaceChildren();
  }
});

function complain(f, say) {
  let wrong = f.querySelector(".wrong");
  if (!wrong) f.querySelector("input[type=file]").before((wrong = Object.assign(document.createElement("span"), { className: "wrong" })));
  wrong.setAttribute("role", "alert");
  wrong.textContent = say;
  wrong.hidden = !say;
  f.classList.toggle("is-wrong", Boolean(say));
}

// send uploads a file at once and shows how far it is; the form is then sent with its id.
function send(input) {
  const file = input.files[0], f = field(input), form = input.form, most = Number(input.dataset.most);
  if (!file) return;
  const [id, name] = f.querySelectorAll("input[type=hidden]"), bar = f.querySelector("progress"), given = f.querySelector(".given");
  complain(f, "");
  if (file.size > most) {
    input.value = "";
    return complain(f, `${file.name} has ${(file.size / 1e6).toFixed(1)} MB, and at most ${(most / 1e6).toLocaleString("en")} MB are taken. Choose a smaller file.`);
  }
  const q = new URLSearchParams({ input: input.dataset.input, name: file.name }), ask = new XMLHttpRequest();
  const buttons = form.querySelectorAll("button:not([name])");
  const end = (say, got) => {
    bar.hidden = true;
    for (const b of buttons) b.disabled = false;
    input.value = "";
    complain(f, say);
    if (!got) return;
    id.value = got.id;
    name.value = given.lastElementChild.textContent = got.name;
    given.hidden = false;
  };
  ask.upload.onprogress = (e) => { bar.value = (100 * e.loaded) / e.total; };
  ask.onerror = () => end("The file could not be sent. Choose it again.");
  ask.onload = () => {
    let got = {};
    try { got = JSON.parse(ask.responseText); } catch { /* said below */ }
    ask.status === 201 ? end("", got) : end(got.say || "The file was not taken. Choose it again.");
  };
  for (const b of buttons) b.disabled = true;
  bar.value = 0;
  bar.hidden = false;
  ask.open("POST", `${form.dataset.uploads}?${q}`);
  ask.setRequestHeader("Content-Type", file.type || "application/octet-stream");
  ask.send(file);
}

function dress() {
  for (const form of document.querySelectorAll("main form.fields")) {
    for (const f of form.querySelectorAll(".field[data-finds]")) combine(f);
    settle(form);
  }
}
document.addEventListener("turbo:load", dress);
document.addEventListener("turbo:render", dress);
