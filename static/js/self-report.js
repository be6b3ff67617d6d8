// Saves each task of a self-report as it is typed, keeps what could not be saved and sends it again.
const form = document.querySelector("[data-self-report]");
const state = document.querySelector("[data-save-state]");
const token = () => form.querySelector("[name=csrfmiddlewaretoken]").value;
const DELAY = 900;
const LONGEST = 15000;
const pending = new Set();

const say = (text, bad = false) => {
  state.textContent = text;
  state.classList.toggle("error", bad);
};

class Item {
  constructor(element) {
    this.element = element;
    this.url = element.dataset.saveUrl;
    this.fields = [...element.querySelectorAll(`[form="${form.id}"]`)];
    this.version = element.querySelector("[data-version]");
    this.wait = 1000;
    element.addEventListener("input", (event) => { if (this.fields.includes(event.target)) this.touch(); });
    element.addEventListener("change", (event) => { if (this.fields.includes(event.target)) this.touch(0); });
  }

  touch(delay = DELAY) {
    pending.add(this);
    this.typed = (this.typed || 0) + 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), delay);
  }

  async save() {
    if (this.sending) { this.again = true; return; }
    this.sending = true;
    // What got no answer is sent again as it was: if it had arrived, the server knows it and makes no conflict of it.
    this.unanswered ||= { typed: this.typed, body: this.body() };
    const { typed: sent, body } = this.unanswered;
    say("正在保存…");
    try {
      const headers = { "X-Requested-With": "fetch", "X-CSRFToken": token() };
      const answer = await fetch(this.url, { method: "POST", body, headers, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 403) {
        this.unanswered = null;
        say("登录已过期或没有权限，填写的内容还在本页。请在新窗口登录后，再改动一下即可保存。", true);
      } else {
        await this.take(answer, sent);
        this.wait = 1000;
      }
    } catch {
      say(`网络不通，有 ${pending.size} 项未保存，正在重试；请不要关闭本页。`, true);
      this.timer = setTimeout(() => this.save(), this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST);
    }
    this.sending = false;
    if (this.again) { this.again = false; this.save(); }
  }

  body() {
    const body = new FormData();
    for (const field of this.fields) body.append(field.name, field.value);
    return body;
  }

  async take(answer, sent) {
    const data = await answer.json();
    this.unanswered = null;
    this.again = sent !== this.typed && answer.status !== 409;
    this.clear();
    if (data.version !== undefined) this.version.value = data.version;
    if (answer.ok) {
      if (sent === this.typed) pending.delete(this);
      say(pending.size ? `有 ${pending.size} 项未保存` : `已自动保存 ${data.saved_at}`);
      return;
    }
    say(data.message, true);
    if (answer.status === 409) {
      for (const field of this.fields) {
        const theirs = data.theirs[field.name.split("-").pop()];
        if (theirs !== undefined && theirs !== field.value) this.mark(field, `对方填的是：${theirs || "空"}。再保存一次将以您填的为准。`);
      }
    }
    for (const field of this.fields) {
      for (const message of data.errors?.[field.name] || []) this.mark(field, message);
    }
  }

  mark(field, message) {
    const line = document.createElement("p");
    line.className = "error";
    line.textContent = message;
    field.setAttribute("aria-invalid", "true");
    field.parentElement.querySelector("[data-errors]").append(line);
  }

  clear() {
    for (const field of this.fields) field.removeAttribute("aria-invalid");
    for (const box of this.element.querySelectorAll("[data-errors]")) box.replaceChildren();
  }
}

const items = [...document.querySelectorAll("[data-item]")].map((element) => new Item(element));

// A file leaves the page: what was typed is saved first. A photo goes up as soon as it is taken.
for (const upload of document.querySelectorAll("[data-upload]")) {
  upload.addEventListener("change", (event) => { if (event.target.hasAttribute("capture")) upload.requestSubmit(); });
  upload.addEventListener("submit", async (event) => {
    if (!pending.size) return;
    event.preventDefault();
    await Promise.all([...pending].map((item) => { clearTimeout(item.timer); return item.save(); }));
    if (!pending.size) upload.submit();
  });
}
window.addEventListener("online", () => { for (const item of pending) item.save(); });
form.addEventListener("submit", () => { for (const item of items) clearTimeout(item.timer); pending.clear(); });
window.addEventListener("beforeunload", (event) => {
  if (pending.size) { event.preventDefault(); event.returnValue = ""; }
});
