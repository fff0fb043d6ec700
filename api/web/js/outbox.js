// Messages on their way: kept until the server has stored them, and sent again under the same id after every cut.

import { live, isUp, send } from "./live.js";
import { me, session } from "./session.js";
import { take } from "./talks.js";

const AT_ONCE = 8;
const PATIENCE_MS = 15_000;

// Events: `changed` with the id of the person as `detail`, `sent` with the message that was stored.
export const outbox = new EventTarget();

// Each is `{clientId, peerId, content, documentId, file, share, state, problem, at}`; the states are uploading, waiting,
// sending and failed.
const entries = new Map();

export const pending = (peerId) => [...entries.values()].filter((entry) => entry.peerId === peerId);

// Write to somebody; a `file` is uploaded first and shared by the message.
export function post(peerId, { content, documentId = null, file = null }) {
  const entry = { clientId: uuid(), peerId, content, documentId, file, state: "waiting", problem: null, at: new Date().toISOString() };
  entries.set(entry.clientId, entry);
  if (file) upload(entry);
  else set(entry, {});
  return entry;
}

export function retry(entry) {
  entry.problem = null;
  if (entry.file && !entry.documentId) upload(entry);
  else set(entry, { state: "waiting" });
}

export function discard(entry) {
  entries.delete(entry.clientId);
  tell(entry);
}

async function upload(entry) {
  set(entry, { state: "uploading", share: 0 });
  const { add, uploads } = await import("./uploads.js");
  const [sending] = add([entry.file]);
  const follow = ({ detail }) => { if (detail === sending) set(entry, { share: sending.share }); };
  uploads.addEventListener("changed", follow);
  const document = await sending.sent;
  uploads.removeEventListener("changed", follow);
  const id = document?.id ?? (sending.state === "known" ? sending.id : null);
  if (id) set(entry, { state: "waiting", documentId: id });
  else set(entry, { state: "failed", problem: sending.problem ?? { message: "The upload was stopped." } });
}

function set(entry, values) {
  if (!entries.has(entry.clientId)) return;
  Object.assign(entry, values);
  pump();
  tell(entry);
}

// Send what waits, in order and a few at a time: a flood would end the connection.
function pump() {
  const all = [...entries.values()];
  const under = all.filter((entry) => entry.state === "sending").length;
  for (const entry of all.filter((one) => one.state === "waiting").slice(0, Math.max(0, AT_ONCE - under))) dispatch(entry);
}

function dispatch(entry) {
  const { clientId, peerId, content, documentId } = entry;
  const isSent = isUp() && send({ type: "send", client_id: clientId, recipient_id: peerId, content, document_id: documentId });
  if (!isSent) return;
  entry.state = "sending";
  clearTimeout(entry.timer);
  entry.timer = setTimeout(() => { if (entry.state === "sending") set(entry, { state: "waiting" }); }, PATIENCE_MS);
}

function stored(clientId, fields) {
  const entry = entries.get(clientId);
  if (!entry) return;
  clearTimeout(entry.timer);
  entries.delete(clientId);
  const { peerId, content, documentId } = entry;
  const message = {
    sender_id: me().id, recipient_id: peerId, content, document_id: documentId, client_id: clientId,
    delivered_at: null, read_at: null, ...fields,
  };
  take(message);
  outbox.dispatchEvent(new CustomEvent("sent", { detail: message }));
  pump();
}

function refused({ client_id: clientId, code, detail, retry_after: wait }) {
  const entry = entries.get(clientId);
  if (!entry) return;
  clearTimeout(entry.timer);
  if (wait == null) return set(entry, { state: "failed", problem: { code, message: detail } });
  entry.timer = setTimeout(() => set(entry, { state: "waiting" }), wait * 1000);
}

function tell(entry) {
  outbox.dispatchEvent(new CustomEvent("changed", { detail: entry.peerId }));
}

// As `crypto.randomUUID`, which is missing on plain http.
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

live.addEventListener("ack", ({ detail }) => stored(detail.client_id, { id: detail.message_id, sent_at: detail.sent_at }));
live.addEventListener("message", ({ detail: { message } }) => stored(message.client_id, message));
live.addEventListener("error", ({ detail }) => refused(detail));
live.addEventListener("up", () => {
  for (const entry of entries.values()) if (entry.state === "sending") entry.state = "waiting";
  pump();
});
session.addEventListener("changed", () => { if (!me()) entries.clear(); });
addEventListener("beforeunload", (leaving) => {
  if ([...entries.values()].some((entry) => entry.state !== "failed")) leaving.preventDefault();
});
