// The review grid: units × tasks out of #grid-data, saved cell by cell, with totals, ranks and what others do meanwhile.
import { el, uuid } from "./dom.js";
import { Grid, plainText } from "./grid.js";
import { SaveQueue } from "./save-queue.js";
import { ConflictBox, askReason, previewPaste } from "./score-dialogs.js";
import { HEADERS, ScorePanel, reasonIn } from "./score-panel.js";
import { SessionEnded, request, signIn } from "./server.js";

const NOT_APPLICABLE = "不适用";
const POLL = 4000;
const FRESH = 8000;
const LEARNED = 30;
const [TEXT, VERSION, STATE, FLAGS, READING] = [0, 1, 2, 3, 4];
const FLAG_WORDS = { r: "已退回补充", e: "缺评分说明", o: "有评分说明", b: "有时效加分" };
const STATUS_NOTES = { draft: "未提交", returned: "已退回" };

class ScoreGrid {
  constructor(box) {
    const data = JSON.parse(document.getElementById("grid-data").textContent);
    Object.assign(this, { box, data, cursor: data.cursor, changedBy: new Map(), reasons: new Map() });
    this.rowOf = new Map(data.rows.map((row, index) => [row.id, index]));
    this.colOf = new Map(data.columns.map((column, index) => [column.id, index]));
    const spareKey = `grid ${box.dataset.user || ""} ${box.dataset.saveUrl} ${box.dataset.pollUrl}`;
    this.queue = new SaveQueue(this, spareKey);
    this.build(spareKey);
    this.queue.restore((id, entry) => this.isLeft(id, entry));
    window.addEventListener("beforeunload", (event) => this.beforeUnload(event));
    this.startPolling();
  }

  build(spareKey) {
    const { data, box } = this;
    this.columns = data.columns.map((column) => ({
      label: column.name, group: column.category, hint: `${column.auto ? "自动 · " : ""}满分 ${column.max}`,
      className: column.auto ? "auto" : "",
    }));
    this.rows = data.rows.map((row) => ({
      label: row.unit, note: row.exempt ? "不排名" : STATUS_NOTES[row.status] || "", title: row.exempt,
    }));
    this.sums = [["points", "得分"], ["bonus", "时效加分"], ["total", "合计"], ["rank", "名次"]].map(([key, label]) => ({ key, label }));
    this.inputMode = "decimal";
    this.corner = "考核对象";
    this.caption = "打分表。方向键移动，直接输入分数，F2 修改，Delete 清空为未填，N 标为不适用，Esc 后按 Tab 离开表格。";
    this.keys = {
      n: () => this.markNotApplicable(), N: () => this.markNotApplicable(),
      "?": () => document.getElementById("keys")?.showModal(),
      "/": () => document.querySelector("[data-search]")?.focus(),
      "Alt+c": () => this.conflicts.focus(this.idOf(this.grid.row, this.grid.col)),
    };
    const frame = el("div", { className: "score-grid" });
    box.replaceWith(frame);
    this.message = el("p", { className: "grid-message", id: "grid-message", role: "status" });
    frame.append(box, this.message);
    this.conflicts = new ConflictBox(this.message, {
      name: (id) => this.nameOf(id), mine: (id) => this.useMine(id), theirs: (id) => this.useTheirs(id),
    });
    const panel = document.querySelector("[data-panel]");
    this.panel = panel && new ScorePanel(panel, this, `${spareKey} panel`);
    this.grid = new Grid(box, this);
    this.grid.input.setAttribute("aria-describedby", this.message.id);
  }

  // Places and names

  idOf(row, col) {
    return `${this.data.rows[row].id}:${this.data.columns[col].id}`;
  }

  placeOf(id) {
    const [report, task] = id.split(":").map(Number);
    const [row, col] = [this.rowOf.get(report), this.colOf.get(task)];
    return row === undefined || col === undefined ? null : [row, col];
  }

  cellAt(row, col) {
    return this.data.rows[row].cells[col];
  }

  /** Whether an entry left by a reload still says something: its cell is here and does not hold it already. */
  isLeft(id, entry) {
    const place = this.placeOf(id);
    return place !== null && (entry.value !== this.cellAt(...place)[TEXT] || this.queue.isSent(id));
  }

