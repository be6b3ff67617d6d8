// Meeting mode: one slide at a time, by arrow keys, space, Page Up and Down or the buttons; the address keeps the place.
const slides = document.querySelector("[data-slides]");
const all = [...slides.querySelectorAll(".slide")];
const number = document.querySelector("[data-slide-number]");
let place = Math.max(0, all.findIndex((slide) => `#${slide.id}` === location.hash));

function show(next) {
  place = Math.min(Math.max(next, 0), all.length - 1);
  all.forEach((slide, index) => slide.classList.toggle("shown", index === place));
  number.textContent = `${place + 1} / ${all.length}`;
  history.replaceState(null, "", `#${all[place].id}`);
}

const STEPS = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, a, button") && event.key === " ") return;
  if (!(event.key in STEPS)) return;
  event.preventDefault();
  show(place + STEPS[event.key]);
});
document.querySelectorAll("[data-slide]").forEach((button) => {
  button.addEventListener("click", () => show(place + Number(button.dataset.slide)));
});
slides.classList.add("one");
show(place);
