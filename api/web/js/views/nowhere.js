// The answer to an address that is nobody's.

import { h } from "../dom.js";
import { link } from "../router.js";

export function view() {
  return h("section", { class: "card narrow" },
    h("h1", {}, "There is no such page"),
    h("p", {}, "The address may have been cut off on its way."),
    h("p", {}, h("a", { class: "button", href: link("/") }, "To the documents")));
}
