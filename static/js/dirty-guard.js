// Leaving a form with typed and unsaved content asks first.
const dirty = new Set();
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-dirty-guard]");
  if (form) dirty.add(form);
});
document.addEventListener("submit", (event) => dirty.delete(event.target));
window.addEventListener("beforeunload", (event) => {
  if (dirty.size) { event.preventDefault(); event.returnValue = ""; }
});
