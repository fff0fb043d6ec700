// The queue of uploads: checked first, sent three at a time, tried again when the connection breaks, followed to the end.

import { gate, get, Problem, renew } from "./api.js";
import { all, documents, find, put } from "./documents.js";
import { size } from "./dom.js";
import { session } from "./session.js";

const AT_ONCE = 3;
const HEAD = 1024; // Where the API looks for the mark of a PDF.
const HASHED = 50e6;
const TRIES = 8;
const FIRST_DELAY_MS = 800;
const LAST_DELAY_MS = 30_000;
const SENT = 0.2; // The part of the bar that sending takes; reading has the rest.
const WORTH_ANOTHER_TRY = new Set([0, 408, 429, 502, 503, 504]);

// Events: `changed` with the entry as `detail`, `added`, and `settled` when nothing is under way any more.
export const uploads = new EventTarget();

// Each is `{key, name, size, state, share, note, problem, id}`; the states are waiting, checking, sending, reading and
// ready, locked (it needs a password), refused, failed, cancelled, known (the same file is here already).
export const entries = [];

const ENDS = new Set(["ready", "locked", "refused", "failed", "cancelled", "known"]);
export const isOver = (entry) => ENDS.has(entry.state);
let limits = null;

// Queue files; each entry's `sent` is kept with the document, or null when it did not get that far.
export function add(files) {
  const made = [...files].map(entryOf);
  entries.push(...made);
  limits = get("/limits").catch(() => null);
  uploads.dispatchEvent(new CustomEvent("added", { detail: made }));
  next();
  return made;
}

function entryOf(file) {
  const entry = { key: key(), file, name: file.name, size: file.size, state: "waiting", share: 0, note: "", problem: null, id: null };
  entry.sent = new Promise((resolve) => { entry.arrive = resolve; });
  return entry;
}

// Random and printable; `crypto.randomUUID` is missing on plain http.
function key() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function next() {
  const busy = entries.filter((entry) => entry.state === "checking" || entry.state === "sending").length;
  const waiting = entries.filter((entry) => entry.state === "waiting").slice(0, AT_ONCE - busy);
  for (const entry of waiting) run(entry).finally(next);
}

async function run(entry) {
  set(entry, { state: "checking" });
  const fault = entry.isChecked ? null : await check(entry).catch(() => unreadable());
  if (isOver(entry)) return;
  if (fault) return end(entry, fault);
  entry.isChecked = true;
  set(entry, { state: "sending" });
  try {
    const document = await insist(entry);
    arrived(entry, document);
  } catch (problem) {
    if (isOver(entry)) return;
    end(entry, { state: problem.status >= 400 && problem.status < 500 ? "refused" : "failed", problem });
  }
}

const refused = (code, sentence) => ({ state: "refused", problem: new Problem(400, { code, detail: sentence }) });
const unreadable = () => refused("unreadable_file", "This file cannot be read from your disk. Choose it again.");

// Say what is wrong with a file before a byte of it is sent; null when nothing is.
async function check(entry) {
  const { file } = entry;
  if (!file.size) return refused("empty_file", "The file is empty.");
  const allowed = await limits;
  const most = allowed?.max_upload_bytes ?? Infinity;
  if (file.size > most) return refused("file_too_large", `The file has ${size(file.size)}; ${size(most)} are allowed here. Split it, or ask the administrator for more.`);
  const head = new TextDecoder("latin1").decode(await file.slice(0, HEAD).arrayBuffer());
  if (!head.includes("%PDF-")) return refused("not_a_pdf", "Only PDF files allowed.");
  const { storage, storage_used: used } = allowed?.quota ?? {};
  if (storage != null && used + file.size > storage) return refused("quota_exceeded", "Your storage is full.");
  return twin(file);
}

async function twin(file) {
  if (!crypto.subtle || file.size > HASHED) return null;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const same = all().find((card) => card.sha256 === sha256 && !["failed", "canceled"].includes(card.status));
  return same ? { state: "known", id: same.id } : null;
}

// Send a file until it has arrived: broken connections and busy servers are tried again, later and later.
async function insist(entry) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await send(entry);
    } catch (problem) {
      if (problem.status === 401) {
        if (!(await renew())) await gate.signIn();
      } else if (!WORTH_ANOTHER_TRY.has(problem.status) || tries === TRIES || isOver(entry)) {
        throw problem;
      } else {
        await pause(entry, problem, tries);
      }
      if (isOver(entry)) throw problem;
      set(entry, { note: "" });
    }
  }
}

