// The pages of one document that were found: its name once, then a line for each page with what stands around the hit.

import { count, h, icon } from "../../dom.js";
import { link } from "../../router.js";

const SHOWN = 4;

// An `element` for the list and `add(hit, q)`, which puts a page into it; beyond a few they wait behind a button.
export function group({ document_id: id, filename }, { onNarrow }) {
  const list = h("ol", { class: "pages-found" });
  const rest = h("button", { type: "button", class: "link rest", hidden: true, onclick: () => unfold(list, rest) });
  const narrow = onNarrow && h("button", { type: "button", class: "link", onclick: () => onNarrow({ id, name: filename }) }, "Only here");
  const heading = h("h2", {}, icon("file"), h("a", { href: link(`/documents/${id}`) }, filename));
  const element = h("li", { class: "card group" }, h("header", {}, heading, narrow), list, rest);
  const add = (hit, q) => {
    list.append(line(hit, q, list.children.length >= SHOWN && !rest.dataset.open));
    const waiting = list.querySelectorAll("[hidden]").length;
    rest.hidden = !waiting;
    rest.textContent = `${count(waiting, "more page", "more pages")} in this document`;
  };
  return { element, add };
}

function unfold(list, rest) {
  const first = list.querySelector("[hidden] a");
  for (const hidden of list.querySelectorAll("[hidden]")) hidden.hidden = false;
  Object.assign(rest, { hidden: true }).dataset.open = "yes";
  first.focus();
}

function line({ document_id: id, page, snippet, boxes }, q, isFolded) {
  const words = snippet.map((part) => (part.hit ? h("mark", {}, part.text) : part.text));
  return h("li", { hidden: isFolded },
    h("a", { class: "hit", href: link(`/documents/${id}`, { page, q }) },
      h("span", { class: "where" }, `Page ${page}`, h("small", { class: "soft" }, count(boxes.length, "hit"))),
      h("span", { class: "snippet" }, words)));
}
