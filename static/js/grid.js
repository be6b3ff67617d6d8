// An editable grid of texts: drawing, focus, ranges, keys, the mouse, copy and paste, undo.
// It knows rows, columns and texts. What they mean, and how they are kept, is the host's matter:
//
//   caption, columns [{label, group, hint, className}], sums [{key, label}], rows [{label, note, title}], inputMode
//   text(row, col)       the text that is edited, copied and compared
//   view(row, col)       {text, classes, note, title, words, invalid}: how it is drawn and read aloud
//   sum(row, key)        the text of a column at the end
//   locked(row, col)     "" or why this cell cannot be typed into
//   normalize(text)      what a typed or pasted text means
//   enter(changes, options) takes [{row, col, text}], by a promise; false gives them up; undo and redo say {undo: true}
//   preview(plan)        shows a pasted block before it is written; see `plan`
//   selected(row, col), typing(row, col, text), tell(words), keys {key: action}
//   room(count)          makes rows for a pasted block that is longer than the grid (optional); the grid draws them
import { el } from "./dom.js";

const UNDO_STEPS = 200;
const PAUSE = 1500;
const PAGE = 10;

export class Grid {
  constructor(box, host) {
    this.box = box;
    this.host = host;
    this.row = this.col = this.fromRow = this.fromCol = 0;
    this.mode = null;
    this.done = [];
    this.undone = [];
    this.marked = [];
    this.draw();
    this.listen();
    this.place(0, 0);
  }

  // Drawing

  draw() {
    const { columns, sums, rows, caption } = this.host;
    this.cells = rows.map((row, r) => columns.map((column, c) => this.drawCell(r, c)));
    this.sumCells = rows.map(() => sums.map(() => el("td", { className: "sum", role: "gridcell" })));
    const body = rows.map((row, r) =>
      el("tr", { role: "row" }, this.drawRowHead(row), ...this.cells[r], ...this.sumCells[r]));
    this.input = el("input", { className: "grid-editor", type: "text", autocomplete: "off", spellcheck: false, inputMode: this.host.inputMode || "text" });
    this.table = el("table", { className: "grid", role: "grid", "aria-multiselectable": "true" },
      el("caption", { className: "visually-hidden" }, caption), this.drawHead(), el("tbody", {}, ...body));
    this.box.append(this.table);
    rows.forEach((row, r) => this.refreshRow(r));
    this.measure();
  }

  /** Draw the rows that the host has had added at the end. */
  drawAdded() {
    const { columns, sums, rows } = this.host;
    for (let r = this.cells.length; r < rows.length; r += 1) {
      this.cells.push(columns.map((column, c) => this.drawCell(r, c)));
      this.sumCells.push(sums.map(() => el("td", { className: "sum", role: "gridcell" })));
      this.table.tBodies[0].append(el("tr", { role: "row" }, this.drawRowHead(rows[r]), ...this.cells[r], ...this.sumCells[r]));
      this.refreshRow(r);
    }
  }

  drawHead() {
    const { columns, sums, corner } = this.host;
    const groups = [];
    for (const column of columns) {
      if (groups.length && groups[groups.length - 1].label === column.group) groups[groups.length - 1].span += 1;
      else groups.push({ label: column.group, span: 1 });
    }
    const across = { role: "columnheader", scope: "col" };
    return el("thead", {},
      el("tr", { role: "row" },
        el("th", { ...across, rowSpan: 2 }, corner),
        ...groups.map((group) => el("th", { ...across, scope: "colgroup", colSpan: group.span }, el("span", {}, group.label))),
        ...sums.map((sum) => el("th", { ...across, rowSpan: 2, className: "sum-head" }, sum.label))),
      el("tr", { role: "row" },
        ...columns.map((column) => el("th", { ...across, className: column.className || "" }, el("span", {}, column.label), el("small", {}, column.hint)))));
  }

  drawRowHead(row) {
    return el("th", { role: "rowheader", scope: "row", title: row.title || "" }, row.label, row.note ? el("small", {}, row.note) : "");
  }