  nameOf(id) {
    const [row, col] = this.placeOf(id);
    return `${this.rows[row].label} · ${this.columns[col].label}`;
  }

  // What the grid asks

  text(row, col) {
    const entry = this.queue.get(this.idOf(row, col));
    return entry ? entry.value : this.cellAt(row, col)[TEXT];
  }

  view(row, col) {
    const id = this.idOf(row, col);
    const cell = this.cellAt(row, col);
    const entry = this.queue.get(id);
    if (cell[STATE] === "-") return { text: "", classes: ["none"], words: "不考核此项", title: "这类单位不考核此项" };
    const text = this.text(row, col);
    const has = (flag) => !entry && cell[FLAGS].includes(flag);
    const problem = this.problemOf(entry);
    const classes = {
      auto: this.data.columns[col].auto, returned: cell[FLAGS].includes("r"), na: text === NOT_APPLICABLE, missing: has("e"),
      confirmed: !entry && cell[STATE] === "c", pending: entry && /waiting|sending/.test(entry.state),
      bad: entry && /bad|conflict/.test(entry.state), conflict: entry?.state === "conflict" || entry?.theirs, fresh: this.changedBy.has(id),
    };
    const words = [
      text === "" ? "未填" : text, cell[READING] ? `登记册 ${cell[READING]}` : "", classes.confirmed ? "已确认" : "", classes.pending ? "未保存" : "", problem,
      ...Object.keys(FLAG_WORDS).filter((flag) => cell[FLAGS].includes(flag)).map((flag) => FLAG_WORDS[flag]),
      this.changedBy.get(id) || "",
    ].filter(Boolean);
    return {
      text, classes: Object.keys(classes).filter((name) => classes[name]), note: has("o") ? "注" : cell[READING] || "",
      title: words.slice(1).join("；"), words: words.join("，"), invalid: Boolean(classes.bad),
    };
  }

  problemOf(entry) {
    if (entry?.message) return entry.message;
    return entry?.theirs ? `${entry.by || "别人"}已改为 ${entry.theirs[TEXT] || "未填"}` : "";
  }

  sum(row, key) {
    const line = this.data.rows[row];
    if (key === "rank" && line.rank === null) return line.exempt ? "不排名" : "";
    return String(line[key] ?? "");
  }

  locked(row, col) {
    if (this.cellAt(row, col)[STATE] === "-") return "这类单位不考核此项，不用打分。";
    if (!this.data.editable) return "现在不能打分，只能查看。";
    if (this.data.columns[col].auto) return "这一项由系统自动测算。需要改分时，请在右侧详情中填写得分和说明。";
    return "";
  }

  normalize(text) {
    return plainText(text).replace(/。/g, ".");
  }

  early(text) {
    return /^\d+(\.\d+)?$/.test(text);
  }

  selected(row, col) {
    const id = this.idOf(row, col);
    this.panel?.show(id);
    this.panel?.mark();
    this.tell(this.problemOf(this.queue.get(id)) && `${this.nameOf(id)}：${this.problemOf(this.queue.get(id))}`);
    if (this.queue.get(id)?.state === "conflict") this.tell(`${this.message.textContent} 按 Alt+C 选择用谁的。`);
  }

  /** Keep what is being typed in the spare; null says that typing ended. */
  typing(row, col, text) {
    const id = this.idOf(row, col);
    const version = this.queue.get(id)?.version ?? this.cellAt(row, col)[VERSION];
    this.queue.spare(text === null ? null : { id, value: text, version });
    if (text !== null || !this.heldBack) return;
    const other = this.heldBack;
    this.heldBack = null;
    this.take(other);
  }

  tell(words) {
    this.message.textContent = words || "";
  }

  async enter(changes, { undo = false, reason = "" } = {}) {
    const items = changes.map(({ row, col, text }) => ({ id: this.idOf(row, col), row, col, value: text }));
    const excluded = items.filter((item) => item.value === NOT_APPLICABLE);
    const unexplained = undo ? excluded.filter((item) => !this.reasonOf(item.id, NOT_APPLICABLE)) : excluded;
    if (unexplained.length) {
      const given = reason || (await askReason(this.nameOf(unexplained[0].id), unexplained.length));
      if (!reason) this.grid.focus();
      if (given === null) return false;
      for (const item of unexplained) this.reasonSeen(item.id, given, NOT_APPLICABLE);
    }
    this.queue.put(items.filter((item) => !this.takenBack(item)).map(({ id, row, col, value }) => ({
      id, value, version: this.cellAt(row, col)[VERSION], extra: this.explained(row, col, value, undo),
    })));
    if (this.queue.paused) this.sessionEnded();
    return true;
  }

