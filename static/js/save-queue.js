// Saves what is typed: one request at a time, edits meanwhile go with the next, the same key until it is answered.
// It knows ids, values and versions; how they are sent and shown is the host's matter.
import { uuid } from "./dom.js";
import { Refused, SessionEnded } from "./server.js";

const WAITS = [1, 2, 4, 8, 15];

/**
 * An entry is {value, version, extra, state, message, theirs, by}; state is waiting, sending, bad or conflict.
 * host.send(request) → {saved: [{id, version}], refused: [{id, code, message, theirs, by}]}; host.changed(ids), host.sessionEnded().
 */
export class SaveQueue {
  constructor(host, spareKey) {
    this.host = host;
    this.spareKey = spareKey;
    this.entries = new Map();
    this.request = null;
    this.answers = 0;
    this.savedAt = null;
    this.failures = 0;
    this.busy = this.paused = false;
    window.addEventListener("online", () => this.retryNow());
  }

  get(id) {
    return this.entries.get(id);
  }

  ids(...states) {
    return [...this.entries].filter(([, entry]) => states.includes(entry.state)).map(([id]) => id);
  }

  get unsaved() {
    return this.ids("waiting", "sending").length;
  }

  /** Take typed values: [{id, value, version, extra}]. A cell that is not yet saved keeps the version it was typed on. */
  put(items) {
    for (const { id, value, version, extra } of items) {
      const known = this.entries.get(id);
      this.entries.set(id, { value, extra, version: known ? known.version : version, state: "waiting", theirs: known?.theirs, by: known?.by });
    }
    this.tell(items.map((item) => item.id));
    this.flush();
  }

  /** Forget an entry: the saved value counts again. */
  drop(id) {
    this.entries.delete(id);
    this.tell([id]);
  }

  /** A value that changed on the server under an unsaved entry is shown beside it, never put over it. */
  beside(id, theirs, by) {
    Object.assign(this.entries.get(id), { theirs, by });
    this.tell([id]);
  }

  /** Insist on one's own value over `version`. */
  insist(id, version) {
    Object.assign(this.entries.get(id), { version, state: "waiting", message: "" });
    this.tell([id]);
    this.flush();
  }

  /** Whether `id` is on its way in the request at hand. */
  isSent(id) {
    return Boolean(this.request?.items.some((item) => item.id === id));
  }

  resume() {
    this.paused = false;
    this.retryNow();
  }

  retryNow() {
    clearTimeout(this.timer);
    this.timer = null;
    this.flush();
  }

  /** Resolves when nothing is waiting or on its way. */
  async idle() {
    while (this.unsaved && !this.paused && !this.failures) await new Promise((resolve) => setTimeout(resolve, 50));
    return !this.unsaved;
  }

  async flush() {
    if (this.busy || this.paused || this.timer) return;
    if (!this.request && !this.takeUp()) return;
    this.busy = true;
    this.tell([]);
    try {
      const answer = await this.host.send(this.request);
      this.failures = 0;
      this.answers += 1;
      this.savedAt = answer.saved.length ? new Date() : this.savedAt;
      this.settle(answer);
    } catch (error) {
      this.failed(error);
    }
    this.busy = false;
    this.flush();
  }

  takeUp() {
    const ids = this.ids("waiting");
    if (!ids.length) return false;
    const items = ids.map((id) => {
      const entry = this.entries.get(id);
      entry.state = "sending";
      return { id, value: entry.value, version: entry.version, extra: entry.extra };
    });
    this.request = { key: uuid(), items };
    this.spare();
    return true;
  }

  settle({ saved, refused }) {
    this.request = null;
    for (const { id, version } of saved) {
      const entry = this.entries.get(id);
      if (entry?.state === "sending") this.entries.delete(id);
      else if (entry) entry.version = version;
    }
    for (const { id, code, message, theirs, by } of refused) {
      const entry = this.entries.get(id);
      if (entry?.state !== "sending") continue;
      Object.assign(entry, { state: code === "conflict" ? "conflict" : "bad", message });
      if (theirs) Object.assign(entry, { theirs, by });
    }
    this.tell([...saved, ...refused].map((item) => item.id));
  }

  failed(error) {
    if (error instanceof Refused) {
      const refused = this.request.items.map(({ id }) => ({ id, code: "state", message: error.message }));
      this.settle({ saved: [], refused });
    } else if (error instanceof SessionEnded) {
      this.paused = true;
      this.host.sessionEnded();
    } else {
      const wait = Math.max(WAITS[Math.min(this.failures, WAITS.length - 1)], error.wait || 0);
      this.failures += 1;
      this.timer = setTimeout(() => this.retryNow(), wait * 1000);
      this.tell(this.request.items.map((item) => item.id));
    }
  }

  tell(ids) {
    this.spare();
    this.host.changed(ids);
  }

  /** Keep a copy in the tab, so that a reload finds what the server has not got; `draft` is a value still being typed. */
  spare(draft = null) {
    const entries = [...this.entries];
    if (draft) entries.push([draft.id, { value: draft.value, version: draft.version, state: "waiting" }]);
    try {
      if (!entries.length && !this.request) sessionStorage.removeItem(this.spareKey);
      else sessionStorage.setItem(this.spareKey, JSON.stringify({ request: this.request, entries }));
    } catch {
      // A full or forbidden store leaves the server's copy and the page's own.
    }
  }

  /** Take up what a reload left behind; `known(id, entry)` says what still has a place and a meaning. */
  restore(known) {
    let left = null;
    try {
      left = JSON.parse(sessionStorage.getItem(this.spareKey));
    } catch {
      return 0;
    }
    if (!left) return 0;
    this.request = left.request;
    this.entries = new Map(left.entries.filter(([id, entry]) => known(id, entry)));
    this.tell([...this.entries.keys()]);
    this.flush();
    return this.entries.size;
  }
}
