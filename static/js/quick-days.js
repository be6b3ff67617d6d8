// 今天 / 昨天: one touch instead of a calendar.
const box = document.querySelector("[data-days]");
const input = document.querySelector("input[type=date][name=on]");
if (box && input) {
  box.hidden = false;
  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-day]");
    if (!button) return;
    const day = new Date(Date.now() - Number(button.dataset.day) * 86400000);
    input.value = [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
