// The navigation folds behind a button on a narrow screen; without this script the link's target opens it (base.css).
const button = document.querySelector("[data-nav-toggle]");
if (button) {
  const nav = document.getElementById(button.getAttribute("aria-controls"));
  const show = (open) => {
    nav.classList.toggle("open", open);
    button.setAttribute("aria-expanded", String(open));
    if (open) nav.querySelector("a").focus();
  };
  button.setAttribute("role", "button");
  show(false);
  document.addEventListener("click", (event) => {
    if (button.contains(event.target)) {
      event.preventDefault();
      show(!nav.classList.contains("open"));
    } else if (event.target.closest("[data-nav-close]")) {
      event.preventDefault();
      show(false);
      button.focus();
    } else if (!nav.contains(event.target)) {
      show(false);
    }
  });
  button.addEventListener("keydown", (event) => {
    if (event.key === " ") { event.preventDefault(); button.click(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && nav.classList.contains("open")) { show(false); button.focus(); }
  });
}