  /** The reason that goes with a value: 不适用 has one, points get back their own by undo, and never that of 不适用. */
  explained(row, col, value, undo) {
    if (value === "") return {};
    const reason = undo || value === NOT_APPLICABLE ? this.reasonOf(this.idOf(row, col), value) : "";
    const replacesReason = this.text(row, col) === NOT_APPLICABLE || this.cellAt(row, col)[STATE] === "n";
    return reason || replacesReason ? { reason } : {};
  }

  /** The explanation that a cell had while it held `value`. */
  reasonOf(id, value) {
    return this.reasons.get(`${id} ${value}`) || "";
  }

  reasonSeen(id, reason, value = this.cellAt(...this.placeOf(id))[TEXT]) {
    this.reasons.set(`${id} ${value}`, reason);
  }

  /** Read the explanations that a paste would take away, so that undo can bring them back. */
  learnReasons(changes) {
    const ids = changes.filter(({ row, col }) => this.cellAt(row, col)[FLAGS].includes("o")).map(({ row, col }) => this.idOf(row, col));
    const unknown = ids.filter((id) => !this.reasonOf(id, this.cellAt(...this.placeOf(id))[TEXT])).slice(0, LEARNED);
    return Promise.all(unknown.map(async (id) => {
      try {
        const html = await (await request(this.urlFor(id), { headers: HEADERS })).text();
        this.reasonSeen(id, reasonIn(new DOMParser().parseFromString(html, "text/html")));
      } catch {
        // Undo asks for the reason then.
      }
    }));
  }

  /** A refused or unsent value that goes back to what is stored needs no saving. */
  takenBack({ id, row, col, value }) {
    const entry = this.queue.get(id);
    if (!entry || entry.theirs || this.queue.isSent(id) || value !== this.cellAt(row, col)[TEXT]) return false;
    this.queue.drop(id);
    return true;
  }

  markNotApplicable() {
    const places = Array.from(this.grid.places()).filter(([row, col]) => !this.locked(row, col));
    if (!places.length) {
      this.tell(this.locked(this.grid.row, this.grid.col));
      return;
    }
    this.grid.apply(places.map(([row, col]) => ({ row, col, text: NOT_APPLICABLE })));
  }

  // Paste

  async preview(plan) {
    const notApplicable = (cell) => cell.text === NOT_APPLICABLE;
    const result = await previewPaste(plan, {
      check: (changes) => this.check(changes), notApplicable,
      name: (cell) => this.nameOf(this.idOf(cell.row, cell.col)), text: (cell) => this.text(cell.row, cell.col),
    });
    this.grid.focus();
    if (!result) return;
    await this.grid.apply(result.changes, { reason: result.reason });
    this.tell(`已粘贴 ${result.changes.length} 格，Ctrl+Z 可以整块撤销。`);
  }

  /** Let the server try the cells without writing them. */
  async check(changes) {
    if (!changes.length) return { accepted: [], refused: [] };
    const byId = new Map(changes.map((change) => [this.idOf(change.row, change.col), change]));
    const items = Array.from(byId, ([id, change]) => ({
      id, value: change.text, version: this.cellAt(change.row, change.col)[VERSION],
      extra: change.text === NOT_APPLICABLE ? { reason: "（粘贴预览）" } : {},
    }));
    try {
      const [answer] = await Promise.all([this.post({ key: uuid(), items }, true), this.learnReasons(changes)]);
      const refused = answer.refused.map((cell) => ({ ...byId.get(`${cell.report}:${cell.task}`), message: cell.message }));
      const ids = new Set(answer.refused.map((cell) => `${cell.report}:${cell.task}`));
      return { accepted: changes.filter((change) => !ids.has(this.idOf(change.row, change.col))), refused };
    } catch (error) {
      if (!(error instanceof SessionEnded)) throw error;
      this.sessionEnded();
      throw new Error("登录已过期。登录后请重新检查。");
    }
  }

  // Saving

