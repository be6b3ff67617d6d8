// The navigation folds behind a button on a narrow screen.
const button = document.querySelector("[data-nav-toggle]");
if (button) {
  const nav = document.getElementById(button.getAttribute("aria-controls"));
  const show = (open) => {
    nav.classList.toggle("open", open);
    button.setAttribute("aria-expanded", String(open));
    if (open) nav.querySelector("a").focus();
  };
  button.addEventListener("click", () => show(!nav.classList.contains("open")));
  document.addEventListener("click", (event) => {
    if (!nav.contains(event.target) && event.target !== button) show(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && nav.classList.contains("open")) { show(false); button.focus(); }
  });
}
