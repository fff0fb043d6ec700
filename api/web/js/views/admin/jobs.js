// Everybody's jobs: what failed, why, and another try for one or for all that may succeed.

import { post } from "../../api.js";
import { confirm, notify } from "../../dialogs.js";
import { count, h, icon, moment } from "../../dom.js";
import { explain } from "../../reasons.js";
import { cell, choice, listing } from "./listing.js";

const STATES = [["failed", "Failed"], ["partial", "With failed pages"], ["queued", "Waiting"], ["running", "Running"], ["succeeded", "Succeeded"], ["canceled", "Cancelled"], ["", "All"]];
const KINDS = [["", "All kinds"], ["extraction", "Reading"], ["rendering", "Pictures"], ["email", "Mails"]];
const CHIPS = { failed: "bad", partial: "warn", succeeded: "good" };
const HEADS = ["Job", "Owner", "State", "Why", "Attempt", "Made", ""];

export async function jobs({ query, signal }) {
  const list = listing({ path: "/admin/jobs", heads: HEADS, row, noun: "job", empty: "There is no such job.", signal });
  const state = choice("State", STATES, () => look());
  const kind = choice("Kind", KINDS, () => look());
  state.value = query.get("state") ?? "failed";
  const all = h("button", { type: "button", class: "quiet", onclick: () => retryAll(look) }, icon("again"), "Try all failed again");
  const look = () => list.look({ state: state.value, kind: kind.value });
  await look();
  return h("div", {}, h("div", { class: "admin-bar" }, state, kind, all), list);
}

function row(job, redraw) {
  const { title, sentence } = job.error ? explain(job.error) : {};
  const isOver = ["failed", "partial", "canceled"].includes(job.state);
  const kind = KINDS.find(([name]) => name === job.kind)?.[1] ?? job.kind;
  return [
    cell(kind, h("small", { class: "soft id" }, job.id), job.retry_of && h("small", { class: "soft id" }, `again for ${job.retry_of}`)),
    cell(job.owner.name, h("small", { class: "soft id" }, job.owner.email)),
    cell(h("span", { class: `chip ${CHIPS[job.state] ?? ""}` }, STATES.find(([name]) => name === job.state)[1])),
    cell(job.error && [h("strong", {}, title), h("small", { class: "soft id" }, sentence)]),
    cell(job.attempt),
    cell(moment(job.created_at)),
    cell(isOver && h("button", { type: "button", class: "quiet", "aria-label": `Try job ${job.id} again`, onclick: () => retry(job, redraw) }, "Try again")),
  ];
}

async function retry(job, redraw) {
  try {
    const again = await post(`/admin/jobs/${job.id}/retry`);
    notify(again.reused ? "This is being tried again already." : "It is tried again now.");
  } catch (problem) {
    notify(problem.message, { isError: true });
  }
  await redraw();
}

async function retryAll(redraw) {
  const sentence = "All failed readings whose error may go away are tried again for their owners, a hundred at once.";
  if (!(await confirm("Try all failed again?", sentence, "Try again"))) return;
  try {
    const told = await post("/admin/jobs/retry", {});
    const refused = told.refused.length ? `; ${count(told.refused.length, "was", "were")} refused by a limit of the owner` : "";
    notify(`${count(told.retried.length, "job is", "jobs are")} tried again${refused}${told.more ? "; there are more" : ""}.`);
  } catch (problem) {
    notify(problem.message, { isError: true });
  }
  await redraw();
}
