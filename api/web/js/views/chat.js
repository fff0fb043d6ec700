// Chat: the conversations at one side, the one that is open at the other.

import { h, icon } from "../dom.js";
import { find, known, load, look } from "../talks.js";
import { People } from "./chat/people.js";
import { Talk } from "./chat/talk.js";

export async function view({ params, query, signal }) {
  const peerId = params.peer ? Number(params.peer) : null;
  if (!known.isLoaded) await load();
  const card = peerId && (find(peerId) ?? (await look(peerId, { signal })));
  const documentId = query.get("document");
  const people = new People({ peerId, documentId, signal });
  const pane = card ? new Talk({ card, documentId, signal }).element : nobody(() => people.search());
  const title = h("h1", { class: "unseen" }, card ? `Chat with ${card.user.name}` : "Chat");
  return h("section", { class: card ? "chat open" : "chat" }, title, people.element, pane);
}

function nobody(search) {
  return h("div", { class: "talk nobody" }, icon("chat"),
    h("p", {}, "Choose a conversation, or begin one."),
    h("p", {}, h("button", { type: "button", onclick: search }, icon("plus"), "New message")));
}