  drawCell(row, col) {
    const cell = el("td", { role: "gridcell", "aria-selected": "false" }, el("span"));
    cell.place = [row, col];
    return cell;
  }

  refresh(row, col) {
    const cell = this.cells[row][col];
    const view = this.host.view(row, col);
    const marks = cell === this.active ? ["selected"] : [];
    if (cell.classList.contains("range")) marks.push("range");
    cell.className = [...view.classes, ...marks].join(" ");
    cell.firstChild.textContent = view.text;
    cell.querySelector("sup")?.remove();
    if (view.note) cell.firstChild.after(el("sup", { className: "note" }, view.note));
    cell.title = view.title || "";
    if (view.invalid) cell.setAttribute("aria-invalid", "true");
    else cell.removeAttribute("aria-invalid");
    if (this.host.locked(row, col)) cell.setAttribute("aria-readonly", "true");
    else cell.removeAttribute("aria-readonly");
    if (cell === this.active) this.describe(view);
  }

  refreshRow(row) {
    this.cells[row].forEach((cell, col) => this.refresh(row, col));
    this.refreshSums(row);
  }

  refreshSums(row) {
    this.host.sums.forEach((sum, index) => {
      this.sumCells[row][index].textContent = this.host.sum(row, sum.key);
    });
  }

  /** Tell the style sheet how high the first head row and how wide the first column are, and the box how much of it the heads cover. */
  measure() {
    const head = this.table.tHead;
    this.table.style.setProperty("--first-head", `${head.rows[0].cells[1]?.offsetHeight || 0}px`);
    this.table.style.setProperty("--first-column", `${head.rows[0].cells[0].offsetWidth}px`);
    this.box.style.scrollPadding = `${head.offsetHeight + 2}px 4px 4px ${head.rows[0].cells[0].offsetWidth + 2}px`;
  }

  // Selection

  get range() {
    return {
      top: Math.min(this.row, this.fromRow), bottom: Math.max(this.row, this.fromRow),
      left: Math.min(this.col, this.fromCol), right: Math.max(this.col, this.fromCol),
    };
  }

  *places() {
    const { top, bottom, left, right } = this.range;
    for (let row = top; row <= bottom; row += 1) for (let col = left; col <= right; col += 1) yield [row, col];
  }

  /** Put the one focusable input into a cell. */
  place(row, col) {
    const before = this.active;
    [this.row, this.col] = [row, col];
    this.active = this.cells[row][col];
    if (before && before !== this.active) before.classList.remove("selected");
    if (this.input.parentNode !== this.active) this.active.append(this.input);
    this.input.readOnly = Boolean(this.host.locked(row, col));
    this.input.value = "";
    this.describe(this.host.view(row, col));
  }

  select(row, col, extend = false) {
    row = Math.max(0, Math.min(row, this.cells.length - 1));
    col = Math.max(0, Math.min(col, this.host.columns.length - 1));
    if (!extend) [this.fromRow, this.fromCol] = [row, col];
    this.place(row, col);
    this.markRange();
    this.focus();
    this.host.selected(row, col);
  }

  markRange() {
    for (const cell of this.marked) {
      cell.classList.remove("range");
      cell.setAttribute("aria-selected", "false");
    }
    this.marked = Array.from(this.places(), ([row, col]) => this.cells[row][col]);
    for (const cell of this.marked) {
      cell.classList.toggle("range", this.marked.length > 1);
      cell.setAttribute("aria-selected", "true");
    }
    this.active.classList.add("selected");
  }

