// What there is to know about a document: the file, how it was read, and what it says of itself.

import { get } from "../../api.js";
import { copy } from "../../clipboard.js";
import { count, h, icon, moment, size } from "../../dom.js";
import { explain } from "../../reasons.js";

const NAMES = { title: "Title", author: "Author", subject: "Subject", keywords: "Keywords", creator: "Written with", producer: "Made by", created_at: "Created", modified_at: "Changed" };
const FIRST = 200;

export function infoTab(book) {
  const facts = h("div", {});
  const own = h("div", { "aria-live": "polite" });
  const tab = h("div", { class: "info" }, facts, own);
  let isAsked = false;

  function draw() {
    const { card } = book;
    facts.replaceChildren(
      part("File", [
        ["Name", card.filename],
        ["Size", size(card.size)],
        ["Pages", book.count?.toLocaleString("en")],
        ["Uploaded", moment(card.created_at)],
        ["Shared by", card.shared_by?.name],
        ["SHA-256", [h("code", {}, card.sha256), h("button", { type: "button", class: "bare", "aria-label": "Copy SHA-256", onclick: () => copy(card.sha256, "SHA-256") }, icon("copy"))]],
        ["Repaired", card.repaired ? "Yes: the file is damaged, so a mended copy of it was read." : null],
      ]),
      part("Reading", [
        ["Pages read", `${card.job.progress.pages_done.toLocaleString("en")} of ${card.job.progress.pages_total?.toLocaleString("en") ?? "?"}`],
        ["Tables on pages", card.table_count?.toLocaleString("en")],
        ["Took", took(card.job)],
        ["Settings", settingsOf(card.job)],
      ]),
      failedPages(book, card.job.failed_pages ?? []));
  }

  async function ask() {
    if (isAsked || !book.count || tab.closest("[hidden]")) return;
    isAsked = true;
    own.replaceChildren(h("p", { class: "soft" }, "Asking the document…"));
    try {
      own.replaceChildren(...said(book, await get(`${book.path}/info`, { signal: book.signal })));
    } catch (problem) {
      if (problem.name === "AbortError") return;
      isAsked = false;
      own.replaceChildren(h("p", { class: "soft" }, explain(problem).sentence, " ", h("button", { type: "button", class: "link", onclick: ask }, "Try again")));
    }
  }

  book.on("card", () => { draw(); ask(); });
  draw();
  tab.shown = ask;
  return tab;
}

function part(title, rows) {
  const given = rows.filter(([, value]) => value != null && value !== "");
  return given.length > 0 && h("section", {}, h("h2", {}, title), h("dl", {}, given.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))));
}

function took({ started_at: from, finished_at: upto }) {
  if (!from || !upto) return null;
  const seconds = (Date.parse(upto) - Date.parse(from)) / 1000;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

// Say how a job was to read, in pdfplumber's own words.
export function settingsOf({ asked }) {
  if (!asked) return "pdfplumber's defaults, all pages";
  const { pages, tables, text_settings: text = {}, table_settings: table = {} } = asked;
  const changed = Object.entries({ ...text, ...table }).map(([name, value]) => `${name} = ${value}`);
  return [pages && `pages ${pages}`, tables === "auto" && "tables by rules of sight", ...changed].filter(Boolean).join(", ");
}

function failedPages(book, failed) {
  if (!failed.length) return "";
  const rows = failed.slice(0, FIRST).map(({ number, code }) => h("li", {}, pageLink(book, number), ` – ${explain({ code, message: code }).title}`));
  return h("section", {}, h("h2", {}, `${count(failed.length, "page")} not read`), h("ul", {}, rows));
}

function pageLink(book, number) {
  return h("button", { type: "button", class: "link", onclick: () => book.move({ page: number }) }, `Page ${number}`);
}

function said(book, information) {
  const { metadata, outline, attachments, form_fields: fields, links, encrypted, page_labels: labels } = information;
  const rows = Object.entries(NAMES).map(([key, name]) => [name, key.endsWith("_at") && metadata[key] ? moment(metadata[key]) : metadata[key]]);
  const other = Object.entries(metadata.other).filter(([, value]) => value);
  const known = part("What it says of itself", [...rows, ...other, ["Encrypted", encrypted ? "Yes" : null], ["Page labels", labels && `${labels[0]} … ${labels.at(-1)}`]]);
  return [
    known || h("section", {}, h("h2", {}, "What it says of itself"), h("p", { class: "soft" }, "Nothing: there is no metadata in it.")),
    listed("Outline", outline, (item) => h("li", { style: { "padding-inline-start": `${(item.level - 1) * 1.2}rem` } },
      item.page ? h("button", { type: "button", class: "link", onclick: () => book.move({ page: item.page }) }, item.title) : item.title,
      item.page && h("span", { class: "soft" }, ` ${item.page}`))),
    listed("Attachments", attachments, (item) => h("li", {}, item.name, h("span", { class: "soft" }, item.size == null ? "" : ` ${size(item.size)}`))),
    listed("Form fields", fields, (item) => h("li", {}, h("code", {}, item.name), ` ${[item.value ?? []].flat().join(", ")}`)),
    listed("Links", links, (item) => h("li", {}, pageLink(book, item.page), ` ${item.uri}`)),
  ].filter(Boolean);
}

function listed(title, items, make) {
  if (!items.length) return null;
  const more = items.length > FIRST && h("p", { class: "soft" }, `and ${count(items.length - FIRST, "more", "more")}`);
  return h("details", { open: title === "Outline" && items.length < 60 }, h("summary", {}, `${title} (${items.length.toLocaleString("en")})`), h("ul", { class: "plain" }, items.slice(0, FIRST).map(make)), more);
}
