// Requests to the API: JSON in and out, problems as errors, and a session that is renewed when it runs out.

// What the API refused, by the fields of its answer; `status` is 0 when no answer came.
export class Problem extends Error {
  constructor(status, body = {}, retryAfter = null) {
    super(body.detail || body.title || (status ? `The server answered ${status}.` : "The server cannot be reached."));
    this.status = status;
    this.code = body.code ?? (status ? "unknown" : "unreachable");
    this.errors = body.errors ?? [];
    this.retryAfter = retryAfter;
  }
}

// What to do when the session is over: a promise that is kept when somebody has signed in again.
export const gate = { signIn: () => Promise.reject(new Problem(401, { code: "unauthenticated" })) };
const RENEWED = "sheaf.renewed";

export const get = (path, options) => request("GET", path, options);
export const post = (path, json, options) => request("POST", path, { json, ...options });
export const put = (path, json, options) => request("PUT", path, { json, ...options });
export const patch = (path, json, options) => request("PATCH", path, { json, ...options });
export const remove = (path, options) => request("DELETE", path, options);

// Answer with what the API answers; raises Problem, and AbortError by `signal`. `as: "response"` gives the answer whole.
export async function request(method, path, { json, body, query, headers, signal, as, anonymous = false } = {}) {
  const asked = performance.timeOrigin + performance.now();
  const answer = await send(method, path, { json, body, query, headers, signal });
  if (answer.status === 401 && !anonymous) {
    if (!(await renew(asked))) await gate.signIn();
    return request(method, path, { json, body, query, headers, signal, as, anonymous: true });
  }
  if (!answer.ok) throw await problem(answer);
  if (as === "response") return answer;
  if (answer.status === 204) return null;
  return answer.headers.get("Content-Type")?.includes("json") ? answer.json() : answer.text();
}

async function send(method, path, { json, body, query, headers = {}, signal }) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value != null && value !== "");
  const search = given.length ? `?${new URLSearchParams(given)}` : "";
  const content = json === undefined ? body : JSON.stringify(json);
  const typed = json === undefined ? headers : { "Content-Type": "application/json", ...headers };
  try {
    return await fetch(path + search, { method, body: content, headers: { Accept: "application/json", ...typed }, signal });
  } catch (error) {
    throw error.name === "AbortError" ? error : new Problem(0);
  }
}

async function problem(answer) {
  const wait = Number(answer.headers.get("Retry-After"));
  return new Problem(answer.status, await answer.json().catch(() => ({})), wait || null);
}

let renewing = null;

// Renew the session's cookies, once for all requests and all tabs; false when there is no session any more.
export function renew(since = Date.now()) {
  renewing ??= alone(async () => {
    if (Number(localStorage.getItem(RENEWED)) > since) return true; // Another tab has just done it.
    const answer = await send("POST", "/session/refresh", {});
    if (answer.status >= 500 || answer.status === 429) throw await problem(answer);
    if (answer.ok) localStorage.setItem(RENEWED, String(Date.now()));
    return answer.ok;
  }).finally(() => { renewing = null; });
  return renewing;
}

// Browsers have locks between tabs on secure origins only; elsewhere the server forgives two renewals at once.
function alone(work) {
  return navigator.locks ? navigator.locks.request("sheaf.session", work) : work();
}
