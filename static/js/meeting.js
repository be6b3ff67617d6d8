// Meeting mode: one slide at a time, by arrow keys, space, Page Up and Down or the buttons; the address keeps the place.
// F, or the button, takes the whole screen.
const slides = document.querySelector("[data-slides]");
const all = [...slides.querySelectorAll(".slide")];
const number = document.querySelector("[data-slide-number]");
const fullScreen = document.querySelector("[data-full-screen]");
let place = (Number(location.hash.slice(1)) || 1) - 1; // a number is no element's id: the browser scrolls nowhere

function show(next) {
  place = Math.min(Math.max(next, 0), all.length - 1);
  all.forEach((slide, index) => slide.classList.toggle("shown", index === place));
  number.textContent = `${place + 1} / ${all.length}`;
  history.replaceState(null, "", `#${place + 1}`);
  window.scrollTo(0, 0);
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen().catch(() => {});
}

const STEPS = { ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1 };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key.toLowerCase() === "f" && document.fullscreenEnabled) return toggleFullScreen();
  if (event.target.closest("input, select, textarea, a, button") && event.key === " ") return;
  if (!(event.key in STEPS)) return;
  event.preventDefault();
  show(place + STEPS[event.key]);
});
document.querySelectorAll("[data-slide]").forEach((button) => {
  button.addEventListener("click", () => show(place + Number(button.dataset.slide)));
});
document.addEventListener("fullscreenchange", () => { fullScreen.textContent = document.fullscreenElement ? "退出全屏" : "全屏"; });
fullScreen.hidden = !document.fullscreenEnabled;
fullScreen.addEventListener("click", toggleFullScreen);
slides.classList.add("one");
show(place);