  async post({ key, items }, dryRun) {
    const cells = items.map(({ id, value, version, extra }) => {
      const [report, task] = id.split(":").map(Number);
      return { report, task, version, value, ...extra };
    });
    const body = JSON.stringify({ key, dry_run: dryRun, cells });
    const headers = { "Content-Type": "application/json" };
    const response = await request(this.box.dataset.saveUrl, { method: "POST", body, headers });
    return response.json();
  }

  async send(queued) {
    const answer = await this.post(queued, false);
    const named = (cell) => ({ ...cell, id: `${cell.report}:${cell.task}` });
    for (const cell of answer.saved.map(named)) this.store(cell.id, cell.cell);
    this.showTotals(answer.totals, answer.progress);
    if (answer.saved.some((cell) => `${cell.report}:${cell.task}` === this.panel?.id)) this.panel.reload();
    const refused = answer.refused.map(named);
    if (refused.length) this.tell(`${this.placeOf(refused[0].id) ? this.nameOf(refused[0].id) : ""}：${refused[0].message}`);
    return { saved: answer.saved.map((cell) => ({ ...named(cell), version: cell.cell[VERSION] })), refused };
  }

  /** Take a cell as the server has it. */
  store(id, cell) {
    const place = this.placeOf(id);
    if (place) this.data.rows[place[0]].cells[place[1]] = cell;
  }

  changed(ids) {
    if (!this.grid) return;
    for (const place of ids.map((id) => this.placeOf(id))) if (place) this.grid.refresh(...place);
    this.showState();
    this.conflicts.show(this.queue.ids("conflict").map((id) => ({ id, ...this.queue.get(id) })));
    this.panel?.mark();
  }

  showState() {
    const box = document.querySelector("[data-save-state]");
    if (!box) return;
    const { queue } = this;
    const wrong = queue.ids("bad", "conflict").length;
    const words = [];
    if (queue.unsaved && queue.paused) words.push(`${queue.unsaved} 格未保存，请重新登录`);
    else if (queue.unsaved && !navigator.onLine) words.push(`${queue.unsaved} 格未保存，网络已断开，恢复后自动保存`);
    else if (queue.unsaved && queue.failures) words.push(`${queue.unsaved} 格未保存，正在重试`);
    else if (queue.unsaved) words.push(`正在保存 ${queue.unsaved} 格`);
    else if (queue.savedAt) words.push(`已保存 ${queue.savedAt.toLocaleTimeString("zh-CN", { hour12: false })}`);
    if (wrong) words.push(`${wrong} 格有误，未保存`);
    if (box.textContent !== words.join("，")) box.textContent = words.join("，");
    box.classList.toggle("unsaved", Boolean(wrong || (queue.unsaved && (queue.failures || queue.paused))));
  }

  useMine(id) {
    const { theirs } = this.queue.get(id);
    this.store(id, theirs);
    this.queue.entries.get(id).theirs = null;
    this.queue.insist(id, theirs[VERSION]);
    this.grid.focus();
  }

  useTheirs(id) {
    this.store(id, this.queue.get(id).theirs);
    this.queue.drop(id);
    this.grid.focus();
    if (this.panel?.id === id) this.panel.reload();
  }

  showTotals(totals = {}, progress = {}) {
    for (const [report, total] of Object.entries(totals)) {
      const row = this.rowOf.get(Number(report));
      if (row === undefined) continue;
      Object.assign(this.data.rows[row], total);
      this.grid.refreshSums(row);
    }
    for (const [name, count] of Object.entries(progress)) {
      for (const node of document.querySelectorAll(`[data-progress-${name}]`)) node.textContent = count;
    }
    if (progress.total) this.showBar(progress);
  }

  showBar({ done, total }) {
    const strip = document.querySelector("[data-progress-done]")?.closest(".strip, .card");
    const bar = strip?.querySelector("progress");
    if (!bar) return;
    Object.assign(bar, { max: total, value: done });
    bar.setAttribute("aria-label", `${done} / ${total}`);
  }

  // The panel

  urlFor(id) {
    const [report, task] = id.split(":");
    return this.box.dataset.panelUrlTemplate.replace(/0\/1\/$/, `${report}/${task}/`);
  }

