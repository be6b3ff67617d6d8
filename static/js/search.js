// The search box answers as one types: a list below it, walked by arrow keys; without script it is a plain form.
import { el } from "./dom.js";

const WAIT = 150;
const input = document.querySelector("[data-suggest]");

if (input) {
  const list = el("div", { className: "suggestions", id: "suggestions", role: "listbox", "aria-label": "搜索结果", hidden: true });
  input.parentNode.append(list);
  for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", "suggestions"], ["aria-autocomplete", "list"]]) {
    input.setAttribute(name, value);
  }
  let timer, running, options = [], place = -1;

  const show = (open) => {
    list.hidden = !open;
    input.setAttribute("aria-expanded", String(open));
    if (!open) { place = -1; input.removeAttribute("aria-activedescendant"); }
  };

  const mark = (next) => {
    if (!options.length) return;
    options[place]?.setAttribute("aria-selected", "false");
    place = (next + options.length) % options.length;
    options[place].setAttribute("aria-selected", "true");
    options[place].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", options[place].id);
  };

  const draw = (groups) => {
    options = [];
    const parts = groups.map((group, index) => {
      const hits = group.hits.map((hit) => {
        const option = el("a", { className: "suggestion", role: "option", id: `hit-${options.length}`, href: hit.url, tabIndex: -1, "aria-selected": "false" },
          el("span", {}, hit.title), el("span", { className: "muted" }, hit.note));
        options.push(option);
        return option;
      });
      return el("div", { role: "group", "aria-labelledby": `group-${index}` }, el("p", { id: `group-${index}`, className: "muted" }, group.label), ...hits);
    });
    list.replaceChildren(...(parts.length ? parts : [el("p", { className: "muted" }, "没有找到。按 Enter 看可以搜索什么。")]));
    show(true);
  };

  const ask = async () => {
    running?.abort();
    running = new AbortController();
    try {
      const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(input.value)}`, { signal: running.signal, redirect: "error" });
      if (answer.ok) draw((await answer.json()).groups);
    } catch {
      // A hint that cannot be had is none; Enter still searches.
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim()) timer = setTimeout(ask, WAIT);
    else show(false);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && !list.hidden) { event.preventDefault(); mark(place + 1); }
    else if (event.key === "ArrowUp" && !list.hidden) { event.preventDefault(); mark(place - 1); }
    else if (event.key === "Enter" && place >= 0) { event.preventDefault(); window.location.assign(options[place].href); }
    else if (event.key === "Escape") show(false);
  });
  document.addEventListener("focusin", (event) => { if (!input.parentNode.contains(event.target)) show(false); });
  document.addEventListener("click", (event) => { if (!input.parentNode.contains(event.target)) show(false); });
  if (document.activeElement === input && input.value !== input.defaultValue) ask();  // typed before the script was here
}
