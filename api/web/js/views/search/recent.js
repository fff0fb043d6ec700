// What was searched for lately, kept in this browser for each account, and how to ask for more.

import { h, icon } from "../../dom.js";
import { link } from "../../router.js";

const KEPT = 8;
const name = (userId) => `sheaf.searches.${userId}`;
const read = (userId) => {
  try {
    return JSON.parse(localStorage.getItem(name(userId))) ?? [];
  } catch {
    return [];
  }
};

export function remember(userId, typed) {
  const words = typed.trim();
  if (!words) return;
  const others = read(userId).filter((one) => one !== words);
  localStorage.setItem(name(userId), JSON.stringify([words, ...others].slice(0, KEPT)));
}

const WAYS = [
  ["gross margin", "both words, anywhere on the page"],
  ['"gross margin"', "the words next to each other"],
  ["margin*", "words that begin so"],
  ["margin -draft", "pages without a word"],
];

// What stands below an empty box.
export function recent(userId, onforget) {
  const searches = read(userId);
  const forget = () => { localStorage.removeItem(name(userId)); onforget(); };
  return h("div", { class: "rest-of-search" },
    searches.length > 0 && h("section", {},
      h("header", {}, h("h2", {}, "Lately"), h("button", { type: "button", class: "link", onclick: forget }, "Forget")),
      h("ul", { class: "recent" }, searches.map((words) => h("li", {}, h("a", { href: link("/search", { q: words }) }, icon("clock"), words))))),
    h("section", {},
      h("h2", {}, "How to ask"),
      h("dl", { class: "ways" }, WAYS.map(([words, meaning]) => h("div", {}, h("dt", {}, h("code", {}, words)), h("dd", { class: "soft" }, meaning)))),
      h("p", { class: "soft" }, "Case and accents make no difference. ", h("kbd", {}, "/"), " or ", h("kbd", {}, "Ctrl K"), " leads here from everywhere; arrows go through what was found.")));
}
