// How to get by program what is seen here: the call of the API and the command line's.

import { copy } from "../../clipboard.js";
import { h, icon } from "../../dom.js";
import { link } from "../../router.js";

export function recipesTab(book) {
  const list = h("div", {});
  function draw() {
    const { id } = book.card;
    const { page, q } = book.place;
    list.replaceChildren(
      recipe(`Text of page ${page}`, curl(`${book.path}/text?format=reading&pages=${page}`), `sheaf text ${id} --page ${page}`),
      recipe("The tables, as one workbook", curl(`${book.path}/tables.xlsx`, "-o tables.xlsx"), `sheaf tables ${id} --to xlsx -o tables.xlsx`),
      recipe("Words with their places", curl(`${book.path}/pages/${page}?include=words`)),
      q ? recipe(`Where “${q}” stands`, `${curl("/search", "-G")} --data-urlencode ${quoted(`q=${q}`)} -d document_id=${id}`, `sheaf search ${quoted(q)}`) : "",
      recipe("Everything, with the original", curl(`${book.path}/export?format=zip`, "-o document.zip"), `sheaf get ${id} --out . --to md,csv,xlsx`),
      recipe("Another file, and wait for it", `${curl("/documents?wait=30")} -F file=@report.pdf`, "sheaf upload report.pdf"));
  }
  book.on("place", draw);
  draw();
  return h("div", { class: "recipes" },
    h("p", {}, "Make a key in your ", h("a", { href: link("/account") }, "account"), " and put it into ", h("code", {}, "SHEAF_KEY"), ". All calls stand in the ", h("a", { href: "/docs" }, "description of the API"), "."),
    list);
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(path, more = "") {
  return `curl -H "Authorization: Bearer $SHEAF_KEY" ${more ? `${more} ` : ""}${quoted(location.origin + path)}`;
}

function recipe(title, ...lines) {
  return h("section", {}, h("h2", {}, title), lines.map((line) => h("div", { class: "code" }, h("pre", {}, line),
    h("button", { type: "button", class: "bare", "aria-label": `Copy: ${title}`, onclick: () => copy(line, "Line") }, icon("copy")))));
}