  messageOf(id) {
    const problem = this.problemOf(this.queue.get(id));
    return problem && `“${this.queue.get(id).value || "未填"}”没有保存：${problem}`;
  }

  /** Whether the panel shows the cell as it is stored: what the grid still has to send goes first. */
  async ready(id) {
    this.grid.finish(true);
    if (!this.queue.get(id)) return true;
    await this.queue.idle();
    this.tell("这一格的得分刚刚在表中修改，请核对右侧内容后再提交。");
    return false;
  }

  answered({ report, task, cell, totals, progress }) {
    const id = `${report}:${task}`;
    this.store(id, cell);
    if (this.queue.get(id)) this.queue.drop(id);
    this.changed([id]);
    this.showTotals(totals, progress);
    this.tell(`${this.nameOf(id)}：已保存。`);
  }

  // Others at work

  startPolling() {
    const next = () => {
      clearTimeout(this.pollTimer);
      this.pollTimer = setTimeout(() => this.poll().finally(next), POLL);
    };
    next();
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      clearTimeout(this.pollTimer);
      this.poll().finally(next);
    });
  }

  async poll() {
    if (document.hidden || this.queue.paused || this.asking) return;
    const { answers } = this.queue;
    const url = new URL(this.box.dataset.pollUrl, window.location.href);
    url.searchParams.set("since", this.cursor);
    try {
      const answer = await (await request(url)).json();
      this.cursor = answer.cursor;
      for (const other of answer.cells) this.take(other);
      if (answers === this.queue.answers && !this.queue.busy) this.showTotals(answer.totals, answer.progress);
      this.showEditors(answer.editors || []);
    } catch (error) {
      if (error instanceof SessionEnded) this.sessionEnded();
    }
  }

  /** A cell that somebody changed: shown at once, but beside what is being typed or not yet saved here. */
  take({ report, task, cell, by }) {
    const id = `${report}:${task}`;
    const place = this.placeOf(id);
    if (!place || cell[VERSION] <= this.cellAt(...place)[VERSION]) return;
    const entry = this.queue.get(id);
    if (entry) {
      if (!this.queue.isSent(id) && (entry.theirs?.[VERSION] || 0) < cell[VERSION]) this.queue.beside(id, cell, by);
      return;
    }
    if (this.grid.mode && this.grid.active === this.grid.cells[place[0]][place[1]]) {
      this.heldBack = { report, task, cell, by };
      this.tell(`${by}刚刚把这一格改为 ${cell[TEXT] || "未填"}。`);
      this.grid.active.classList.add("fresh");
      return;
    }
    this.store(id, cell);
    this.markFresh(id, `${by}刚刚修改`);
    if (this.panel?.id === id) this.panel.reload();
  }

  markFresh(id, words) {
    this.changedBy.set(id, words);
    this.grid.refresh(...this.placeOf(id));
    setTimeout(() => {
      this.changedBy.delete(id);
      this.grid.refresh(...this.placeOf(id));
    }, FRESH);
  }

  showEditors(names) {
    const box = document.querySelector("[data-editors]");
    if (!box) return;
    const words = names.map((name) => (name.includes("正在") ? name : `${name}正在编辑`)).join("、");
    if (box.textContent !== words) box.textContent = words;
  }

  // Leaving and signing in

  beforeUnload(event) {
    this.grid.finish(true);
    if (!this.queue.entries.size && !this.panel?.unsaved) return;
    event.preventDefault();
    event.returnValue = "";
  }

  async sessionEnded() {
    if (this.asking) return;
    this.asking = true;
    this.queue.paused = true;
    this.showState();
    const signedIn = await signIn(this.box.dataset.loginUrl, this.queue.unsaved, (page) => this.otherUser(page));
    this.asking = false;
    this.grid.focus();
    if (signedIn) {
      this.queue.resume();
      this.panel?.reload();
    }
  }

  /** Why the user who signed in may not go on with this page: it holds another user's work. */
  otherUser(page) {
    const box = page.querySelector("[data-score-grid]");
    if (!box) return "这个账号不能打开本页，请用原来的账号登录。";
    const same = box.dataset.user === this.box.dataset.user;
    return same ? "" : "现在登录的是另一个账号。本页填写的内容属于原来的账号，请用原账号登录。";
  }
}

for (const box of document.querySelectorAll("[data-score-grid]")) new ScoreGrid(box);
