// The side of the chat: conversations with what was said last, and the people whom one could write to.

import { get } from "../../api.js";
import { ask, mayAsk } from "../../attention.js";
import { notify } from "../../dialogs.js";
import { ago, count, h, icon, keyed } from "../../dom.js";
import { link } from "../../router.js";
import { me } from "../../session.js";
import { all, find, known, load, talks } from "../../talks.js";
import { face, state } from "./presence.js";

const PAUSE_MS = 200;
let scrolled = 0; // Where the list stood when another conversation was opened.

export class People {
  constructor({ peerId, documentId, signal }) {
    Object.assign(this, { peerId, documentId, signal });
    this.box = h("input", { type: "search", placeholder: "Find people", "aria-label": "Find people", autocomplete: "off" });
    this.list = h("ul", { class: "talks", "aria-label": "Conversations" });
    this.found = h("ul", { class: "talks", "aria-label": "People" });
    this.note = h("p", { class: "soft note", role: "status" });
    const write = h("button", { type: "button", class: "bare", "aria-label": "New message", onclick: () => this.search() }, icon("plus"));
    this.element = h("nav", { class: "people", "aria-label": "Conversations" },
      h("header", {}, h("h2", {}, "Chat"), this.bell(), write), this.box, this.note, this.list, this.found);
    this.attend();
    this.draw();
    requestAnimationFrame(() => { this.element.scrollTop = scrolled; });
  }

  bell() {
    if (!mayAsk()) return null;
    const onclick = async () => {
      const isOn = await ask();
      button.remove();
      notify(isOn ? "You are told of new messages while you look elsewhere." : "Your browser keeps notices of Sheaf off.");
    };
    const button = h("button", { type: "button", class: "link", onclick }, "Notify me");
    return button;
  }

  attend() {
    const { signal } = this;
    talks.addEventListener("changed", () => this.draw(), { signal });
    this.box.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.look(), PAUSE_MS);
    }, { signal });
    this.box.addEventListener("focus", () => { if (!all().length) this.look(); }, { signal });
    this.element.addEventListener("keydown", (event) => this.walk(event), { signal });
    this.element.addEventListener("scroll", () => { scrolled = this.element.scrollTop; }, { signal, passive: true });
  }

  search() {
    this.box.focus();
    this.look();
  }

  draw() {
    const wanted = this.box.value.trim().toLowerCase();
    const shown = all().filter(({ user }) => `${user.name} ${user.email}`.toLowerCase().includes(wanted));
    keyed(this.list, shown, { key: ({ user }) => user.id, make: () => h("li"), update: (child, card) => this.fill(child, card) });
    this.note.replaceChildren(...this.words(shown));
  }

  words(shown) {
    if (this.documentId) return ["Choose who gets the document."];
    if (known.problem && !known.isLoaded) {
      return [`${known.problem.message} `, h("button", { type: "button", class: "link", onclick: load }, "Try again")];
    }
    return shown.length || this.box.value || this.found.childElementCount ? [] : ["You have written with nobody yet. Find somebody to begin."];
  }

  fill(child, { user, last_message: last, unread, active, presence, lastSeen }) {
    const stamp = [user.name, last?.id, unread, presence, active, last && ago(last.sent_at)].join();
    if (child.dataset.stamp === stamp) return;
    child.dataset.stamp = stamp;
    const isMine = last?.sender_id === me().id;
    const isOwn = user.id === me().id;
    child.replaceChildren(h("a", { href: this.address(user), "aria-current": user.id === this.peerId ? "page" : null, class: unread ? "unread-talk" : null },
      face({ user, presence: isOwn ? null : presence }),
      h("span", { class: "who" }, h("strong", {}, isOwn ? `${user.name} (you)` : user.name),
        presence && !isOwn && h("span", { class: "unseen" }, `, ${state({ active, presence, lastSeen })}`)),
      h("small", { class: "soft when" }, last ? ago(last.sent_at) : ""),
      h("span", { class: "soft last" }, last ? `${isMine && !isOwn ? "You: " : ""}${last.content}` : user.email),
      unread > 0 && h("span", { class: "badge" }, String(unread), h("span", { class: "unseen" }, " unread"))));
  }

  address(user) {
    return link(`/chat/${user.id}`, { document: this.documentId });
  }

  // People who have not been written with yet, by a part of their name or address.
  async look() {
    this.asking?.abort();
    this.asking = new AbortController();
    const signal = AbortSignal.any([this.signal, this.asking.signal]);
    this.draw();
    try {
      const people = await get("/users", { query: { q: this.box.value.trim(), limit: 20 }, signal });
      const fresh = people.data.filter((user) => !find(user.id)?.last_message);
      const cards = fresh.map((user) => ({ user, unread: 0, active: true, presence: null, last_message: null }));
      keyed(this.found, cards, { key: ({ user }) => user.id, make: () => h("li"), update: (child, card) => this.fill(child, card) });
      const shown = this.list.childElementCount + cards.length;
      this.note.textContent = shown ? count(shown, "person", "people") : `Nobody here is called “${this.box.value.trim()}”.`;
    } catch (problem) {
      if (problem.name !== "AbortError") this.note.textContent = problem.message;
    }
  }

  // Arrows go from the box through the list and back.
  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [this.box, ...this.element.querySelectorAll(".talks a")];
    const at = stops.indexOf(document.activeElement);
    if (!step || at < 0 || !stops[at + step]) return;
    event.preventDefault();
    stops[at + step].focus();
  }
}
