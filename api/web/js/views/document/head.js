// Name and state of the document, and what can be done with all of it.

import { patch, remove } from "../../api.js";
import { confirm, menu, notify, open } from "../../dialogs.js";
import { count, h, icon, size } from "../../dom.js";
import { explain } from "../../reasons.js";
import { go, link } from "../../router.js";
import { me } from "../../session.js";
import { share } from "./sharing.js";
import { named } from "./text.js";

const CHIPS = {
  queued: ["clock", "Waiting", ""],
  running: ["clock", "Reading", ""],
  succeeded: ["check", "Ready", "good"],
  partial: ["warning", "Ready, with gaps", "warn"],
  failed: ["warning", "Failed", "bad"],
  canceled: ["stop", "Stopped", ""],
};

export function head(book, find) {
  const title = h("h1", {});
  const facts = h("p", { class: "facts" });
  const actions = h("span", { class: "actions" });
  const draw = () => {
    const { card } = book;
    title.textContent = card.filename;
    title.title = card.filename;
    facts.replaceChildren(chip(card), ...[book.count && count(book.count, "page"), size(card.size), card.shared_by && `shared by ${card.shared_by.name}`]
      .filter(Boolean).map((fact) => h("span", {}, fact)));
  };
  const fill = () => actions.replaceChildren(...buttons(book));
  book.on("card", draw);
  book.on("fresh", fill);
  draw();
  fill();
  return h("header", { class: "document-head" },
    h("a", { class: "button bare back", href: link("/"), "aria-label": "All documents", title: "All documents" }, icon("left")),
    h("div", { class: "names" }, title, facts), find, actions);
}

function chip({ status, job }) {
  const isLocked = job.error?.code?.startsWith("password_");
  const [drawing, word, tone] = isLocked ? ["lock", "Needs its password", "warn"] : CHIPS[status];
  return h("span", { class: `chip ${tone}` }, icon(drawing), word);
}

function buttons(book) {
  const file = (label, path, ending) => ({ label, icon: "download", href: `${book.path}${path}`, download: named(book, ending) });
  const downloads = menu("Download", [
    file("Original PDF", "/file", ".pdf"),
    file("Text (.txt)", "/text?format=reading", ".txt"),
    file("Markdown (.md)", "/text?format=markdown", ".md"),
    file("All tables (.xlsx)", "/tables.xlsx", "-tables.xlsx"),
    file("Everything as JSON", "/export?format=json", ".json"),
    file("Everything as ZIP", "/export?format=zip", ".zip"),
  ], { face: [icon("download"), h("span", { class: "label" }, "Download")], style: "quiet" });
  if (!book.isMine) return [downloads, menu("More", [{ label: "Give up access", icon: "close", onclick: () => give(book) }])];
  return [
    h("button", { type: "button", class: "quiet", "aria-label": "Share", onclick: () => share(book) }, icon("share"), h("span", { class: "label" }, "Share")),
    downloads,
    menu("More", [
      { label: "Rename", icon: "text", onclick: () => rename(book) },
      { label: "Read again", icon: "again", onclick: () => book.move({ tab: "settings" }) },
      { label: "Delete", icon: "trash", isDanger: true, onclick: () => erase(book) },
    ]),
  ];
}

async function rename(book) {
  const error = h("p", { class: "error", role: "alert" });
  const input = h("input", { value: book.card.filename, maxlength: "1000", required: true, autofocus: true });
  await open("Rename", (close) => {
    const onsubmit = async (event) => {
      event.preventDefault();
      try {
        book.take({ ...book.card, ...(await patch(book.path, { filename: input.value })) });
        document.title = `${book.card.filename} · Sheaf`;
        close(true);
      } catch (problem) {
        error.textContent = explain(problem).sentence;
      }
    };
    return h("form", { onsubmit }, h("label", {}, "Name of the document", input), error,
      h("p", { class: "actions" }, h("button", {}, "Rename"), h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Cancel")));
  });
}

async function erase(book) {
  const sentence = `“${book.card.filename}”, its text, tables and pictures are erased, also for those you shared it with.`;
  if (await confirm("Delete this document?", sentence, "Delete")) await leave(remove(book.path), `${book.card.filename} was deleted.`);
}

async function give(book) {
  const isMeant = await confirm("Give up access?", "You cannot read this document any more afterwards, unless it is sent to you again.", "Give up access");
  if (isMeant) await leave(remove(`${book.path}/shares/${me().id}`), "You have no access to the document any more.");
}

async function leave(asked, sentence) {
  try {
    await asked;
    go("/");
    notify(sentence);
  } catch (problem) {
    notify(explain(problem).sentence, { isError: true });
  }
}
