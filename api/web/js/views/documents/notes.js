// What the list says when it has no rows to show, or only old ones: empty, loading, nothing found, not to be had.

import { known, load } from "../../documents.js";
import { h, icon } from "../../dom.js";
import { choose, sample } from "../../intake.js";

// The note for a list, or null; its `data-kind` tells notes apart.
export function note({ everything, found, filter, name, reset }) {
  if (known.problem) return trouble(everything.length);
  if (!known.asOf) return waiting();
  if (!everything.length) return empty();
  return found.length ? null : nothing(filter, name, reset);
}

function trouble(hasRows) {
  const since = known.asOf && new Date(known.asOf).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit" });
  return h("div", { class: "card trouble", role: "alert", dataset: { kind: `trouble ${since}` } },
    h("p", {}, icon("warning"), `The list cannot be loaded. ${known.problem.message}`, hasRows && since ? ` What you see is as of ${since}.` : ""),
    h("button", { type: "button", class: "quiet", onclick: () => load() }, "Try again"));
}

function waiting() {
  const bar = () => h("li", { class: "row ghost" }, h("span", { class: "thumbnail" }), h("span", { class: "ghost-line" }));
  return h("ul", { class: "rows", "aria-hidden": "true", dataset: { kind: "waiting" } }, bar(), bar(), bar());
}

function empty() {
  return h("div", { class: "welcome", dataset: { kind: "empty" } },
    icon("upload"),
    h("h2", {}, "Drop your PDFs here"),
    h("p", { class: "soft" }, "Anywhere on this page, as many as you like, whole folders too. You get their text, their words with places, and their tables."),
    h("p", { class: "actions" },
      h("button", { type: "button", onclick: () => choose() }, icon("upload"), "Choose PDFs"),
      h("button", { type: "button", class: "quiet", onclick: () => sample() }, "Try an example")));
}

function nothing(filter, name, reset) {
  const words = name ? `No document with “${name}” in its name${filter === "All" ? "" : ` is under “${filter}”`}.` : `Nothing is under “${filter}” at the moment.`;
  return h("div", { class: "nothing", dataset: { kind: `nothing ${filter} ${name}` } },
    h("p", {}, words),
    h("button", { type: "button", class: "quiet", onclick: reset }, "Show all documents"));
}
