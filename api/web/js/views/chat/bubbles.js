// What a conversation looks like: days, bubbles in groups, how far each message has got, and the line before what is new.

import { ago, h, icon } from "../../dom.js";
import { me } from "../../session.js";
import { explain } from "../../reasons.js";
import { attachment } from "./attachment.js";

const GROUP_MS = 5 * 60_000;
const ADDRESS = /(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/u;

// Put days, the line before what is new, messages and those on their way into one list for `keyed`.
export function lines(messages, { pending, firstNewId }) {
  const made = [];
  let last = null;
  for (const message of [...messages, ...pending.map(asMessage)]) {
    const day = new Date(message.sent_at).toDateString();
    const isDay = day !== (last && new Date(last.sent_at).toDateString());
    if (isDay) made.push({ key: `day-${day}`, day: message.sent_at });
    const isNew = message.id === firstNewId;
    if (isNew) made.push({ key: "new", isNew });
    const goesOn = last && !isDay && !isNew && last.sender_id === message.sender_id
      && Date.parse(message.sent_at) - Date.parse(last.sent_at) < GROUP_MS;
    made.push({ key: `m-${message.client_id ?? message.id}`, message, goesOn });
    last = message;
  }
  return made;
}

function asMessage(entry) {
  const { clientId, peerId, content, documentId, at } = entry;
  return { id: null, client_id: clientId, sender_id: me().id, recipient_id: peerId, content, document_id: documentId, sent_at: at, entry };
}

export function make(line) {
  if (line.day) return h("li", { class: "day" }, h("time", { datetime: line.day }, dayName(line.day)));
  if (line.isNew) return h("li", { class: "new" }, h("span", {}, "New"));
  return h("li", {});
}

function dayName(moment) {
  const date = new Date(moment);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days < 2) return days ? "Yesterday" : "Today";
  return date.toLocaleDateString("en", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

// Draw a message anew if anything of it changed; `act` knows `retry(entry)` and `discard(entry)`.
export function fill(element, line, { peer, act, signal }) {
  const { message, goesOn } = line;
  if (!message) return;
  const stamp = JSON.stringify([message.id, message.delivered_at, message.read_at, message.document_id, message.entry?.state, message.entry?.share, goesOn]);
  if (element.dataset.stamp === stamp) return;
  element.dataset.stamp = stamp;
  const isMine = message.sender_id === me().id;
  const bubble = element.querySelector(".bubble") ?? body(message);
  if (message.document_id && !bubble.querySelector(".attached")) {
    bubble.querySelector(".sending-file")?.remove();
    bubble.append(attachment(message.document_id, { text: message.content, signal }));
  }
  element.className = `message${isMine ? " mine" : ""}${goesOn ? " goes-on" : ""}`;
  const time = h("time", { datetime: message.sent_at, title: new Date(message.sent_at).toLocaleString("en") }, clock(message.sent_at));
  const from = h("span", { class: "unseen" }, `${isMine ? "You" : peer.name}: `);
  element.replaceChildren(from, bubble, h("span", { class: "fate" }, time, isMine && tick(message)), ...trouble(message.entry, act));
}

function body({ content, document_id: documentId, entry }) {
  const file = documentId ? null : entry?.file;
  return h("div", { class: "bubble" },
    file?.name !== content && h("p", { class: "said" }, words(content)),
    file && h("p", { class: "sending-file" }, icon("file"), file.name));
}

// Addresses become links, and all else stays as it was written.
function words(text) {
  return text.split(ADDRESS).map((part, at) => (at % 2 ? h("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part));
}

const clock = (moment) => new Date(moment).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hour12: false });

function tick({ id, delivered_at: delivered, read_at: read, entry }) {
  const [drawing, said] = entry?.state === "failed" ? ["warning", "not sent"]
    : id === null ? ["clock", "not sent yet"]
      : read ? ["checks", `read ${ago(read)}`]
        : delivered ? ["checks", "delivered"] : ["check", "sent"];
  return h("span", { class: `tick${read ? " read" : ""}`, title: said }, icon(drawing), h("span", { class: "unseen" }, said));
}

function trouble(entry, act) {
  if (entry?.state === "uploading") {
    return [h("progress", { max: "1", value: String(entry.share), "aria-label": `Sending ${entry.file.name}` })];
  }
  if (entry?.state !== "failed") return [];
  return [h("p", { class: "error", role: "alert" }, `Not sent: ${explain(entry.problem).sentence} `,
    h("button", { type: "button", class: "link", onclick: () => act.retry(entry) }, "Retry"), " ",
    h("button", { type: "button", class: "link", onclick: () => act.discard(entry) }, "Delete"))];
}
