// A list that is longer than a screen: its table, what is said when it is empty, and the way to more of it.

import { get } from "../../api.js";
import { count, h } from "../../dom.js";

const AT_ONCE = 50;

// A table of `path`; `row(item, redraw)` gives the cells. The element has `look(query)`, which asks anew.
export function listing({ path, heads, row, noun, empty, signal }) {
  const rows = h("tbody", {});
  const table = h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": `List of ${noun}s` },
    h("table", { class: "list" }, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head || h("span", { class: "unseen" }, "Actions"))))), rows));
  const sum = h("p", { class: "soft", role: "status" });
  const more = h("p", { class: "actions" });
  const element = h("div", {}, sum, table, more);
  let asked = 0;
  let wanted = {};

  const fetch = async (cursor) => {
    const mine = (asked += 1);
    const found = await get(path, { query: { limit: AT_ONCE, ...wanted, cursor }, signal }).catch((problem) => ({ problem }));
    if (mine !== asked || found.problem?.name === "AbortError") return;
    if (found.problem) return fail(found.problem);
    const drawn = found.data.map((item) => h("tr", {}, row(item, () => fetch(null))));
    if (cursor) rows.append(...drawn);
    else rows.replaceChildren(...drawn);
    table.hidden = !found.total;
    sum.textContent = found.total ? count(found.total, noun) : empty;
    more.replaceChildren(...(found.next ? [h("button", { type: "button", class: "quiet", onclick: () => fetch(found.next) }, "Show more")] : []));
  };
  const fail = (problem) => {
    sum.replaceChildren(`${problem.message} `, h("button", { type: "button", class: "link", onclick: () => fetch(null) }, "Try again"));
  };
  element.look = (query) => {
    wanted = query;
    return fetch(null);
  };
  return element;
}

export const cell = (...content) => h("td", {}, content);

// A choice above a list; null stands for all.
export function choice(label, options, onchange) {
  const select = h("select", { "aria-label": label, onchange: () => onchange() }, options.map(([value, words]) => h("option", { value }, words)));
  return select;
}
