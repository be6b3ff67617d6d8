// A roster in the shared grid: typed and pasted here, saved by one request; who may be the same person is said while typing.
import { el, openDialog, uuid } from "./dom.js";
import { Grid, plainText } from "./grid.js";
import { Refused, SessionEnded, request, signIn } from "./server.js";

const [NAME, PHONE] = [0, 3];
const FIELDS = ["name", "post", "in_charge", "phone", "since", "until"];
const NOBODY = 0; // none of the known records
const MOST_ROWS = 500;
const HINTS = ["必填", "必填", "是 / 空", "末两位可见", "例如 2024-03-01", "离任时填"];

class RosterGrid {
  constructor(card) {
    const data = JSON.parse(document.getElementById("roster-data").textContent);
    this.card = card;
    this.message = card.querySelector("[data-roster-message]");
    this.state = card.querySelector("[data-roster-state]");
    this.lines = [...data.rows.map((row) => stored(row)), ...Array.from({ length: data.blank }, () => stored())];
    this.columns = data.columns.map((column, index) => ({ label: column.label, group: "花名册", hint: HINTS[index] }));
    this.rows = this.lines.map((line, index) => ({ label: String(index + 1) }));
    this.sums = [];
    this.corner = "序号";
    this.caption = `${data.organization}的花名册。方向键移动，直接输入，F2 修改，Delete 清空，Esc 后按 Tab 离开表格。`;
    this.keys = { "Alt+s": () => this.answer(this.grid.row), "?": () => document.getElementById("keys")?.showModal() };
    card.hidden = false;
    document.querySelector("[data-roster-table]").classList.add("print-only");
    this.grid = new Grid(card.querySelector("[data-roster-grid]"), this);
    card.querySelector("[data-roster-save]").addEventListener("click", () => this.save());
    this.fixed = !data.blank; // an earlier day: its lines are corrected, none are added
    card.querySelector("[data-roster-replace]")?.addEventListener("click", () => this.replace());
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
    const doubt = col === NAME && line.same.length ? "可能是已有的人员" : "";
    const classes = [line.typed.has(col) ? "pending" : "", problem ? "bad" : "", doubt ? "doubt" : ""].filter(Boolean);
    const words = [this.text(row, col) || "空", line.typed.has(col) ? "未保存" : "", problem, doubt].filter(Boolean).join("，");
    return { text: this.text(row, col), classes, title: problem || doubt, words, invalid: Boolean(problem) };
  }

  room(count) {
    const more = this.fixed ? 0 : Math.min(count, MOST_ROWS - this.lines.length);
    for (let n = 0; n < more; n += 1) {
      this.lines.push(stored());
      this.rows.push({ label: String(this.lines.length) });
    }
  }

  locked() { return ""; }

  normalize(text) { return plainText(text).replace(/\s+/g, " ").trim(); }

  early() { return false; }

  typing() {}

  tell(words) { this.message.replaceChildren(words || ""); }

  selected(row, col) {
    const { problems, same } = this.lines[row];
    if (same.length && !problems.has(col)) this.ask(row);
    else this.tell(problems.get(col));
  }

  async enter(changes) {
    for (const { row, col, text } of changes) {
      const line = this.lines[row];
      if (text === line.cells[col]) line.typed.delete(col);
      else line.typed.set(col, text);
      line.problems.delete(col);
      if (col === NAME) Object.assign(line, { person: null, rename: "", same: [] });
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
      this.lines[row].same = people;
      this.grid.refresh(row, NAME);
      if (people.length) this.ask(row);
    } catch {
      // A hint that cannot be had is none.
    }
  }

  /** Name the records that a new line may be, each to be chosen, and "somebody else". */
  ask(row) {
    const { same } = this.lines[row];
    const words = ({ name, area, phone }) => `${name}（${[area, phone].filter(Boolean).join("，")}）`;
    const button = (label, person) => el("button", { className: "btn btn-small", type: "button", onclick: () => this.answer(row, person) }, label);
    this.message.replaceChildren(`第 ${row + 1} 行：已有 `, ...same.flatMap((person, n) =>
      [words(person), " ", button(n ? "是同一人" : "是同一人（Alt+S）", person), " "]), button("不是，另一个人", { id: NOBODY }));
  }

  answer(row, person = this.lines[row].same[0]) {
    if (!person) return;
    Object.assign(this.lines[row], { person: person.id, same: [] });
    this.grid.refresh(row, NAME);
    this.tell(person.id === NOBODY ? `第 ${row + 1} 行按另一个人登记。` : `第 ${row + 1} 行用已有的${person.name}的记录。`);
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
    return { row, id: line.id, version: line.version, person: line.person, rename: line.rename, ...values };
  }

