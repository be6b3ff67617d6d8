// What the score grid asks: the reason of 不适用, a pasted block before it is written, whose value counts.
import { el, openDialog } from "./dom.js";

const LISTED = 300;
const REASON_LENGTH = 300;

/** Ask why `count` cells are not applicable; the reason, or null. */
export async function askReason(where, count) {
  const reason = reasonField("again-reason");
  const mark = el("button", { className: "btn btn-primary", value: "ok" }, "标为不适用");
  const form = el("form", { method: "dialog" },
    el("p", {}, count > 1 ? `${where}等 ${count} 格将标为“不适用”：不计入得分，满分从基数中扣除。` : `${where}将标为“不适用”：不计入得分，满分从基数中扣除。`),
    el("div", { className: "field" }, el("label", { htmlFor: reason.id }, "原因（必填）"), reason),
    el("div", { className: "buttons" }, mark,
      el("button", { className: "btn", type: "button", onclick: () => dialog.close("") }, "取消")));
  reason.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit(mark);
  });
  const dialog = openDialog("不适用", form);
  const answer = await dialog.closed;
  return answer === "ok" && reason.value.trim() ? reason.value.trim() : null;
}

/**
 * Show what a paste would do and let it be written. `check()` asks the server and resolves to {accepted, refused: [{…, message}]};
 * `name(change)` says where a cell is. Resolves to {changes, reason} or null.
 */
export async function previewPaste(plan, { check, name, text, notApplicable }) {
  const body = el("div", { "aria-live": "polite" }, el("p", {}, `正在检查 ${plan.changes.length} 格……`));
  const write = el("button", { className: "btn btn-primary", type: "button", disabled: true, onclick: () => dialog.close("write") }, "写入");
  const buttons = el("div", { className: "buttons" }, write, el("button", { className: "btn", type: "button", onclick: () => dialog.close("") }, "取消"));
  const dialog = openDialog("粘贴预览", body, buttons);
  dialog.classList.add("paste-preview");
  const reason = reasonField("paste-reason");
  let accepted = [];
  const showWrite = () => {
    const needsReason = accepted.some(notApplicable) && !reason.value.trim();
    write.textContent = `写入 ${accepted.length} 格`;
    write.disabled = !accepted.length || needsReason;
  };
  reason.addEventListener("input", showWrite);
  const run = async () => {
    try {
      const result = await check(plan.changes);
      accepted = result.accepted;
      const refused = [...plan.locked.map((cell) => ({ ...cell, message: cell.reason })), ...result.refused];
      body.replaceChildren(...report(plan, accepted, refused, { name, text, reason, notApplicable }));
      showWrite();
      if (!write.disabled) write.focus();
    } catch (error) {
      body.replaceChildren(el("p", { className: "notice notice-red", role: "alert" }, error.message || "暂时连不上服务器，没有检查。"),
        el("button", { className: "btn", type: "button", onclick: run }, "重新检查"));
    }
  };
  run();
  return (await dialog.closed) === "write" ? { changes: accepted, reason: reason.value.trim() } : null;
}

function report(plan, accepted, refused, { name, text, reason, notApplicable }) {
  const parts = [el("p", {}, el("strong", {}, `将写入 ${accepted.length} 格`), `，不写入 ${refused.length} 格。`)];
  const notes = [];
  if (plan.same) notes.push(`${plan.same} 格与现有内容相同，不重复写入。`);
  if (plan.blank) notes.push(`${plan.blank} 个空白格保持原样，不会清空已有得分。`);
  if (plan.outside.rows || plan.outside.cols) notes.push(outsideWords(plan.outside));
  if (notes.length) parts.push(el("ul", {}, ...notes.map((note) => el("li", {}, note))));
  if (refused.length) {
    parts.push(el("h3", {}, `不写入的 ${refused.length} 格`),
      table(["位置", "粘贴内容", "原因"], refused.map((cell) => [name(cell), cell.text, cell.message])));
  }
  if (accepted.length) {
    parts.push(el("details", {}, el("summary", {}, `查看将写入的 ${accepted.length} 格`),
      table(["位置", "现有", "写入"], accepted.map((cell) => [name(cell), text(cell) || "未填", cell.text]))));
  }
  const count = accepted.filter(notApplicable).length;
  if (count) {
    parts.push(el("div", { className: "field" }, el("label", { htmlFor: reason.id }, `其中 ${count} 格为“不适用”，原因（必填）`), reason));
  }
  return parts;
}

function outsideWords({ rows, cols, cells }) {
  const where = [rows ? `下方 ${rows} 行` : "", cols ? `右侧 ${cols} 列` : ""].filter(Boolean).join("、");
  return `超出表格的部分不写入：${where}，共 ${cells} 格有内容。`;
}

function table(heads, lines) {
  const rows = lines.slice(0, LISTED).map((line) => el("tr", {}, ...line.map((text) => el("td", {}, text))));
  const more = lines.length > LISTED ? el("p", { className: "muted" }, `另有 ${lines.length - LISTED} 格未列出。`) : "";
  return el("div", { className: "preview-list", tabIndex: 0, role: "region", "aria-label": heads.join("、") },
    el("table", { className: "table" },
      el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, ...rows)), more);
}

function reasonField(id) {
  return el("textarea", { id, rows: 2, maxLength: REASON_LENGTH, required: true });
}

/** The box of cells that two people changed; it takes no focus from who is typing. */
export class ConflictBox {
  constructor(after, { name, mine, theirs }) {
    this.list = el("ul");
    this.title = el("h2", { id: "conflict-title" });
    this.all = el("div", { className: "buttons" });
    this.box = el("dialog", { className: "dialog grid-conflicts", "aria-labelledby": "conflict-title" }, this.title, this.list, this.all);
    after.after(this.box);
    Object.assign(this, { name, mine, theirs });
  }

  /** Show [{id, value, theirs, by}], or nothing where there are none. */
  show(conflicts) {
    const ids = conflicts.map((conflict) => `${conflict.id} ${conflict.value} ${conflict.theirs?.[1]}`).join("|");
    if (ids === this.shown) return;
    this.shown = ids;
    this.box.open = conflicts.length > 0;
    this.title.textContent = conflicts.length > 1 ? `${conflicts.length} 格与别人同时修改，请选择` : "这一格有人同时修改，请选择";
    this.list.replaceChildren(...conflicts.map((conflict) => this.line(conflict)));
    const everyone = (act) => () => conflicts.forEach((conflict) => act(conflict.id));
    this.all.hidden = conflicts.length < 2;
    this.all.replaceChildren(this.button("全部用我的", everyone(this.mine)), this.button("全部用对方的", everyone(this.theirs)));
  }

  line({ id, value, theirs, by }) {
    return el("li", { "data-conflict": id },
      el("p", {}, this.name(id)),
      el("p", {}, "我的 ", el("strong", {}, value || "未填"), ` / ${by || "对方"} `, el("strong", {}, theirs?.[0] || "未填")),
      el("div", { className: "buttons" }, this.button("用我的", () => this.mine(id)), this.button("用对方的", () => this.theirs(id))));
  }

  button(label, action) {
    return el("button", { className: "btn btn-small", type: "button", onclick: action }, label);
  }

  focus(id) {
    const line = Array.from(this.list.children).find((child) => child.getAttribute("data-conflict") === id);
    line?.querySelector("button").focus();
  }
}
