// A document in a message: its first page, its name, and how far it is; kept by the news of its jobs.

import { get } from "../../api.js";
import { count, h, icon } from "../../dom.js";
import { live } from "../../live.js";
import { link } from "../../router.js";
import { explain } from "../../reasons.js";

const SCALE = 0.4;
const cards = new Map();

// The card is filled when the document is known; words that only repeat its name are taken out of the message.
export function attachment(id, { text, signal }) {
  const element = h("div", { class: "attached" }, h("p", { class: "soft" }, icon("file"), "Document"));
  const draw = async (isFresh) => {
    const card = await load(id, isFresh);
    if (signal.aborted) return;
    element.replaceChildren(...(card ? filled(card) : [h("p", { class: "soft gone" }, icon("file"), "This document was deleted, or is not shared any more.")]));
    if (card?.filename === text) element.closest(".bubble")?.querySelector(".said")?.remove();
  };
  draw(false);
  live.addEventListener("job", ({ detail }) => { if (detail.document_id === id) news(element, detail, draw); }, { signal });
  live.addEventListener("gap", () => draw(true), { signal });
  return element;
}

function load(id, isFresh) {
  if (isFresh || !cards.has(id)) {
    const asked = get(`/documents/${id}`).catch((problem) => {
      if (problem.status !== 404) cards.delete(id);
      return null;
    });
    cards.set(id, asked);
  }
  return cards.get(id);
}

// Ticks only move the chip; a state that changed is asked for.
function news(element, job, draw) {
  const chip = element.querySelector(".chip");
  if (job.event != null || !chip) draw(true);
  else chip.replaceWith(drawn(reading(job)));
}

function filled(card) {
  const isReady = ["succeeded", "partial"].includes(card.status);
  const picture = h("span", { class: "thumb" });
  if (isReady) picture.append(thumbnail(card, picture));
  const facts = [card.page_count && count(card.page_count, "page"), card.table_count > 0 && count(card.table_count, "table")];
  return [h("a", { class: "document-card", href: link(`/documents/${card.id}`) }, picture,
    h("span", { class: "name" }, card.filename),
    h("small", { class: "soft" }, facts.filter(Boolean).join(" · ")), drawn(chipOf(card)))];
}

function thumbnail(card, picture) {
  const source = `/documents/${card.id}/pages/1/image?scale=${SCALE}&missing=empty`;
  const image = h("img", { src: source, alt: "", loading: "lazy" });
  image.addEventListener("error", () => { picture.replaceChildren(icon("file")); });
  return image;
}

function chipOf({ status, job }) {
  if (status === "failed") return ["bad", explain(job.error ?? {}).title];
  if (status === "partial") return ["warn", "Some pages failed"];
  if (status === "running") return reading(job.progress);
  return { queued: ["", "Waiting"], succeeded: ["good", "Ready"], canceled: ["", "Cancelled"] }[status];
}

function reading({ pages_done: done, pages_total: total }) {
  return ["", total ? `Reading ${done}/${total}` : "Reading"];
}

const drawn = ([kind, words]) => h("span", { class: `chip ${kind}` }, words);