  focus() {
    this.leaving = false;
    this.input.focus({ preventScroll: true });
    if (!this.mode) this.input.setSelectionRange(0, 0);
    this.active.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  describe(view) {
    const { rows, columns } = this.host;
    const column = columns[this.col];
    const words = [rows[this.row].label, column.label, column.hint, view.words].filter(Boolean);
    this.input.setAttribute("aria-label", words.join("，"));
    this.input.setAttribute("aria-invalid", String(Boolean(view.invalid)));
  }

  move(down, right, extend = false) {
    this.select(this.row + down, this.col + right, extend);
  }

  /** One cell on or back, row by row; false at the very end. */
  step(by) {
    const width = this.host.columns.length;
    const next = this.row * width + this.col + by;
    if (next < 0 || next >= width * this.cells.length) return false;
    this.select(Math.floor(next / width), next % width);
    return true;
  }

  // Editing: `mode` is null (moving), "replace" (typed over; arrows leave) or "caret" (F2; arrows move the caret)

  edit(mode, text) {
    const reason = this.host.locked(this.row, this.col);
    if (reason) {
      this.host.tell(reason);
      return;
    }
    this.mode = mode;
    if (text !== undefined) this.input.value = text;
    this.before = this.host.text(this.row, this.col);
    this.active.classList.add("editing");
    if (mode === "caret") this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  /** Leave the editor, keeping what was typed or going back to what was there. */
  finish(keep) {
    if (!this.mode) return;
    clearTimeout(this.pause);
    const { row, col, early, before } = this;
    const text = keep ? this.host.normalize(this.input.value) : before;
    this.mode = this.early = null;
    this.active.classList.remove("editing");
    this.input.value = "";
    if (keep || early) this.apply([{ row, col, text }], { join: early });
    this.host.typing(row, col, null);
  }

  typed() {
    if (!this.mode) this.edit("replace");
    if (!this.mode) {
      this.input.value = "";
      return;
    }
    this.host.typing(this.row, this.col, this.host.normalize(this.input.value));
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.saveEarly(), PAUSE);
  }

  /** A pause while typing saves a finished-looking value without leaving the editor. */
  saveEarly() {
    const text = this.host.normalize(this.input.value);
    if (!this.mode || this.composing || !this.host.early(text)) return;
    this.apply([{ row: this.row, col: this.col, text }], { join: this.early });
    this.early = true;
  }

  /** Hand changes to the host and remember them for undo; `join` continues the last step, the host gets `options` too. */
  async apply(changes, options = {}) {
    const { join = false } = options;
    const step = [];
    for (const { row, col, text } of changes) {
      const before = this.host.text(row, col);
      if (text !== before && !this.host.locked(row, col)) step.push({ row, col, text, before });
    }
    if (!step.length) return false;
    if (join && this.done.length) Object.assign(this.done[this.done.length - 1][0], { text: step[0].text });
    else this.remember(step);
    if ((await this.host.enter(step, options)) === false) {
      if (!join) this.done = this.done.filter((other) => other !== step);
      return false;
    }
    return true;
  }

  remember(step) {
    this.undone = [];
    this.done.push(step);
    if (this.done.length > UNDO_STEPS) this.done.shift();
  }

  /** Take the last step back as new changes, a whole paste at once. */
  async undo(from = this.done, to = this.undone, side = "before") {
    const step = from.pop();
    if (!step) {
      this.host.tell(from === this.done ? "没有可以撤销的操作。" : "没有可以重做的操作。");
      return;
    }
    const changes = step.map((change) => ({ row: change.row, col: change.col, text: change[side] }));
    this.select(step[0].row, step[0].col);
    if ((await this.host.enter(changes, { undo: true })) === false) from.push(step);
    else {
      to.push(step);
      this.host.tell(`已${side === "before" ? "撤销" : "重做"} ${step.length} 格。`);
    }
  }

  redo() {
    return this.undo(this.undone, this.done, "text");
  }

  clear() {
    const places = Array.from(this.places());
    const reasons = places.map(([row, col]) => this.host.locked(row, col)).filter(Boolean);
    if (reasons.length) this.host.tell(reasons[0]);
    return this.apply(places.map(([row, col]) => ({ row, col, text: "" })));
  }

  // Keys

  listen() {
    const { input, table } = this;
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("input", () => this.typed());
    input.addEventListener("compositionstart", () => { this.composing = true; if (!this.mode) this.edit("replace"); });
    input.addEventListener("compositionend", () => { this.composing = false; });
    input.addEventListener("blur", () => this.finish(true));
    input.addEventListener("focus", () => {
      this.leaving = false;
      if (!this.marked.length) this.select(this.row, this.col);
    });
    for (const name of ["copy", "cut", "paste"]) input.addEventListener(name, (event) => this[name](event));
    table.addEventListener("mousedown", (event) => this.press(event));
    table.addEventListener("mouseover", (event) => this.drag(event));
    table.addEventListener("dblclick", (event) => { if (this.cellOf(event)) this.openCaret(); });
    document.addEventListener("mouseup", () => { this.dragging = false; });
    document.addEventListener("visibilitychange", () => { if (document.hidden) this.finish(true); });
    window.addEventListener("pagehide", () => this.finish(true));
    window.addEventListener("resize", () => this.measure());
  }

  openCaret() {
    if (this.mode) this.mode = "caret";
    else this.edit("caret", this.host.text(this.row, this.col));
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const action = this.mode ? this.editKey(event) : this.moveKey(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  editKey(event) {
    const back = event.shiftKey ? -1 : 1;
    const leave = (then) => () => { this.finish(true); then(); };
    const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    if (event.key === "Enter") return leave(() => this.move(back, 0));
    if (event.key === "Tab") return leave(() => this.step(back));
    if (event.key === "Escape") return () => this.finish(false);
    if (event.key === "F2") return () => { this.mode = "caret"; };
    if (this.mode === "replace" && arrows[event.key]) return leave(() => this.move(...arrows[event.key]));
    if (this.mode === "caret" && /^Arrow(Up|Down)$/.test(event.key)) return () => {};
    return null;
  }

  moveKey(event) {
    const { key, shiftKey: shift } = event;
    const ctrl = event.ctrlKey || event.metaKey;
    if (event.altKey) return this.host.keys[`Alt+${key}`] || null;
    if (key === "Tab") return this.tabKey(shift);
    this.leaving = false;
    if (ctrl) return this.ctrlKey(key, shift);
    const last = this.host.columns.length - 1;
    const actions = {
      ArrowUp: () => this.move(-1, 0, shift), ArrowDown: () => this.move(1, 0, shift),
      ArrowLeft: () => this.move(0, -1, shift), ArrowRight: () => this.move(0, 1, shift),
      Enter: () => this.move(shift ? -1 : 1, 0),
      Home: () => this.select(this.row, 0, shift), End: () => this.select(this.row, last, shift),
      PageUp: () => this.move(-PAGE, 0, shift), PageDown: () => this.move(PAGE, 0, shift),
      F2: () => this.openCaret(), Delete: () => this.clear(), Backspace: () => this.clear(),
      Escape: () => { this.select(this.row, this.col); this.leaving = true; this.host.tell("按 Tab 离开表格。"); },
    };
    if (actions[key]) return actions[key];
    if (this.host.keys[key]) return () => this.host.keys[key](this);
    const reason = key.length === 1 && this.host.locked(this.row, this.col);
    return reason ? () => this.host.tell(reason) : null;
  }

  tabKey(shift) {
    const width = this.host.columns.length;
    const next = this.row * width + this.col + (shift ? -1 : 1);
    if (this.leaving || next < 0 || next >= width * this.cells.length) return null;
    return () => this.step(shift ? -1 : 1);
  }

  ctrlKey(key, shift) {
    const end = [this.cells.length - 1, this.host.columns.length - 1];
    const actions = {
      Home: () => this.select(0, 0, shift), End: () => this.select(...end, shift),
      ArrowUp: () => this.select(0, this.col, shift), ArrowDown: () => this.select(end[0], this.col, shift),
      ArrowLeft: () => this.select(this.row, 0, shift), ArrowRight: () => this.select(this.row, end[1], shift),
      a: () => { this.select(0, 0); this.select(...end, true); },
      z: () => (shift ? this.redo() : this.undo()), y: () => this.redo(),
    };
    return actions[key.length === 1 ? key.toLowerCase() : key] || null;
  }

  // Mouse

  cellOf(event) {
    const cell = event.target.closest("td");
    return cell?.place ? cell : null;
  }

  press(event) {
    const cell = this.cellOf(event);
    if (event.button !== 0 || !cell || (event.target === this.input && this.mode)) return;
    event.preventDefault();
    this.finish(true);
    this.select(...cell.place, event.shiftKey);
    this.dragging = true;
  }

  drag(event) {
    const cell = this.dragging && event.buttons === 1 && this.cellOf(event);
    if (cell && cell !== this.active) this.select(...cell.place, true);
  }

  // Clipboard

  copy(event) {
    if (this.mode) return;
    event.preventDefault();
    const { top, bottom, left, right } = this.range;
    const lines = [];
    for (let row = top; row <= bottom; row += 1) {
      const texts = [];
      for (let col = left; col <= right; col += 1) texts.push(quoted(this.host.text(row, col)));
      lines.push(texts.join("\t"));
    }
    event.clipboardData.setData("text/plain", lines.join("\r\n"));
    this.host.tell(`已复制 ${this.marked.length} 格。`);
  }

  cut(event) {
    if (this.mode) return;
    this.copy(event);
    this.clear();
  }

  paste(event) {
    const text = event.clipboardData.getData("text/plain");
    if (this.mode && !/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    this.finish(false);
    const block = parseBlock(text);
    if (!block.length) return;
    const lacking = this.range.top + block.length - this.cells.length;
    if (lacking > 0 && this.host.room) {
      this.host.room(lacking);
      this.drawAdded();
    }
    const plan = this.plan(block);
    const single = block.length === 1 && block[0].length === 1;
    const blocked = single && plan.locked.length === 1 ? plan.locked[0].reason : "";
    if (blocked) this.host.tell(blocked);
    else if (single && plan.changes.length <= 1) this.apply(plan.changes);
    else this.host.preview(plan);
  }

  /**
   * Where a pasted block would go: {changes, locked: [{row, col, text, reason}], same, blank, outside: {rows, cols, cells}}.
   * One value fills the whole range; blank cells leave what is there.
   */
  plan(block) {
    const { top, left, bottom, right } = this.range;
    const plan = { changes: [], locked: [], same: 0, blank: 0, outside: { rows: 0, cols: 0, cells: 0 } };
    if (block.length === 1 && block[0].length === 1) {
      block = Array.from({ length: bottom - top + 1 }, () => Array(right - left + 1).fill(block[0][0]));
    }
    const width = Math.max(...block.map((line) => line.length));
    plan.outside.rows = Math.max(0, top + block.length - this.cells.length);
    plan.outside.cols = Math.max(0, left + width - this.host.columns.length);
    block.forEach((line, down) => line.forEach((raw, across) => this.planCell(plan, top + down, left + across, raw)));
    return plan;
  }

  planCell(plan, row, col, raw) {
    const text = this.host.normalize(raw);
    const outside = row >= this.cells.length || col >= this.host.columns.length;
    if (text === "") plan.blank += outside ? 0 : 1;
    else if (outside) plan.outside.cells += 1;
    else if (text === this.host.text(row, col)) plan.same += 1;
    else if (this.host.locked(row, col)) plan.locked.push({ row, col, text, reason: this.host.locked(row, col) });
    else plan.changes.push({ row, col, text });
  }
}

/** The rows and cells of what Excel or WPS put on the clipboard: tabs, quoted cells with line breaks, a trailing newline. */
export function parseBlock(text) {
  const source = text.replace(/\0/g, "").replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n").replace(/\n$/, "");
  if (source === "") return [];
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"(?=[\t\n]|$)|([^\t\n]*))(\t|\n|$)/y;
  while (cell.lastIndex <= source.length) {
    const [, inQuotes, plain, end] = cell.exec(source);
    rows[rows.length - 1].push(inQuotes === undefined ? plain : inQuotes.replace(/""/g, '"'));
    if (end === "") break;
    if (end === "\n") rows.push([]);
  }
  return rows;
}

/** Half-width digits and signs, no spaces around, single spaces within. */
export function plainText(text) {
  return text.normalize("NFKC").replace(/\s+/g, " ").trim();
}

function quoted(text) {
  return /[\t\n"]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
