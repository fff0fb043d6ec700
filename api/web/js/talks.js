// Conversations as the page knows them: loaded once, then kept by news; how much is unread, and who is there.

import { get, put } from "./api.js";
import { isUp, live, send } from "./live.js";
import { me, session } from "./session.js";

const AT_ONCE = 100;

// Events: `changed` when a conversation, its unread messages or somebody's presence changed.
export const talks = new EventTarget();
export const known = { isLoaded: false, problem: null };

const cards = new Map();
let loading = null;
let isStale = false;

export const find = (peerId) => cards.get(peerId);
export const unread = () => [...cards.values()].reduce((sum, card) => sum + card.unread, 0);

// All in which something was written, the latest first.
export function all() {
  return [...cards.values()].filter((card) => card.last_message).sort((one, other) => other.last_message.id - one.last_message.id);
}

// Load the list; what is written meanwhile is asked for once more.
export function load() {
  loading ??= walk().finally(() => {
    loading = null;
    if (isStale) load();
  });
  return loading;
}

async function walk() {
  isStale = false;
  const owner = me()?.id;
  try {
    const found = await get("/conversations", { query: { limit: AT_ONCE } });
    if (me()?.id !== owner) return;
    for (const card of found.data) keep(card);
    Object.assign(known, { isLoaded: true, problem: null });
  } catch (problem) {
    known.problem = problem;
  }
  tell();
}

// Load one conversation, also one in which nothing was written yet.
export async function look(peerId, options) {
  keep(await get(`/conversations/${peerId}`, options));
  tell();
  return cards.get(peerId);
}

function keep(card) {
  cards.set(card.user.id, { ...cards.get(card.user.id), ...card });
}

// Say that a person's messages have been read up to one.
export function markRead(peerId, upto) {
  const card = cards.get(peerId);
  if (card) card.unread = 0;
  tell();
  if (!send({ type: "read", peer_id: peerId, upto })) put(`/conversations/${peerId}/read`, { upto }).catch(() => null);
}

// Take a message that came, or that this page has sent.
export function take(message) {
  const isMine = message.sender_id === me()?.id;
  const peerId = isMine ? message.recipient_id : message.sender_id;
  const card = cards.get(peerId);
  if (loading) isStale = true;
  if (!card) return look(peerId).catch(() => null);
  if (message.id <= (card.last_message?.id ?? 0)) return null;
  card.last_message = message;
  if (!isMine && !message.read_at) card.unread += 1;
  if (card.presence === null) look(peerId).catch(() => null);
  return tell();
}

function tell() {
  talks.dispatchEvent(new Event("changed"));
}

live.addEventListener("message", ({ detail }) => take(detail.message));
live.addEventListener("read", ({ detail: { by, peer_id: peerId } }) => {
  if (by === "me" && cards.get(peerId)?.unread) look(peerId).catch(() => null);
});
live.addEventListener("presence", ({ detail }) => {
  const card = cards.get(detail.user_id);
  if (!card) return;
  Object.assign(card, { presence: detail.state, lastSeen: detail.last_seen });
  tell();
});
live.addEventListener("up", load); // Of those who are there the connection tells; of those who left nobody does.
live.addEventListener("gap", load);
session.addEventListener("changed", () => {
  if (me() && !known.isLoaded && isUp()) load();
  if (me()) return;
  cards.clear();
  Object.assign(known, { isLoaded: false, problem: null });
});
