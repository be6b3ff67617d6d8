// The panel beside the score grid: everything about the selected cell, fetched as HTML, with forms sent by fetch.
import { el } from "./dom.js";
import { SessionEnded, request } from "./server.js";

const DELAY = 250;
export const HEADERS = { "HX-Request": "true", Accept: "text/html" };

/** host: urlFor(id), messageOf(id), ready(id) before sending, answered(cell),
 * reasonSeen(id, reason), sessionEnded(). Ids are "report:task". */
export class ScorePanel {
  constructor(box, host, spareKey) {
    this.box = box;
    this.host = host;
    this.spareKey = spareKey;
    this.drafts = readDrafts(spareKey);
    box.addEventListener("input", (event) => this.keep(event));
    box.addEventListener("submit", (event) => this.submit(event));
  }

  get unsaved() {
    return this.drafts.size;
  }

  show(id) {
    if (id === this.id) return;
    this.id = id;
    this.reload(DELAY);
  }

  /** Fetch the panel of the selected cell again; what is being typed in it stays. */
  reload(delay = 0) {
    clearTimeout(this.timer);
    if (!this.id) return;
    this.timer = setTimeout(() => this.load(this.id), delay);
  }

  async load(id) {
    this.loading?.abort();
    const loading = new AbortController();
    this.loading = loading;
    this.box.setAttribute("aria-busy", "true");
    try {
      const response = await request(this.host.urlFor(id), { headers: HEADERS, signal: loading.signal });
      this.fill(id, await response.text());
    } catch (error) {
      if (loading.signal.aborted) return;
      if (error instanceof SessionEnded) this.host.sessionEnded();
      this.box.replaceChildren(el("p", { className: "notice notice-amber" }, `详情暂时打不开。${error.message}`),
        el("button", { className: "btn", type: "button", onclick: () => this.reload() }, "重新打开"));
    }
    this.box.removeAttribute("aria-busy");
  }

  fill(id, html) {
    if (id !== this.id) return;
    const focused = this.box.contains(document.activeElement) ? document.activeElement.id : "";
    this.box.innerHTML = html;
    this.host.reasonSeen(id, reasonIn(this.box));
    const draft = this.drafts.get(id);
    for (const [field, value] of Object.entries(draft || {})) this.putBack(field, value);
    if (focused) this.box.querySelector(`#${CSS.escape(focused)}`)?.focus();
    if (draft) this.box.prepend(el("p", { className: "notice notice-amber" }, "这里有您填写后还没有保存的内容。"));
    this.mark();
  }

  putBack(field, value) {
    const input = this.box.querySelector(`#${CSS.escape(field)}`);
    if (!input) return;
    input.value = value;
    input.closest("details")?.setAttribute("open", "");
  }

  /** Say at the top what is wrong with the cell that the grid keeps. */
  mark() {
    this.box.querySelector("[data-cell-message]")?.remove();
    const message = this.id ? this.host.messageOf(this.id) : "";
    if (message) this.box.prepend(el("p", { className: "notice notice-red", "data-cell-message": "" }, message));
  }

  keep(event) {
    if (!this.id || !event.target.id) return;
    this.drafts.set(this.id, { ...this.drafts.get(this.id), [event.target.id]: event.target.value });
    this.store();
  }

  forget(id) {
    this.drafts.delete(id);
    this.store();
  }

  store() {
    try {
      sessionStorage.setItem(this.spareKey, JSON.stringify([...this.drafts]));
    } catch {
      // The page's own copy remains.
    }
  }

  async submit(event) {
    const form = event.target.closest("[data-panel-form]");
    if (!form) {
      this.forget(this.id);
      return;
    }
    event.preventDefault();
    if (this.sending) return;
    const id = this.id;
    this.sending = true;
    try {
      if (await this.host.ready(id)) await this.send(id, form, event.submitter);
      else this.reload();
    } catch (error) {
      if (error instanceof SessionEnded) this.host.sessionEnded();
      this.warn(`没有保存：${error.message || "登录已过期"}。您填写的内容还在，请再按一次。`);
    }
    this.sending = false;
  }

  async send(id, form, submitter) {
    const body = new FormData(form);
    if (submitter?.name) body.append(submitter.name, submitter.value);
    const response = await request(form.action, { method: "POST", body, headers: HEADERS, accept: [400, 409, 422] });
    const html = await response.text();
    const answer = response.headers.get("X-Cell");
    if (response.ok) this.forget(id);
    this.fill(id, html);
    if (answer) this.host.answered(JSON.parse(answer));
  }

  warn(words) {
    this.box.querySelector("[data-panel-warning]")?.remove();
    this.box.prepend(el("p", { className: "notice notice-red", role: "alert", "data-panel-warning": "" }, words));
  }
}

/** The explanation that a panel shows. */
export function reasonIn(panel) {
  return panel.querySelector("[data-panel-form] [name=reason]")?.value || "";
}

function readDrafts(spareKey) {
  try {
    return new Map(JSON.parse(sessionStorage.getItem(spareKey)) || []);
  } catch {
    return new Map();
  }
}
