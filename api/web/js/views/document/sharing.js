// Who may read the document: giving access by a message, seeing who has it, and ending it.

import { get, post, remove } from "../../api.js";
import { notify, open } from "../../dialogs.js";
import { ago, h, icon } from "../../dom.js";
import { explain } from "../../reasons.js";
import { me } from "../../session.js";

const TYPING_MS = 200;

export function share(book) {
  return open(`Share “${book.card.filename}”`, (close) => dialog(book, close));
}

function dialog(book, close) {
  const readers = h("ul", { class: "rows readers" });
  const found = h("ul", { class: "rows found", "aria-label": "People found" });
  const error = h("p", { class: "error", role: "alert" });
  const input = h("input", { type: "search", placeholder: "Name or e-mail address", autocomplete: "off", autofocus: true });
  const note = h("input", { maxlength: "2000", value: "Have a look at this document." });
  const failed = (problem) => { if (problem.name !== "AbortError") error.textContent = explain(problem).sentence; };
  let timer = 0;

  async function list() {
    const { data } = await get(`${book.path}/shares`, { signal: book.signal });
    readers.replaceChildren(...data.map(({ user, shared_at: since }) => h("li", {},
      person(user, `since ${ago(since)}`),
      h("button", { type: "button", class: "quiet", "aria-label": `End access of ${user.name}`, onclick: () => end(user) }, "End access"))));
    if (!data.length) readers.append(h("li", { class: "soft" }, "Nobody but you."));
  }

  async function end(user) {
    await remove(`${book.path}/shares/${user.id}`).catch(failed);
    await list().catch(failed);
  }

  async function seek() {
    error.textContent = "";
    if (!input.value.trim()) return found.replaceChildren();
    const { data } = await get("/users", { query: { q: input.value.trim(), limit: 6 }, signal: book.signal });
    const others = data.filter((user) => user.id !== me().id);
    found.replaceChildren(...others.map((user) => h("li", {}, person(user, user.email),
      h("button", { type: "button", "aria-label": `Send to ${user.name}`, onclick: () => send(user) }, icon("send"), "Send"))));
    if (!others.length) found.append(h("li", { class: "soft" }, "Nobody here has this name or address."));
    return null;
  }

  async function send(user) {
    try {
      const content = note.value.trim() || book.card.filename;
      await post("/messages", { recipient_id: user.id, content, document_id: book.card.id });
      input.value = "";
      found.replaceChildren();
      notify(`${user.name} can read this document now, and has a message about it.`);
      await list();
    } catch (problem) {
      failed(problem);
    }
  }

  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => seek().catch(failed), TYPING_MS); });
  list().catch(failed);
  return h("div", { class: "sharing" },
    h("p", { class: "soft" }, "Who gets the document in a message may read all of it: text, tables, pictures and the file. Nobody else can change it."),
    h("label", {}, "Send it to", input), found, h("label", {}, "With the words", note), error,
    h("h2", {}, "Who may read it"), readers,
    h("p", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Close")));
}

function person({ name }, more) {
  return h("span", { class: "who" }, icon("person"), h("span", {}, h("strong", {}, name), h("span", { class: "soft" }, more)));
}
