// Forms: a form that is being typed in is marked, a form that is sent cannot be sent twice, and the summary of mistakes gets
// the focus.
const fields = "input, textarea, select, [contenteditable]";

// typing says whether somebody is writing on this screen, is just sending what they wrote, or has been told what to mend in it, so
// that it must not change under their hands.
export function typing() {
  return Boolean(document.querySelector("main form:is([data-dirty], [data-sent]), main form .summary") || writing());
}

// holding says whether an element holds what somebody wrote, or the field that they are in.
export function holding(element) {
  if (element.closest("form[data-answered]")) return false; // its own answer comes back with what was written
  return element.matches("form:is([data-dirty], [data-sent])") || Boolean(element.matches("form") && element.contains(writing()));
}

// writing returns the field in which the cursor is, if any.
function writing() {
  const at = document.activeElement;
  return at?.matches(fields) && at.closest("main") && !at.readOnly ? at : null;
}

document.addEventListener("input", (e) => {
  const form = e.target.closest?.("main form");
  if (form) form.dataset.dirty = "";
});
document.addEventListener("reset", (e) => delete e.target.dataset.dirty);
document.addEventListener("submit", (e) => {
  const form = e.target;
  if (form.method === "dialog") return;
  if (form.dataset.sent !== undefined) return e.preventDefault();
  form.dataset.sent = "";
  setTimeout(() => delete form.dataset.sent, 30000); // whoever stopped the browser may send it again
});
document.addEventListener("turbo:submit-end", (e) => {
  delete e.target.dataset.sent;
  if (e.detail.success) { // what did not arrive is still being written
    delete e.target.dataset.dirty;
    if (e.target.contains(document.activeElement)) document.activeElement.blur(); // what was sent is not being written any more
  }
  else if (e.detail.fetchResponse) e.target.dataset.answered = "";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
document.addEventListener("focusin", (e) => {
  if (e.target.matches("[data-select]")) e.target.select();
});

function showMistakes() {
  document.querySelector("form .summary")?.focus();
}
document.addEventListener("turbo:load", showMistakes);
document.addEventListener("turbo:render", () => {
  for (const form of document.querySelectorAll("form[data-answered]")) delete form.dataset.answered;
  showMistakes();
});
