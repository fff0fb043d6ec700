// What is wrong with a document, and the way out of it: a password, other pages, another try.

import { Problem, post } from "../../api.js";
import { putJob } from "../../documents.js";
import { h, icon } from "../../dom.js";
import { choose } from "../../intake.js";
import { explain } from "../../reasons.js";
import { readAgain } from "./actions.js";

// The sentence for a failed document and what helps, in its row.
export function mending(card) {
  const { sentence, action } = explain(card.job.error ?? { code: "unknown", message: "This document could not be read." });
  const error = h("p", { class: "error", role: "alert" });
  const way = ways[action]?.(card, error);
  return h("div", { class: "mending" }, h("p", {}, icon(action === "unlock" ? "lock" : "warning"), sentence), way, error);
}

const ways = {
  unlock,
  pages: (card, error) => question(card, error, { label: "Pages", placeholder: "1-20, 25", verb: "Read these", field: "pages" }),
  again: (card) => button("Read again", "again", () => readAgain([card])),
  wait: (card) => button("Read again", "again", () => readAgain([card])),
  replace: () => button("Upload another file", "upload", () => choose()),
};

function button(label, drawing, act) {
  return h("button", { type: "button", class: "quiet", onclick: act }, icon(drawing), label);
}

function unlock(card, error) {
  const asked = question(card, error, { label: "Password of the PDF", type: "password", placeholder: "Password", verb: "Unlock", field: "password" });
  if (card.job.error.code === "password_wrong") asked.querySelector("input").setAttribute("aria-invalid", "true");
  return asked;
}

// Ask for one value and have the document read with it.
function question(card, error, { label, type = "text", placeholder = "", verb, field }) {
  const input = h("input", { type, placeholder, "aria-label": `${label}: ${card.filename}`, autocomplete: "off", required: true });
  const go = h("button", {}, verb);
  const submit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    error.textContent = "";
    try {
      putJob(await post(`/documents/${card.id}/jobs`, { [field]: input.value }));
    } catch (problem) {
      error.textContent = problem instanceof Problem ? problem.errors[0]?.detail ?? problem.message : "";
      input.focus();
    }
    go.disabled = false;
  };
  return h("form", { class: "question", onsubmit: submit }, input, go);
}
