// One document: the picture of its pages beside what was found in them, each lighting up the other.

import { h, icon } from "../dom.js";
import { link } from "../router.js";
import { Book } from "./document/book.js";
import { divider } from "./document/divider.js";
import { finder } from "./document/find.js";
import { head } from "./document/head.js";
import { infoTab } from "./document/info.js";
import { Pictures } from "./document/pictures.js";
import { recipesTab } from "./document/recipes.js";
import { settingsTab } from "./document/settings.js";
import { Sheet } from "./document/sheet.js";
import { status } from "./document/status.js";
import { strip } from "./document/strip.js";
import { tablesTab } from "./document/tables.js";
import { panel, tabs } from "./document/tabs.js";
import { textTab } from "./document/text.js";
import { toolbar } from "./document/toolbar.js";

const NARROW = matchMedia("(max-width: 56.25rem)");
const TABS = [["page", "Page", true], ["text", "Text"], ["tables", "Tables"], ["info", "Info"], ["settings", "Try other settings"], ["api", "API"]];
const STRIP = "sheaf.strip";

export async function view({ params, query, signal }) {
  const book = await Book.open(`/documents/${params.id}`, { signal });
  book.read(query);
  const isThere = TABS.some(([name]) => name === book.place.tab);
  if (!isThere || (book.place.tab === "page" && !NARROW.matches)) book.place.tab = "text";
  const pictures = new Pictures(book.path, { signal });
  const sheet = new Sheet(book, pictures);
  const left = h("section", { class: "reader", id: "panel-page", "aria-label": "Pages" });
  const { bar, magnify, turn } = toolbar(book, { reader: left, toggleStrip });
  const find = finder(book);
  const panels = {
    text: panel("text", textTab(book)),
    tables: panel("tables", tablesTab(book)),
    info: panel("info", infoTab(book)),
    settings: panel("settings", settingsTab(book)),
    api: panel("api", recipesTab(book)),
  };
  const { row, draw } = tabs(book, TABS, panels);
  const pages = strip(book, pictures);
  left.append(bar, h("div", { class: "beside" }, pages, sheet.stage));
  const halves = h("div", { class: "halves" });
  halves.append(left, divider(halves, signal), h("section", { class: "results", "aria-label": "What was found" }, row, h("div", { class: "panels" }, Object.values(panels))));
  const element = h("article", { class: "document-screen" }, head(book, find.box), status(book), halves);

  function toggleStrip() {
    const isHidden = left.classList.toggle("without-strip");
    localStorage.setItem(STRIP, isHidden ? "hidden" : "shown");
  }

  function show() {
    const isUnopened = book.isDone && !book.count;
    if (isUnopened && book.place.tab === "page") book.place.tab = "text";
    element.dataset.tab = book.place.tab;
    element.classList.toggle("unopened", isUnopened);
    draw();
  }

  left.classList.toggle("without-strip", (localStorage.getItem(STRIP) ?? (NARROW.matches ? "hidden" : "shown")) === "hidden");
  book.on("place", (changed) => { if (changed.has("tab")) show(); });
  book.on("fresh", show);
  book.on("gone", () => element.replaceWith(gone(book)));
  book.on("word", () => { if (!NARROW.matches && book.place.tab !== "text") book.move({ tab: "text" }); });
  NARROW.addEventListener("change", () => { if (!NARROW.matches && book.place.tab === "page") book.move({ tab: "text" }); }, { signal });
  addEventListener("keydown", (event) => keys(event, { book, find, magnify, turn, element }), { signal });
  element.readdress = ({ query: other }) => book.read(other);
  show();
  requestAnimationFrame(() => { show(); sheet.turnTo(); });
  return element;
}

function keys(event, { book, find, magnify, turn, element }) {
  if (!element.isConnected || document.querySelector("dialog[open]")) return;
  const act = (work) => { event.preventDefault(); work(); };
  if (event.key === "f" && (event.ctrlKey || event.metaKey)) return act(find.focus);
  const isElsewhere = event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, .panels, [role=tablist], [popover]");
  if (isElsewhere) return undefined;
  const step = { PageDown: 1, PageUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const isDivider = event.target.closest("[role=separator]");
  if (step && !isDivider) return act(() => book.move({ page: book.place.page + step }));
  if (event.key === "Home" && !isDivider) return act(() => book.move({ page: 1 }));
  if (event.key === "End" && !isDivider && book.count) return act(() => book.move({ page: book.count }));
  if (event.key === "+" || event.key === "-") return act(() => magnify(event.key === "+" ? 1.25 : 0.8));
  if (event.key === "0") return act(() => book.move({ zoom: "width" }));
  if (event.key === "r") return act(turn);
  return undefined;
}

function gone(book) {
  return h("section", { class: "card narrow" },
    h("h1", {}, "This document is gone"),
    h("p", {}, `“${book.card.filename}” was deleted, or it is not shared with you any more.`),
    h("p", { class: "actions" }, h("a", { class: "button", href: link("/") }, icon("left"), "All documents")));
}