async function pause(entry, problem, tries) {
  const backoff = Math.min(FIRST_DELAY_MS * 2 ** (tries - 1), LAST_DELAY_MS) * (0.75 + Math.random() / 2);
  const wait = Math.max(backoff, 1000 * (problem.retryAfter ?? 0));
  const why = problem.status ? "The server is busy" : "The connection broke";
  set(entry, { note: `${why}; trying again in ${Math.ceil(wait / 1000)} s (${tries} of ${TRIES - 1})` });
  await new Promise((resolve) => {
    entry.hurry = resolve;
    setTimeout(resolve, wait);
    addEventListener("online", resolve, { once: true });
  });
}

// `fetch` does not tell how much of a body has left; XMLHttpRequest does.
function send(entry) {
  const body = new FormData();
  body.append("file", entry.file, entry.name);
  if (localStorage.getItem("sheaf.notify")) body.append("notify", "email");
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    entry.stop = () => sending.abort();
    sending.open("POST", "/documents");
    sending.setRequestHeader("Accept", "application/json");
    sending.setRequestHeader("Idempotency-Key", entry.key);
    sending.upload.onprogress = ({ loaded, total }) => {
      set(entry, { share: Math.max(entry.share, (SENT * loaded) / total), left: left(started, loaded, total) });
    };
    sending.onload = () => (sending.status < 300 ? resolve(JSON.parse(sending.responseText)) : reject(refusal(sending)));
    sending.onerror = () => reject(new Problem(0));
    sending.onabort = () => reject(new DOMException("Cancelled.", "AbortError"));
    sending.send(body);
  });
}

// Seconds until all has left, once that can be guessed; null before.
function left(started, loaded, total) {
  const seconds = (Date.now() - started) / 1000;
  return seconds > 2 && loaded < total ? (seconds * (total - loaded)) / loaded : null;
}

function refusal(sending) {
  let body = {};
  try {
    body = JSON.parse(sending.responseText);
  } catch { /* A proxy's answer, in HTML. */ }
  return new Problem(sending.status, body, Number(sending.getResponseHeader("Retry-After")) || null);
}

function arrived(entry, document) {
  put(document);
  entry.arrive(document);
  if (document.duplicate) return end(entry, { state: "known", id: document.id });
  set(entry, { state: "reading", id: document.id, share: Math.max(entry.share, SENT), left: null });
  follow(entry);
}

// Move a bar on by what is known of its document; it never goes back.
function follow(entry) {
  const card = find(entry.id);
  if (!card) return end(entry, { state: "cancelled" });
  const { pages_done: done, pages_failed: failed, pages_total: total } = card.job.progress;
  if (card.job.done) return end(entry, outcome(card));
  const share = SENT + (1 - SENT) * (total ? (done + failed) / total : 0);
  set(entry, { share: Math.max(entry.share, Math.min(share, 0.99)), note: total ? `page ${done + failed} of ${total}` : "" });
}

function outcome({ status, job }) {
  if (status === "failed") return { state: /^password_/.test(job.error?.code) ? "locked" : "failed", problem: job.error };
  return status === "canceled" ? { state: "cancelled" } : { state: "ready", share: 1 };
}

function end(entry, values) {
  set(entry, { note: "", left: null, ...values });
  entry.arrive(null);
  if (entries.every(isOver)) uploads.dispatchEvent(new Event("settled"));
}

function set(entry, values) {
  Object.assign(entry, values);
  uploads.dispatchEvent(new CustomEvent("changed", { detail: entry }));
}

// Stop a file that has not arrived yet; one that has is stopped as a document.
export function cancel(entry) {
  if (isOver(entry) || entry.state === "reading") return;
  end(entry, { state: "cancelled" });
  entry.stop?.();
  entry.hurry?.();
}

// Send a file once more after a failure.
export function again(entry) {
  Object.assign(entry, { key: key(), state: "waiting", share: 0, problem: null, id: null });
  set(entry, {});
  next();
}

export function dismiss(which = isOver) {
  entries.splice(0, entries.length, ...entries.filter((entry) => !which(entry)));
  uploads.dispatchEvent(new CustomEvent("changed", {}));
}

function followAll() {
  for (const entry of entries) {
    const isUnlocked = entry.state === "locked" && find(entry.id)?.status !== "failed";
    if (isUnlocked) set(entry, { state: "reading", problem: null });
    if (entry.state === "reading") follow(entry);
  }
}

documents.addEventListener("changed", followAll);
documents.addEventListener("listed", followAll);
session.addEventListener("changed", () => {
  for (const entry of entries) cancel(entry);
  dismiss(() => true);
});
addEventListener("beforeunload", (leaving) => {
  if (entries.some((entry) => ["waiting", "checking", "sending"].includes(entry.state))) leaving.preventDefault();
});
