// The messages of one conversation: loaded backwards, kept by news, with how far the other one has got and read them.

import { get } from "../../api.js";
import { live } from "../../live.js";
import { me } from "../../session.js";
import { outbox } from "../../outbox.js";

const AT_ONCE = 50;

// Events: `changed`; `came` with a message of the other one as `detail`.
export class History extends EventTarget {
  constructor({ peerId, signal }) {
    super();
    Object.assign(this, { peerId, signal, isWhole: false, problem: null, loading: null });
    this.byId = new Map();
    live.addEventListener("message", ({ detail }) => this.take(detail.message), { signal });
    outbox.addEventListener("sent", ({ detail }) => this.take(detail), { signal });
    for (const type of ["delivered", "read"]) live.addEventListener(type, ({ detail }) => this.receipt(type, detail), { signal });
    live.addEventListener("gap", () => { this.byId.clear(); this.isWhole = false; this.older(); }, { signal });
  }

  // In the order in which they were written.
  get messages() {
    return [...this.byId.values()].sort((one, other) => one.id - other.id);
  }

  isOfTalk({ sender_id: from, recipient_id: to }) {
    const mine = me()?.id;
    return (from === mine && to === this.peerId) || (from === this.peerId && to === mine);
  }

  take(message) {
    if (!this.isOfTalk(message)) return;
    const isNew = !this.byId.has(message.id);
    this.byId.set(message.id, { ...message, ...receipts(this.byId.get(message.id), message) });
    this.tell("changed");
    if (isNew && message.sender_id === this.peerId && this.peerId !== me().id) this.tell("came", message);
  }

  receipt(type, { peer_id: peerId, by, upto }) {
    if (peerId !== this.peerId || by === "me") return;
    const now = new Date().toISOString();
    for (const message of this.byId.values()) {
      if (message.sender_id !== me().id || message.id > upto) continue;
      message.delivered_at ??= now;
      if (type === "read") message.read_at ??= now;
    }
    this.tell("changed");
  }

  // Load what is before the first message that is known; at first the latest.
  older() {
    if (this.isWhole) return Promise.resolve();
    this.loading ??= this.walk().finally(() => { this.loading = null; });
    return this.loading;
  }

  async walk() {
    const first = this.messages[0]?.id;
    try {
      const found = await get("/messages", { query: { with: this.peerId, limit: AT_ONCE, before: first }, signal: this.signal });
      for (const message of found.data) this.byId.set(message.id, { ...message, ...receipts(this.byId.get(message.id), message) });
      this.isWhole = found.next === null;
      this.problem = null;
    } catch (problem) {
      if (problem.name === "AbortError") return;
      this.problem = problem;
    }
    this.tell("changed");
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// A receipt that was heard is not taken back by an answer that left the server before it.
function receipts(known, message) {
  return {
    delivered_at: message.delivered_at ?? known?.delivered_at ?? null,
    read_at: message.read_at ?? known?.read_at ?? null,
  };
}
