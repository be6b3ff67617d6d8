// Requests to the portal: CSRF token, a session that ended, signing in over the page.
import { el, openDialog } from "./dom.js";

const TIMEOUT = 30000;

/** The log-in ended: sign in and send the same again. */
export class SessionEnded extends Error {}

/** The server's final no: sending the same again would not help. */
export class Refused extends Error {}

/** The server could not be reached or was busy: the same may be sent again, not before `wait` seconds. */
export class Unreachable extends Error {
  constructor(message, wait = 0) {
    super(message);
    this.wait = wait;
  }
}

/** The CSRF token as the page carries it. */
export function token() {
  const meta = document.querySelector('meta[name="csrf-token"]');
  return meta ? meta.content : document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";
}

/** Fetch as a script: the answer, or SessionEnded, Refused or Unreachable. A 4xx in `accept` is an answer too. */
export async function request(url, { method = "GET", body = null, headers = {}, accept = [], signal = null } = {}) {
  const send = () => attempt(url, method, body, headers, signal);
  let response = await send();
  if (response.status === 403) {
    if (!(await renew())) throw new SessionEnded();
    response = await send();
  }
  if (response.type === "opaqueredirect" || response.status === 401) throw new SessionEnded();
  if (response.ok || accept.includes(response.status)) return response;
  const message = await messageOf(response);
  if (response.status >= 500 || response.status === 429 || response.status === 408) {
    throw new Unreachable(message, Number(response.headers.get("Retry-After")) || 0);
  }
  throw new Refused(message);
}

/** Read token and user anew from this page; the fresh page, or null where the log-in ended. */
export async function renew() {
  const response = await attempt(window.location.href, "GET", null, { Accept: "text/html" });
  if (response.status >= 500) throw new Unreachable(await messageOf(response));
  if (response.type === "opaqueredirect" || !response.ok) return null;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh =
    page.querySelector('meta[name="csrf-token"]')?.content || page.querySelector("input[name=csrfmiddlewaretoken]")?.value;
  if (fresh) setToken(fresh);
  return page;
}

/** Sign in over the page. Resolves to true once `accepts(page)` finds the renewed page in order, false if put off. */
export async function signIn(loginUrl, unsaved, accepts = () => "") {
  const note = el("p", { className: "field-error error", role: "alert" });
  const username = el("input", { id: "again-username", name: "username", autocomplete: "username", required: true });
  const password = el("input", { id: "again-password", name: "password", type: "password", autocomplete: "current-password", required: true });
  const button = el("button", { className: "btn btn-primary" }, "登录并继续");
  const form = el("form", { className: "form" },
    el("p", {}, unsaved ? `有 ${unsaved} 格还没有保存。填写的内容都在，登录后自动保存。` : "页面内容都在，登录后可以继续。"),
    el("div", { className: "field" }, el("label", { htmlFor: username.id }, "用户名"), username),
    el("div", { className: "field" }, el("label", { htmlFor: password.id }, "密码"), password),
    note,
    el("div", { className: "buttons" }, button, el("button", { className: "btn", type: "button", onclick: () => dialog.close("") }, "稍后"),
      el("a", { href: loginUrl, target: "_blank", rel: "noopener" }, "在新窗口登录")));
  const dialog = openDialog("登录已过期", form);
  const again = async () => {
    const page = await renew();
    if (!page) return "登录没有成功，请重试。";
    const problem = accepts(page);
    if (!problem) dialog.close("in");
    return problem;
  };
  const elsewhere = () => { if (!document.hidden) again().catch(() => {}); };
  document.addEventListener("visibilitychange", elsewhere);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    note.textContent = "";
    try {
      note.textContent = (await logIn(loginUrl, username.value, password.value)) || (await again());
    } catch {
      note.textContent = "暂时连不上服务器，请稍后再试。";
    }
    button.disabled = false;
    if (note.textContent) password.select();
  });
  const result = await dialog.closed;
  document.removeEventListener("visibilitychange", elsewhere);
  return result === "in";
}

/** Post the log-in form with a token of its own page; "" or why not. */
async function logIn(loginUrl, username, password) {
  const page = await attempt(loginUrl, "GET", null, { Accept: "text/html" });
  if (page.type === "opaqueredirect") return "";
  const parsed = new DOMParser().parseFromString(await page.text(), "text/html");
  const body = new FormData();
  body.set("csrfmiddlewaretoken", parsed.querySelector("input[name=csrfmiddlewaretoken]")?.value || "");
  body.set("username", username);
  body.set("password", password);
  const answer = await attempt(loginUrl, "POST", body, { Accept: "text/html" }, null, body.get("csrfmiddlewaretoken"));
  if (answer.type === "opaqueredirect") return "";
  const refused = new DOMParser().parseFromString(await answer.text(), "text/html");
  const errors = refused.querySelectorAll("main [role=alert] li, main .errorlist li, main .error");
  return Array.from(errors, (node) => node.textContent.trim()).find(Boolean) || "登录没有成功，请重试。";
}

async function attempt(url, method, body, headers, signal = null, csrf = null) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT);
  signal?.addEventListener("abort", () => abort.abort());
  if (body instanceof FormData && csrf === null) body.set("csrfmiddlewaretoken", token());
  try {
    return await fetch(url, {
      method, body, signal: abort.signal, redirect: "manual", credentials: "same-origin",
      keepalive: typeof body === "string" && body.length < 30000,
      headers: { Accept: "application/json", ...(method === "POST" ? { "X-CSRFToken": csrf || token() } : {}), "X-Requested-With": "fetch", ...headers },
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Unreachable("暂时连不上服务器。");
  } finally {
    clearTimeout(timer);
  }
}

async function messageOf(response) {
  try {
    return (await response.clone().json()).message;
  } catch {
    if (response.status === 403) return "您没有这项操作的权限。";
    if (response.status === 404) return "找不到这一页：可能已被删除，或不在您的权限范围内。";
    return `服务器没有接受（${response.status}），请刷新页面后重试。`;
  }
}

function setToken(fresh) {
  const meta = document.querySelector('meta[name="csrf-token"]');
  if (meta) meta.content = fresh;
  for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = fresh;
}
