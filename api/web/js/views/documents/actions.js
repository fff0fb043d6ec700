// What may be done with documents, one or many: read again, stop, rename, share, delete with time to think better of it.

import { patch, post, remove } from "../../api.js";
import { notify, open } from "../../dialogs.js";
import { drop, find, hide, look, put, putJob } from "../../documents.js";
import { count, h } from "../../dom.js";
import { explain } from "../../reasons.js";

// Read again: pages that failed are tried again, a document that is whole is read anew.
export function readAgain(cards) {
  return each(cards, async ({ id, job, status }) => {
    const isWhole = status === "succeeded";
    putJob(await (isWhole ? post(`/documents/${id}/jobs`, {}) : post(`/jobs/${job.id}/retry`)));
  });
}

export function stop(cards) {
  return each(cards, async ({ id, job }) => {
    await post(`/jobs/${job.id}/cancel`);
    await look(id);
  });
}

async function each(cards, act) {
  const outcomes = await Promise.allSettled(cards.map(act));
  const refused = outcomes.filter((outcome) => outcome.status === "rejected").map((outcome) => outcome.reason);
  if (!refused.length) return;
  const { sentence } = explain(refused[0]);
  notify(refused.length > 1 ? `${count(refused.length, "document")}: ${sentence}` : sentence, { isError: true });
}

export async function rename([card]) {
  const error = h("p", { class: "error", role: "alert" });
  const input = h("input", { value: card.filename, required: true, maxlength: "200", autofocus: true });
  const content = (close) => h("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      try {
        put(await patch(`/documents/${card.id}`, { filename: input.value }));
        close(true);
      } catch (problem) {
        error.textContent = problem.message;
      }
    },
  },
  h("label", {}, "Name", input), error,
  h("p", { class: "actions" }, h("button", {}, "Rename"), h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Cancel")));
  input.addEventListener("focus", () => input.setSelectionRange(0, input.value.replace(/\.pdf$/i, "").length), { once: true });
  await open("Rename the document", content);
}

export async function shareInChat([card]) {
  const { share } = await import("../document/sharing.js");
  await share({ card, path: `/documents/${card.id}` });
}

const doomed = new Set();

// Delete after a while in which it can be undone; until then the documents are only out of sight.
export async function erase(cards) {
  const ids = cards.map((card) => card.id);
  hide(ids);
  for (const id of ids) doomed.add(id);
  const text = ids.length === 1 ? `“${cards[0].filename}” was deleted.` : `${count(ids.length, "document")} were deleted.`;
  const isUndone = await notify(text, { undo: "Undo" });
  for (const id of ids) doomed.delete(id);
  if (isUndone) return hide(ids, false);
  await each(cards, async ({ id }) => {
    await remove(`/documents/${id}`).catch((problem) => {
      if (problem.status !== 404) throw problem;
    });
    drop([id]);
  });
  hide(ids.filter(find), false); // What could not be deleted comes back.
}

// Whoever leaves within that time has not thought better of it.
addEventListener("pagehide", () => {
  for (const id of doomed) fetch(`/documents/${id}`, { method: "DELETE", keepalive: true });
  doomed.clear();
});
