// A roster in the shared grid: typed and pasted here, saved by one request; who may be the same person is said while typing.
import { el, openDialog, uuid } from "./dom.js";
import { Grid, plainText } from "./grid.js";
import { Refused, SessionEnded, request, signIn } from "./server.js";

const [NAME, PHONE] = [0, 3];
const FIELDS = ["name", "post", "in_charge", "phone", "since", "until"];
const HINTS = ["必填", "必填", "是 / 空", "末两位可见", "例如 2024-03-01", "离任时填"];

class RosterGrid {
  constructor(card) {
    const data = JSON.parse(document.getElementById("roster-data").textContent);
    this.card = card;
    this.message = card.querySelector("[data-roster-message]");
    this.state = card.querySelector("[data-roster-state]");
    this.lines = [...data.rows, ...Array.from({ length: data.blank }, () => ({ id: null, version: null, cells: FIELDS.map(() => "") }))];
    this.lines.forEach((line) => Object.assign(line, { typed: new Map(), problems: new Map(), person: null }));
    this.columns = data.columns.map((column, index) => ({ label: column.label, group: "花名册", hint: HINTS[index] }));
    this.rows = this.lines.map((line, index) => ({ label: String(index + 1) }));
    this.sums = [];
    this.corner = "序号";
    this.caption = `${data.organization}的花名册。方向键移动，直接输入，F2 修改，Delete 清空，Esc 后按 Tab 离开表格。`;
    this.keys = { "Alt+s": () => this.useSame(), "?": () => document.getElementById("keys")?.showModal() };
    card.hidden = false;
    document.querySelector("[data-roster-table]").classList.add("print-only");
    this.grid = new Grid(card.querySelector("[data-roster-grid]"), this);
    card.querySelector("[data-roster-save]").addEventListener("click", () => this.save());
    card.querySelector("[data-roster-replace]").addEventListener("click", () => this.replace());
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); this.save(); }
    });
    window.addEventListener("beforeunload", (event) => { if (this.unsaved.length && !this.leaving) event.preventDefault(); });
    this.show();
  }

  // What the grid asks

  text(row, col) {
    const line = this.lines[row];
    return line.typed.has(col) ? line.typed.get(col) : line.cells[col];
  }

  view(row, col) {
    const line = this.lines[row];
    const problem = line.problems.get(col) || "";
    const classes = [line.typed.has(col) ? "pending" : "", problem ? "bad" : ""].filter(Boolean);
    const words = [this.text(row, col) || "空", line.typed.has(col) ? "未保存" : "", problem].filter(Boolean).join("，");
    return { text: this.text(row, col), classes, title: problem, words, invalid: Boolean(problem) };
  }

  locked() { return ""; }

  normalize(text) { return plainText(text).replace(/\s+/g, " ").trim(); }

  early() { return false; }

  typing() {}

  tell(words) { this.message.replaceChildren(words || ""); }

  selected(row, col) {
    this.tell(this.lines[row].problems.get(col));
  }

  async enter(changes) {
    for (const { row, col, text } of changes) {
      const line = this.lines[row];
      if (text === line.cells[col]) line.typed.delete(col);
      else line.typed.set(col, text);
      line.problems.delete(col);
      if (col === NAME && !line.id) line.person = null;
      this.grid.refresh(row, col);
    }
    this.show();
    const named = changes.find(({ row, col, text }) => (col === NAME || col === PHONE) && text && !this.lines[row].id);
    if (named && changes.length < 3) this.lookFor(named.row);
    return true;
  }

  async preview(plan) {
    await this.grid.apply(plan.changes);
    const outside = plan.outside.rows || plan.outside.cols ? `；超出表格的 ${plan.outside.cells} 格没有写入` : "";
    this.tell(`已粘贴 ${plan.changes.length} 格${outside}。核对后点“保存”，Ctrl+Z 可以整块撤销。`);
  }

  // Who may be the same person

  async lookFor(row) {
    const body = new FormData();
    body.set("name", this.text(row, NAME));
    body.set("phone", this.text(row, PHONE));
    const headers = { "X-CSRFToken": this.token };
    try {
      const { people } = await (await request(this.card.dataset.similarUrl, { method: "POST", body, headers })).json();
      this.same = people.length ? { row, person: people[0] } : null;
      if (!this.same) return;
      const { name, area, phone } = people[0];
      this.message.replaceChildren(`已有 ${name}（${[area, phone].filter(Boolean).join("，")}）。`,
        el("button", { className: "btn btn-small", type: "button", onclick: () => this.useSame() }, "是同一人（Alt+S）"));
    } catch {
      // A hint that cannot be had is none.
    }
  }

  useSame() {
    if (!this.same) return;
    this.lines[this.same.row].person = this.same.person.id;
    this.tell(`第 ${this.same.row + 1} 行用已有的${this.same.person.name}的记录。`);
    this.same = null;
    this.grid.focus();
  }

  // Saving

  get token() {
    return this.card.querySelector("input[name=csrfmiddlewaretoken]").value;
  }

  get unsaved() {
    return this.lines.map((line, row) => row).filter((row) => this.lines[row].typed.size);
  }

  show() {
    const count = this.unsaved.length;
    this.state.textContent = count ? `${count} 行未保存` : "已全部保存";
    this.state.classList.toggle("strong", count > 0);
  }

  lineOf(row) {
    const line = this.lines[row];
    const values = Object.fromEntries(FIELDS.map((name, col) => [name, this.text(row, col)]));
    if (!line.typed.has(PHONE) && line.id) values.phone = null;
    return { row, id: line.id, version: line.version, person: line.person, ...values };
  }

  async post(rows, options) {
    const body = JSON.stringify({ key: this.key, rows: rows.map((row) => this.lineOf(row)), ...options });
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
    const response = await request(this.card.dataset.saveUrl, { method: "POST", body, headers });
    return response.json();
  }

  async save(options = {}, rows = this.unsaved) {
    this.grid.finish(true);
    if (!rows.length && !options.replace) { this.tell("没有需要保存的修改。"); return; }
    this.key ||= uuid();
    this.state.textContent = "正在保存……";
    try {
      this.take(await this.post(rows.length ? rows : this.filled, options));
      this.key = null;
    } catch (error) {
      this.failed(error, () => this.save(options, rows));
    }
  }

  get filled() {
    return this.lines.map((line, row) => row).filter((row) => this.lines[row].id || this.text(row, NAME));
  }

  /** Replace the whole roster by what the grid shows: first say what would happen. */
  async replace() {
    this.grid.finish(true);
    const rows = this.filled.filter((row) => this.text(row, NAME));
    try {
      this.key = uuid();
      const trial = await this.post(rows, { replace: true, dry_run: true });
      if (trial.refused.length) { this.mark(trial.refused); return; }
      const leaving = trial.leaving.length ? el("p", {}, `离任：${trial.leaving.join("、")}`) : "";
      const write = el("button", { className: "btn btn-primary", type: "button", onclick: () => dialog.close("write") }, "确认替换");
      const dialog = openDialog("整份替换", el("p", {}, `${trial.words}。名单以外的成员到昨天为止离任，记录保留。`), leaving,
        el("div", { className: "buttons" }, write, el("button", { className: "btn", type: "button", onclick: () => dialog.close("") }, "取消")));
      if ((await dialog.closed) === "write") await this.save({ replace: true }, rows);
    } catch (error) {
      this.failed(error, () => this.replace());
    }
  }

  take(answer) {
    for (const saved of answer.saved) {
      const line = this.lines[saved.row];
      Object.assign(line, { id: saved.id, version: saved.version, cells: saved.cells, person: null });
      line.typed.clear();
      line.problems.clear();
      this.grid.refreshRow(saved.row);
    }
    this.mark(answer.refused);
    this.show();
    const warned = answer.warnings.map((warning) => `第 ${warning.row + 1} 行：${warning.message}`);
    if (!answer.refused.length) this.tell([`${answer.words}，已保存。`, ...warned].join(" "));
    if (answer.leaving.length && !answer.refused.length) { this.leaving = true; window.location.reload(); }
  }

  mark(refused) {
    for (const { row, field, message } of refused) {
      const line = this.lines[row];
      line.problems.set(Math.max(0, FIELDS.indexOf(field)), message);
      this.grid.refreshRow(row);
    }
    if (!refused.length) return;
    const [first] = refused;
    this.grid.select(first.row, Math.max(0, FIELDS.indexOf(first.field)));
    this.tell(`${refused.length} 处没有保存，填写的内容都在。第 ${first.row + 1} 行：${first.message}${this.theirs(first)}`);
    this.show();
  }

  theirs({ theirs, row }) {
    if (!theirs) return "";
    this.lines[row].version = theirs.version;
    return ` 对方保存的是：${theirs.cells.filter(Boolean).join("，")}。再保存一次即用您的。`;
  }

  async failed(error, again) {
    this.show();
    if (error instanceof SessionEnded) {
      this.tell("登录已过期，填写的内容都在。");
      if (await signIn(this.card.dataset.loginUrl, this.unsaved.length)) again();
    } else {
      this.tell(error instanceof Refused ? error.message : "暂时连不上服务器，填写的内容都在，请稍后再保存。");
    }
  }
}

const card = document.querySelector("[data-roster]");
if (card) new RosterGrid(card);
