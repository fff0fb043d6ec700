// The tables of the document, each with its rows, what to do with them, and its place in the picture.

import { copy, tabbed } from "../../clipboard.js";
import { menu } from "../../dialogs.js";
import { count, h, icon } from "../../dom.js";
import { explain } from "../../reasons.js";
import { LazyList } from "./lazy.js";
import { marked } from "./marking.js";
import { named } from "./text.js";

const GUESS = 360;
const FIRST_ROWS = 60;
const NUMBER = /^[\s\d.,%$€£()+\-–—]+$/;
const FOUND_BY = { ruled: "by its rules", partly_ruled: "by rules and columns", aligned: "by its columns" };

export function tablesTab(book) {
  const scroller = h("div", { class: "tables-list" });
  const summary = h("span", { class: "soft" });
  const all = h("a", { class: "button quiet", href: `${book.path}/tables.xlsx`, download: named(book, "-tables.xlsx") }, icon("download"), "All tables (XLSX)");
  const state = h("div", { class: "nothing-here", hidden: true });
  const list = new LazyList(scroller, { guess: GUESS, gap: 0, signal: book.signal, make: (index) => card(book, tables[index]) });
  let tables = [];
  let isLoaded = false;
  const tab = h("div", { class: "tables" }, h("div", { class: "bar" }, summary, h("span", { class: "rest" }), all), state, scroller);

  async function load({ anew = true } = {}) {
    if (tab.closest("[hidden]")) { isLoaded = false; return; }
    const had = tables.length;
    try {
      tables = await book.tables({ anew });
    } catch (problem) {
      if (problem.code === "document_not_found") book.tell("gone");
      else if (problem.name !== "AbortError") empty(explain(problem).title, explain(problem).sentence, h("button", { type: "button", class: "quiet", onclick: () => load() }, "Try again"));
      return;
    }
    const isFirst = !isLoaded;
    isLoaded = true;
    const pages = new Set(tables.flatMap((table) => table.pages)).size;
    summary.textContent = tables.length ? `${count(tables.length, "table")} on ${count(pages, "page")}${book.isDone ? "" : " so far"}` : "";
    all.hidden = !tables.length;
    list.show(tables.length, { anew: book.isDone && had > 0 });
    if (tables.length) state.hidden = true;
    else if (!book.isDone) empty("No tables yet", "They appear here while the pages are being read.");
    else none();
    if (isFirst) meet(book.place.page, "start");
  }

  function empty(title, ...content) {
    state.hidden = false;
    state.replaceChildren(icon("table"), h("strong", {}, title), h("p", {}, content));
  }

  function none() {
    const asked = book.card.job.asked?.tables === "auto";
    if (!book.count) return empty("No tables", "The PDF was not read. What stands above says why.");
    if (asked || !book.isMine) return empty("No tables found", "Nothing on these pages looks like a table.");
    empty("No tables found", "Tables with rules around their cells are found by default. Tables without rules can be found, too: ",
      h("button", { type: "button", class: "link", onclick: () => book.tell("wish", { tables: "auto" }) }, "look for those as well"), ".");
    return null;
  }

  function meet(page, where) {
    const index = tables.findIndex((table) => table.pages.includes(page));
    if (index >= 0) list.reach(index, where);
  }

  book.on("grown", () => load());
  book.on("fresh", () => load());
  book.on("place", (changed) => { if (changed.has("page")) meet(book.place.page, "nearest"); });
  book.on("open-table", (number) => {
    book.move({ tab: "tables" });
    load({ anew: false }).then(() => {
      list.reach(number - 1);
      scroller.querySelector(`[data-table="${number}"] .scrolls`)?.focus({ preventScroll: true });
    });
  });
  book.on("light", ({ table, isFromPicture }) => {
    for (const each of scroller.querySelectorAll("[data-table]")) each.classList.toggle("lit", table !== undefined && table !== null && each.dataset.table === String(table));
    if (isFromPicture && table && !tab.closest("[hidden]")) list.reach(table - 1, "nearest");
  });
  book.on("hits", () => { if (isLoaded) list.show(tables.length, { anew: true }); });
  tab.shown = () => { if (!isLoaded) load({ anew: false }); };
  return tab;
}

function card(book, table) {
  const { number, page, pages, row_count: rows, column_count: columns } = table;
  const place = pages.length > 1 ? `pages ${pages[0]}–${pages.at(-1)}` : `page ${page}`;
  const light = (isLit) => book.tell("light", { table: isLit ? number : null });
  const show = () => { book.move({ page }); light(true); };
  const name = (ending) => named(book, `-table-${number}${ending}`);
  const file = (label, ending, query = "") => ({ label, icon: "download", href: `${book.path}/tables/${number}${ending}${query}`, download: name(ending) });
  const found = table.strategy && h("span", { class: "chip", title: "How sure Sheaf is that this is a table" }, `${FOUND_BY[table.strategy] ?? table.strategy}, ${Math.round(table.confidence * 100)} % sure`);
  const element = h("section", { class: "table-card", dataset: { table: number }, "aria-labelledby": `table-${number}` },
    h("header", {},
      h("h2", { id: `table-${number}` }, `Table ${number}`),
      h("button", { type: "button", class: "link", onclick: show }, place),
      h("span", { class: "soft" }, `${rows} × ${columns}`),
      found, h("span", { class: "rest" }),
      h("button", { type: "button", class: "quiet", title: "For Excel, LibreOffice and Google Sheets", onclick: () => copy(tabbed(table.rows), `Table ${number}: ${count(rows, "row")}`) }, icon("copy"), "Copy"),
      menu(`Download table ${number}`, [file("CSV", ".csv", "?bom=1"), file("Excel (.xlsx)", ".xlsx"), file("Markdown", ".md"), file("JSON", ".json")], { face: icon("download"), style: "quiet" })),
    grid(book, table));
  element.addEventListener("pointerenter", () => light(true));
  element.addEventListener("pointerleave", () => light(false));
  element.addEventListener("focusin", () => { if (!pages.includes(book.place.page)) book.move({ page }); light(true); });
  element.addEventListener("focusout", () => light(false));
  return element;
}

// The first row is a head when it is all words and there are numbers below it.
function hasHead(rows) {
  const [first, ...others] = rows;
  return Boolean(first) && first.every((cell) => !NUMBER.test(cell ?? "")) && first.some(Boolean) && others.some((row) => row.some((cell) => cell && NUMBER.test(cell)));
}

function grid(book, table) {
  const [head, body] = hasHead(table.rows) ? [table.rows[0], table.rows.slice(1)] : [null, table.rows];
  const line = (row) => h("tr", {}, row.map((cell) => h("td", { class: cell && NUMBER.test(cell) ? "figure" : null }, marked(cell ?? "", book.terms))));
  const rest = body.slice(FIRST_ROWS);
  const content = h("tbody", {}, body.slice(0, FIRST_ROWS).map(line));
  const more = rest.length > 0 && h("button", { type: "button", class: "quiet more", onclick: () => { content.append(...rest.map(line)); more.remove(); } }, `Show ${count(rest.length, "more row")}`);
  return [
    h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": `Rows of table ${table.number}` },
      h("table", {}, head && h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, marked(cell ?? "", book.terms))))), content)),
    more,
  ];
}
