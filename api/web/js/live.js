// The one connection that brings news: frames come out as events of `live`, in order and without gaps.

import { renew } from "./api.js";

const FIRST_DELAY_MS = 500;
const LAST_DELAY_MS = 30_000;
const STAY_AWAY = 4500; // Close codes from here on say that trying again is of no use.

// Events: one for each type of frame, with the frame as `detail`; `up` and `down`; `gap` asks to load lists again.
export const live = new EventTarget();

let socket = null;
let last = null;
let delay = FIRST_DELAY_MS;
let again = 0;
let beat = 0;
let confirming = 0;
let isWanted = false;

export const isUp = () => socket?.readyState === WebSocket.OPEN;

export function connect() {
  isWanted = true;
  clearTimeout(again);
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = (socket = new WebSocket(`${scheme}://${location.host}/ws${last == null ? "" : `?after=${last}`}`));
  mine.onmessage = (message) => take(JSON.parse(message.data));
  mine.onclose = (closing) => { if (mine === socket) lost(closing.code); };
}

export function disconnect() {
  isWanted = false;
  last = null;
  clearTimeout(again);
  clearInterval(beat);
  socket?.close();
  socket = null;
}

// Send a frame if the connection is there; the caller keeps what was not sent.
export function send(frame) {
  if (!isUp()) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

function take(frame) {
  if (frame.type === "welcome") welcome(frame);
  if (frame.event != null && frame.type !== "welcome") got(frame.event);
  tell(frame.type, frame);
}

function welcome(frame) {
  delay = FIRST_DELAY_MS;
  const hasMissed = last != null && !frame.resumed;
  if (last == null || hasMissed) got(frame.event); // What came before is loaded by lists, and has arrived with them.
  clearInterval(beat);
  beat = setInterval(() => send({ type: "ping", t: Date.now() }), frame.ping_every * 1000);
  send({ type: "active", active: !document.hidden });
  tell("up", frame);
  if (hasMissed) tell("gap", frame);
}

// Say up to where everything has arrived, at most once a second.
function got(event) {
  last = Math.max(last ?? 0, event);
  confirming ||= setTimeout(() => {
    confirming = 0;
    send({ type: "got", event: last });
  }, 1000);
}

async function lost(code) {
  clearInterval(beat);
  if (!isWanted) return;
  if (code === 4501) location.reload();
  const wait = delay * (0.5 + Math.random());
  tell("down", { code, retryInMs: code < STAY_AWAY ? wait : null });
  if (code >= STAY_AWAY) return;
  delay = Math.min(delay * 2, LAST_DELAY_MS);
  again = setTimeout(() => come(code), wait);
}

async function come(code) {
  const hasSession = code !== 4401 || (await renew().catch(() => true));
  if (!isWanted) return;
  if (hasSession) connect();
  else tell("expired");
}

function tell(type, detail) {
  live.dispatchEvent(new CustomEvent(type, { detail }));
}

function hurry() {
  if (isWanted && !isUp() && socket?.readyState !== WebSocket.CONNECTING && !document.hidden) connect();
}

addEventListener("online", hurry);
document.addEventListener("visibilitychange", () => {
  send({ type: "active", active: !document.hidden });
  hurry();
});
