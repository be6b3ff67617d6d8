// Messages are read out once the page stands and can be closed; `toast` adds one to the page that is open.
import { el } from "./dom.js";

const box = document.querySelector("[data-toasts]");
const SETTLED = 200;

const closable = (note) => {
  const close = el("button", { className: "notice-close", type: "button", "aria-label": "关闭这条消息", onclick: () => note.remove() }, "✕");
  note.prepend(close);
  return note;
};

/** Say `text` on the page; tone: green, amber, red or blue. */
export function toast(text, tone = "green") {
  box?.append(closable(el("div", { className: `notice notice-${tone}` }, text)));
}

if (box) {
  // A live region speaks only of what enters it after loading.
  setTimeout(() => box.append(...[...box.children].map(closable)), SETTLED);
}
