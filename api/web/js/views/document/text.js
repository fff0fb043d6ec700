// The text of the page or of the whole document, in the form that the reader likes.

import { get } from "../../api.js";
import { copy } from "../../clipboard.js";
import { menu } from "../../dialogs.js";
import { h, icon } from "../../dom.js";
import { PageText } from "./page_text.js";
import { LazyList } from "./lazy.js";

const FORMS = [["reading", "Reading order"], ["layout", "As on the page"], ["plain", "Plain (pdfplumber)"], ["markdown", "Markdown"]];
const GUESS = 700;
const WISHES = "sheaf.text";

export function textTab(book) {
  const [was = "reading", which = "page"] = (localStorage.getItem(WISHES) ?? "").split(" ").filter(Boolean);
  const wish = { form: FORMS.some(([name]) => name === was) ? was : "reading", isWhole: which === "whole" };
  const blocks = new Map();
  const scroller = h("div", { class: "text-pages" });
  const make = (index) => block(index + 1).element;
  const list = new LazyList(scroller, { guess: GUESS, gap: 0, signal: book.signal, make });

  function block(number) {
    blocks.set(number, new PageText(book, number, wish.form));
    return blocks.get(number);
  }

  function draw() {
    localStorage.setItem(WISHES, `${wish.form} ${wish.isWhole ? "whole" : "page"}`);
    for (const button of scopes.children) button.setAttribute("aria-pressed", String((button.dataset.scope === "whole") === wish.isWhole));
    blocks.clear();
    scroller.classList.toggle("single", !wish.isWhole);
    list.make = wish.isWhole ? make : () => block(book.place.page).element;
    list.show(wish.isWhole ? book.count ?? 1 : 1, { anew: true });
    if (wish.isWhole) list.reach(book.place.page - 1);
    else scroller.scrollTop = 0;
  }

  const scope = (name, label) => h("button", { type: "button", class: "quiet", dataset: { scope: name }, onclick: () => { wish.isWhole = name === "whole"; draw(); } }, label);
  const scopes = h("span", { class: "switch", role: "group", "aria-label": "How much" }, scope("page", "This page"), scope("whole", "All pages"));
  const forms = h("select", { "aria-label": "Form of the text" }, FORMS.map(([value, label]) => h("option", { value, selected: value === wish.form }, label)));
  forms.addEventListener("change", () => { wish.form = forms.value; draw(); });
  const whole = () => get(`${book.path}/text`, { query: { format: wish.form, pages: wish.isWhole ? null : book.place.page }, signal: book.signal });
  const bar = h("div", { class: "bar" }, scopes, forms, h("span", { class: "rest" }),
    h("button", { type: "button", class: "quiet", onclick: () => copy(whole(), wish.isWhole ? "The text" : `Text of page ${book.place.page}`) }, icon("copy"), h("span", { class: "label" }, "Copy")),
    downloads(book));

  book.on("place", (changed) => {
    if (!changed.has("page")) return;
    if (wish.isWhole) list.reach(book.place.page - 1, "nearest");
    else draw();
  });
  book.on("grown", () => { list.show(wish.isWhole ? book.count ?? 1 : 1); for (const each of blocks.values()) each.retry(); });
  book.on("fresh", draw);
  book.on("hits", () => { for (const each of blocks.values()) each.draw(); });
  book.on("word", ({ page, index }) => {
    if (wish.isWhole) list.reach(page.number - 1, "nearest");
    blocks.get(page.number)?.showWord(index);
  });
  draw();
  return h("div", { class: "text" }, bar, scroller);
}

function downloads(book) {
  const entry = (label, format, ending) => ({ label, icon: "download", href: `${book.path}/text?format=${format}`, download: named(book, ending) });
  return menu("Download the text", [
    entry("Reading order (.txt)", "reading", ".txt"),
    entry("As on the page (.txt)", "layout", "-layout.txt"),
    entry("Plain, as pdfplumber gives it (.txt)", "plain", "-plain.txt"),
    entry("Markdown (.md)", "markdown", ".md"),
  ], { face: [icon("download"), h("span", { class: "label" }, "Download")], style: "quiet" });
}

export function named(book, ending) {
  return `${book.card.filename.replace(/\.pdf$/i, "")}${ending}`;
}
