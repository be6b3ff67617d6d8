// Chosen files survive an error elsewhere in their form: no browser gives a file input back what was chosen before the page came again.
// <form data-keep-files> lays them by while it is sent; the form that comes back with data-keep-files="restore" takes them up again.
// Any other page throws them away, so nothing stays on a shared computer.
import { el } from "./dom.js";

const NAME = "kept-files";
const WAIT = 3000;
const going = new WeakSet();

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function shelf() {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
  const database = await asked(opening);
  return database.transaction(NAME, "readwrite").objectStore(NAME);
}

const chosen = (form) => Array.from(form.querySelectorAll("input[type=file]")).filter((input) => input.files.length);

async function layBy(form) {
  const kept = chosen(form).map((input) => ({ id: input.id, files: Array.from(input.files) }));
  await asked((await shelf()).put({ action: form.action, kept }, NAME));
}

async function takeUp() {
  const form = document.querySelector('form[data-keep-files="restore"]');
  const found = await asked((await shelf()).get(NAME));
  if (!found) return;
  await asked((await shelf()).delete(NAME));
  if (!form || found.action !== form.action) return;
  for (const { id, files } of found.kept) {
    const input = document.getElementById(id);
    if (!input || input.form !== form || input.closest(".field-wrong")) continue; // a wrong file is chosen anew
    const again = new DataTransfer();
    files.slice(0, input.multiple ? files.length : 1).forEach((file) => again.items.add(file));
    input.files = again.files;
    input.after(el("p", { className: "help", role: "status" }, `刚才选择的 ${again.files.length} 个文件还在，不用重选。`));
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-keep-files]") || going.has(form) || !chosen(form).length) return;
  event.preventDefault();
  const { submitter } = event;
  const wait = new Promise((resolve) => { setTimeout(resolve, WAIT); });
  Promise.race([layBy(form), wait]).catch(() => {}).finally(() => {
    going.add(form);
    form.requestSubmit(submitter || undefined);
    going.delete(form);
  });
}, true);
takeUp().catch(() => {}); // where nothing can be laid by, files are chosen again as ever
