// A second click on the way to the server does nothing; the server's idempotency key is the real lock.
const REST = 12000;

const mark = (form, sent) => {
  if (sent) form.dataset.sent = "1";
  else delete form.dataset.sent;
  for (const button of form.elements) {
    if (button.type === "submit") button.ariaDisabled = sent ? "true" : null;
  }
};
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-submit-once]") || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  mark(form, true);
  setTimeout(() => mark(form, false), REST); // a stopped request or a download leaves the page standing
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-sent]")) mark(form, false);
});
