// Forms: a form that is being typed in is marked, a form that is sent cannot be sent twice, and the summary of mistakes gets
// the focus.
const fields = "input, textarea, select, [contenteditable]";

// typing says whether somebody is writing on this screen, or has just been told what to mend in what they wrote, so that it must
// not change under their hands.
export function typing() {
  const at = document.activeElement;
  return Boolean(document.querySelector("main form[data-dirty], main form .summary") || (at?.matches(fields) && at.closest("main") && !at.readOnly));
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
  delete form.dataset.dirty;
});
document.addEventListener("turbo:submit-end", (e) => delete e.target.dataset.sent);
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
document.addEventListener("turbo:render", showMistakes);
