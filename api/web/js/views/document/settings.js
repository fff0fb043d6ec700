// Reading the document again: other pages, other ways of finding tables, other tolerances.

import { post } from "../../api.js";
import { count, h, icon } from "../../dom.js";
import { explain } from "../../reasons.js";
import { settingsOf } from "./info.js";

const STRATEGIES = [["lines", "lines – rules and edges of boxes"], ["lines_strict", "lines_strict – rules only"], ["text", "text – how words stand"]];
// Name, label, pdfplumber's default, what it means.
const FOR_TABLES = [
  ["snap_tolerance", "Snap", 3, "Rules that are so close count as one"],
  ["join_tolerance", "Join", 3, "Pieces of a rule that are so close are joined"],
  ["intersection_tolerance", "Crossing", 3, "Rules that come so close cross"],
  ["edge_min_length", "Shortest rule", 3, "Shorter ones are left out"],
  ["min_words_vertical", "Words in a column", 3, "At least so many make a column, with the strategy text"],
  ["min_words_horizontal", "Words in a row", 1, "At least so many make a row, with the strategy text"],
];
const FOR_TEXT = [
  ["x_tolerance", "Gap between words", 3, "Wider gaps part words"],
  ["y_tolerance", "Gap between lines", 3, "Letters so far apart still stand on one line"],
];

export function settingsTab(book) {
  const asked = book.card.job.asked ?? {};
  const ways = [
    ["default", "With rules", "Tables with rules around their cells: pdfplumber's default."],
    ["auto", "With and without rules", "Also tables that only their columns show. Says how sure it is of each."],
    ["own", "As I say", "pdfplumber's own settings, one by one."],
  ].map(([value, label, hint]) => h("label", { class: "choice" }, h("input", { type: "radio", name: "tables", value, checked: value === wayOf(asked) }), h("span", {}, h("strong", {}, label), h("span", { class: "soft" }, hint))));
  const pages = h("input", { name: "pages", placeholder: "all", value: asked.pages ?? "", autocomplete: "off" });
  const own = h("fieldset", { class: "numbers" }, h("legend", {}, "How tables are found"),
    select("vertical_strategy", "Columns by", asked), select("horizontal_strategy", "Rows by", asked), FOR_TABLES.map((field) => number(field, asked.table_settings)));
  const text = h("details", { open: Boolean(asked.text_settings) }, h("summary", {}, "How words are found"), h("div", { class: "numbers" }, FOR_TEXT.map((field) => number(field, asked.text_settings))));
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", { type: "submit" }, icon("again"), "Read again");
  const form = h("form", { class: "settings", novalidate: true },
    h("p", { class: "soft" }, "What was found stays in view until the new reading is ready. Now: ", settingsOf(book.card.job), "."),
    h("label", {}, "Pages", pages, h("span", { class: "soft hint" }, book.count ? `Such as 1-5,9. The document has ${count(book.count, "page")}.` : "Such as 1-5,9.")),
    h("fieldset", {}, h("legend", {}, "Tables"), ways), own, text, error, h("p", { class: "actions" }, button));

  const show = () => { own.hidden = new FormData(form).get("tables") !== "own"; };
  form.addEventListener("change", show);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.textContent = "";
    button.disabled = true;
    await readAgain(book, wishOf(form)).catch((problem) => {
      error.textContent = problem.errors?.length ? problem.errors.map(({ pointer, detail }) => `${pointer.split("/").at(-1)}: ${detail}`).join(" ") : explain(problem).sentence;
    });
    button.disabled = false;
  });
  book.on("wish", ({ tables }) => {
    book.move({ tab: "settings" });
    form.querySelector(`[name=tables][value=${tables}]`).checked = true;
    show();
    button.focus();
  });
  show();
  return h("div", {}, book.isMine ? form : h("p", { class: "nothing-here" }, "Only its owner can have this document read again."));
}

// Queue another extraction; what was found before stays in view until it has ended.
export async function readAgain(book, wish) {
  const job = await post(`${book.path}/jobs`, wish, { signal: book.signal });
  if (job.id !== book.card.job.id) await book.refresh();
}

function wayOf(asked) {
  return asked.table_settings ? "own" : asked.tables ?? "default";
}

function select(name, label, { table_settings: table = {} }) {
  return h("label", {}, label, h("select", { name }, STRATEGIES.map(([value, text]) => h("option", { value, selected: value === (table[name] ?? "lines") }, text))));
}

function number([name, label, usual, hint], asked = {}) {
  return h("label", {}, label, h("input", { name, inputmode: "decimal", placeholder: usual, value: asked[name] ?? asked[name.replace("_tolerance", "_x_tolerance")] ?? "", title: hint, autocomplete: "off" }), h("span", { class: "soft hint" }, hint));
}

function wishOf(form) {
  const given = new FormData(form);
  const way = given.get("tables");
  const numbers = (fields) => Object.fromEntries(fields.filter(([name]) => given.get(name).trim()).map(([name]) => [name, Number(given.get(name).replace(",", "."))]));
  const wish = { tables: way === "auto" ? "auto" : "default" };
  if (given.get("pages").trim()) wish.pages = given.get("pages").trim();
  const text = numbers(FOR_TEXT);
  if (Object.keys(text).length) wish.text_settings = text;
  if (way === "own") wish.table_settings = { vertical_strategy: given.get("vertical_strategy"), horizontal_strategy: given.get("horizontal_strategy"), ...numbers(FOR_TABLES) };
  return wish;
}
