// One conversation: who it is with, what was written, and the place to write.

import { count, h, icon, keyed } from "../../dom.js";
import { isUp, live } from "../../live.js";
import { discard, outbox, pending, retry } from "../../outbox.js";
import { link } from "../../router.js";
import { me } from "../../session.js";
import { find, markRead, talks } from "../../talks.js";
import { fill, lines, make } from "./bubbles.js";
import { Composer } from "./composer.js";
import { History } from "./history.js";
import { face, state } from "./presence.js";

const BOTTOM = 40; // So near to the end counts as there.
const TOP = 300;

export class Talk {
  constructor({ card, documentId, signal }) {
    Object.assign(this, { peer: card.user, signal, unseen: 0, isAtEnd: true });
    this.isOwn = card.user.id === me().id;
    this.hasUnread = card.unread > 0;
    this.history = new History({ peerId: card.user.id, signal });
    this.composer = new Composer({ peer: card.user, documentId, signal });
    this.draw();
    this.attend();
    this.drawHead();
    this.history.older();
  }

  draw() {
    this.head = h("header", {});
    this.above = h("p", { class: "soft above", role: "status" }, "Loading …");
    this.log = h("ol", { class: "messages" });
    this.scroller = h("div", { class: "log", role: "log", tabindex: "0", "aria-label": `Messages with ${this.peer.name}` }, this.above, this.log);
    this.latest = h("button", { type: "button", class: "latest", hidden: true, onclick: () => this.toEnd() }, icon("down"), h("span", {}));
    this.typing = h("p", { class: "soft typing", "aria-live": "polite" });
    this.offline = h("p", { class: "soft waits", role: "status", hidden: true }, "Messages will be sent when you are back.");
    const foot = h("div", { class: "foot" }, this.latest, this.typing, this.offline, this.composer.element);
    this.element = h("article", { class: "talk", "data-takes-files": true }, this.head, this.scroller, foot);
  }

  attend() {
    const { signal, history, peer } = this;
    const changed = () => this.show();
    history.addEventListener("changed", changed, { signal });
    history.addEventListener("came", () => this.came(), { signal });
    outbox.addEventListener("changed", ({ detail }) => { if (detail === peer.id) this.posted(); }, { signal });
    talks.addEventListener("changed", () => this.drawHead(), { signal });
    live.addEventListener("typing", ({ detail }) => { if (detail.peer_id === peer.id) this.isTyping(detail.for_ms); }, { signal });
    for (const type of ["up", "down"]) live.addEventListener(type, () => this.drawHead(), { signal });
    for (const type of ["focus", "visibilitychange"]) addEventListener(type, () => this.see(), { signal, capture: true });
    this.scroller.addEventListener("scroll", () => { this.isAtEnd = this.left < BOTTOM; this.moved(); }, { signal, passive: true });
    this.keepEnd();
    this.takeFiles();
  }

  takeFiles() {
    const { element, signal } = this;
    const light = (isOver) => element.classList.toggle("dropping", isOver);
    element.addEventListener("dragover", (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      light(true);
    }, { signal });
    element.addEventListener("dragleave", (event) => { if (!element.contains(event.relatedTarget)) light(false); }, { signal });
    element.addEventListener("drop", (event) => {
      event.preventDefault();
      light(false);
      this.composer.attachFiles(event.dataTransfer.files);
    }, { signal });
  }

  drawHead() {
    const card = find(this.peer.id) ?? { user: this.peer };
    const known = [card.presence, card.active, card.lastSeen, isUp()].join();
    if (known === this.headed) return;
    this.headed = known;
    this.head.replaceChildren(
      h("a", { class: "button bare back", href: link("/chat"), "aria-label": "All conversations" }, icon("left")),
      face({ ...card, presence: this.isOwn ? null : card.presence }),
      h("div", {}, h("h2", {}, this.isOwn ? "Notes to yourself" : card.user.name), h("p", { class: "soft" }, this.isOwn ? "" : state(card))));
    this.offline.hidden = isUp();
    this.composer.close(card.active === false ? `${card.user.name}’s account is switched off, so nothing can be written to it.` : null);
  }

  get left() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
  }

  // Whoever is at the end stays there when a picture arrives or the place to write grows.
  keepEnd() {
    const observer = new ResizeObserver(() => { if (this.isAtEnd) this.toEnd(); });
    observer.observe(this.log);
    observer.observe(this.scroller);
    this.signal.addEventListener("abort", () => observer.disconnect());
  }

  // Draw what is known, and keep the place: at the end, or at the message that was being looked at.
  show() {
    const { scroller, history } = this;
    const below = scroller.scrollHeight - scroller.scrollTop;
    const messages = history.messages;
    const isLonger = messages[0]?.id !== this.firstId;
    this.firstId = messages[0]?.id;
    if (this.hasUnread && messages.length) this.findNew(messages);
    const drawn = lines(messages, { pending: pending(this.peer.id), firstNewId: this.firstNewId });
    const context = { peer: this.peer, act: { retry, discard }, signal: this.signal };
    keyed(this.log, drawn, { key: (line) => line.key, make, update: (element, line) => fill(element, line, context) });
    this.drawAbove(messages);
    if (this.isAtEnd) this.toEnd();
    else if (isLonger) scroller.scrollTop = scroller.scrollHeight - below;
    this.isShown = true;
    this.see();
    this.moved();
  }

  // The line before what is new stays where it was when the conversation was opened.
  findNew(messages) {
    this.hasUnread = false;
    this.firstNewId = messages.find((message) => message.sender_id === this.peer.id && !message.read_at)?.id;
  }

  drawAbove(messages) {
    const { history } = this;
    const again = () => h("button", { type: "button", class: "link", onclick: () => history.older() }, "Try again");
    if (history.problem) this.above.replaceChildren(`${history.problem.message} `, again());
    else if (!history.isWhole) this.above.replaceChildren("Loading …");
    else this.above.replaceChildren(messages.length ? "This is the beginning." : `Nothing was written yet. Say hello${this.isOwn ? " to yourself" : ` to ${this.peer.name}`}.`);
  }

  moved() {
    if (this.isAtEnd) this.see();
    if (this.scroller.scrollTop < TOP && this.isShown && !this.history.problem) this.history.older();
    this.latest.hidden = this.isAtEnd;
    this.latest.querySelector("span").textContent = this.unseen ? count(this.unseen, "new message") : "Latest";
  }

  came() {
    if (!this.isAtEnd) this.unseen += 1;
    this.isTyping(0);
    this.moved();
  }

  posted() {
    const grew = pending(this.peer.id).length > (this.waiting ?? 0);
    this.waiting = pending(this.peer.id).length;
    this.show();
    if (grew) this.toEnd();
  }

  toEnd() {
    this.isAtEnd = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  // What stands before somebody's eyes has been read.
  see() {
    if (document.hidden || !document.hasFocus() || !this.isAtEnd || !this.isShown) return;
    this.unseen = 0;
    const last = this.history.messages.findLast((message) => message.sender_id === this.peer.id);
    if (!last || last.read_at || last.id <= (this.readUpto ?? 0)) return;
    this.readUpto = last.id;
    markRead(this.peer.id, last.id);
  }

  isTyping(forMs) {
    clearTimeout(this.timer);
    this.typing.textContent = forMs ? `${this.peer.name} is writing …` : "";
    if (forMs) this.timer = setTimeout(() => this.isTyping(0), forMs);
  }
}
