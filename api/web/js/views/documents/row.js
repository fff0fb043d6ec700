// One document as a row of the list: picture, name, figures, state, and what may be done with it.

import { menu } from "../../dialogs.js";
import { count, h, icon, moment, size } from "../../dom.js";
import { link } from "../../router.js";
import { show, thumbnail } from "../../thumbnails.js";

const ORDINALS = new Intl.PluralRules("en", { type: "ordinal" });
const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };
const later = () => import("./actions.js");

export const isWorking = ({ status }) => status === "queued" || status === "running";
export const needsPassword = ({ status, job }) => status === "failed" && /^password_/.test(job.error?.code);

export function make(card, { onselect }) {
  const parts = {
    box: h("input", { type: "checkbox", onchange: (event) => onselect(card.id, event.target.checked) }),
    picture: thumbnail(),
    name: h("a", { class: "name", href: link(`/documents/${card.id}`) }),
    facts: h("p", { class: "facts soft" }),
    state: h("div", { class: "state" }),
    below: h("div", { class: "below", hidden: true }),
  };
  const row = h("li", { class: "row" },
    h("label", { class: "pick" }, parts.box), parts.picture,
    h("div", { class: "words" }, parts.name, parts.facts),
    parts.state, menu(`Actions for ${card.filename}`, () => entries(row.card)), parts.below);
  row.parts = parts;
  return row;
}

// Bring a row up to date; what has not changed is not touched, so that nobody loses the place they are at.
export function update(row, card, { isSelected, isLarge }) {
  const { parts } = row;
  show(parts.picture, card, { isLarge });
  parts.box.checked = isSelected;
  row.classList.toggle("selected", isSelected);
  if (row.card === card) return;
  if (row.card?.filename !== card.filename) rename(row, card);
  row.card = card;
  row.dataset.status = card.status;
  parts.facts.replaceChildren(...facts(card));
  drawState(parts.state, card);
  drawBelow(row, card);
}

function rename({ parts, children }, { filename }) {
  parts.name.replaceChildren(h("bdi", {}, filename));
  parts.name.title = filename;
  parts.box.setAttribute("aria-label", `Select ${filename}`);
  [...children].find((child) => child.ariaHasPopup)?.setAttribute("aria-label", `Actions for ${filename}`);
}

function facts(card) {
  const told = [size(card.size), card.page_count && count(card.page_count, "page"), card.table_count && count(card.table_count, "table"), moment(card.created_at)];
  return told.filter(Boolean).flatMap((fact, index) => (index ? [" · ", fact] : [fact]));
}

function drawState(place, card) {
  const { pages_done: done, pages_failed: failed, pages_total: total } = card.job.progress;
  const text = state(card);
  const bar = place.querySelector("progress");
  if (card.status === "running" && total && bar) {
    place.firstChild.lastChild.textContent = text.words;
    bar.value = (done + failed) / total;
    return;
  }
  const chip = h("span", { class: `chip ${text.tone}` }, icon(text.icon), h("span", {}, text.words));
  const running = card.status === "running" && total;
  place.replaceChildren(chip, running ? h("progress", { max: 1, value: (done + failed) / total, "aria-label": "Pages read" }) : "");
}

// Say the state of a document in words, with a drawing and a tone: colour never says it alone.
export function state(card) {
  const { pages_done: done, pages_failed: failed, pages_total: total } = card.job.progress;
  if (needsPassword(card)) return { words: "Needs password", icon: "lock", tone: "warn" };
  switch (card.status) {
    case "queued": return { words: place(card.job.queue_position), icon: "clock", tone: "" };
    case "running": return { words: total ? `Reading ${done + failed}/${total}` : "Opening", icon: "text", tone: "busy" };
    case "partial": return { words: `Ready, ${count(failed, "page")} failed`, icon: "warning", tone: "warn" };
    case "failed": return { words: "Failed", icon: "warning", tone: "bad" };
    case "canceled": return { words: "Cancelled", icon: "stop", tone: "" };
    default: return card.text_preview?.trim() ? { words: "Ready", icon: "check", tone: "good" } : { words: "Ready, no text", icon: "info", tone: "warn" };
  }
}

function place(position) {
  if (!position) return "Waiting";
  return position === 1 ? "Waiting, next in line" : `Waiting, ${position}${ENDINGS[ORDINALS.select(position)]} in line`;
}

// What is wrong, with what helps; made anew only when something else is wrong than before.
function drawBelow({ parts }, card) {
  const isWrong = card.status === "failed";
  const kind = isWrong ? `${card.job.id} ${card.job.error?.code}` : "";
  if (parts.below.dataset.kind === kind) return;
  parts.below.dataset.kind = kind;
  parts.below.hidden = !isWrong;
  if (!isWrong) return parts.below.replaceChildren();
  import("./mending.js").then(({ mending }) => {
    if (parts.below.dataset.kind === kind) parts.below.replaceChildren(mending(card));
  });
}

function entries(card) {
  const at = `/documents/${card.id}`;
  const hasResult = card.status === "succeeded" || card.status === "partial";
  const act = (name) => async () => (await later())[name]([card]);
  return [
    { label: "Open", icon: "file", href: link(at) },
    { label: "Download original", icon: "download", href: `${at}/file`, download: "" },
    hasResult && { label: "Download text", icon: "text", href: `${at}/text`, download: `${card.filename.replace(/\.pdf$/i, "")}.txt` },
    hasResult && card.table_count && { label: "Download tables (Excel)", icon: "table", href: `${at}/tables.xlsx`, download: "" },
    isWorking(card) ? { label: "Stop reading", icon: "stop", onclick: act("stop") } : { label: "Read again", icon: "again", onclick: act("readAgain") },
    { label: "Rename", icon: "pencil", onclick: act("rename") },
    { label: "Share in chat", icon: "share", onclick: act("shareInChat") },
    { label: "Delete", icon: "trash", isDanger: true, onclick: act("erase") },
  ];
}