  /** Send lines; what is sent again unchanged after a lost answer keeps its key, anything else is a new act. */
  async post(rows, options) {
    const content = { rows: rows.map((row) => this.lineOf(row)), ...options };
    const said = JSON.stringify(content);
    if (this.said !== said) Object.assign(this, { said, key: uuid() });
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
    const body = JSON.stringify({ key: this.key, ...content });
    const answer = await (await request(this.card.dataset.saveUrl, { method: "POST", body, headers })).json();
    this.said = null;
    const sent = new Map(rows.map((row, n) => [row, FIELDS.map((name) => content.rows[n][name])]));
    return { ...answer, sent };
  }

  /** One save after the other: a second one while the first is on its way would be a conflict with oneself. */
  save(options = {}, rows = null) {
    this.grid.finish(true);
    this.saving = (this.saving || Promise.resolve()).then(() => this.saveNow(options, rows || this.unsaved));
    return this.saving;
  }

  async saveNow(options, rows) {
    if (!rows.length && !options.replace) { this.tell("没有需要保存的修改。"); return; }
    this.state.textContent = "正在保存……";
    try {
      this.take(await this.post(rows.length ? rows : this.filled, options), options);
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

  take(answer, { replace = false }) {
    for (const saved of answer.saved) {
      const line = this.lines[saved.row];
      const sent = answer.sent.get(saved.row);
      Object.assign(line, { id: saved.id, version: saved.version, cells: saved.cells, person: null, rename: "", same: [] });
      for (const [col, text] of line.typed) if (text === (sent[col] ?? "")) line.typed.delete(col); // what was typed meanwhile stays
      line.problems.clear();
      this.grid.refreshRow(saved.row);
    }
    this.mark(answer.refused);
    this.show();
    this.askNames(answer.refused.filter(({ asks }) => asks));
    const warned = answer.warnings.map((warning) => `第 ${warning.row + 1} 行：${warning.message}`);
    if (!answer.refused.length) this.tell([`${answer.words}，已保存。`, ...warned].join(" "));
    const moved = answer.leaving.length || answer.renamed;
    if (!moved || answer.refused.length || (this.unsaved.length && !replace)) return;
    this.leaving = true;
    window.location.reload();
  }

  /** Another name over a stored line: was it mistyped, or is it somebody else? Nothing is guessed. */
  async askNames(refused) {
    if (!refused.length) return;
    const choices = [["correct", "改正写错的姓名（同一个人）"], ["succeed", "换了人（原任到昨天为止离任）"]];
    const radios = [];
    const radio = (row, [value, label]) => {
      const input = el("input", { type: "radio", name: `rename-${row}`, value, required: true });
      radios.push(input);
      return el("label", {}, input, ` ${label}`);
    };
    const lines = refused.map(({ row, asks, message }) => el("fieldset", {},
      el("legend", {}, `第 ${row + 1} 行：${asks} → ${this.text(row, NAME)}`),
      message.includes("还在") ? el("p", { className: "muted" }, message) : "", ...choices.map((choice) => radio(row, choice))));
    const all = ([value, label]) => el("button", {
      className: "btn btn-small", type: "button", onclick: () => radios.forEach((input) => { input.checked = input.value === value; }),
    }, `全部：${label}`);
    const form = el("form", { method: "dialog" }, refused.length > 1 ? el("p", {}, ...choices.flatMap((choice) => [all(choice), " "])) : "",
      el("div", { className: "preview-list" }, ...lines),
      el("div", { className: "buttons" }, el("button", { className: "btn btn-primary", value: "save" }, "确定并保存"),
        el("button", { className: "btn", type: "button", onclick: () => dialog.close("") }, "取消")));
    const dialog = openDialog("姓名与原来不同", form);
    if ((await dialog.closed) !== "save") return;
    for (const input of radios) if (input.checked) this.lines[Number(input.name.slice(7))].rename = input.value;
    await this.save();
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

/** A line of the grid: what is stored of it, and what was typed and chosen since. */
function stored(row = { id: null, version: null, cells: FIELDS.map(() => "") }) {
  return { ...row, typed: new Map(), problems: new Map(), person: null, rename: "", same: [] };
}

const card = document.querySelector("[data-roster]");
if (card) new RosterGrid(card);
