// What became of every mail, never what it says; and addresses that mails are sent to again.

import { remove } from "../../api.js";
import { notify } from "../../dialogs.js";
import { h, moment } from "../../dom.js";
import { cell, choice, listing } from "./listing.js";

const STATES = [["", "All"], ["queued", "Waiting"], ["running", "Being sent"], ["succeeded", "Sent"], ["failed", "Not sent"], ["canceled", "Cancelled"]];
const CHIPS = { failed: "bad", succeeded: "good" };
const HEADS = ["To", "What", "State", "The server said", "Attempt", "Made", ""];

export async function mails({ signal }) {
  const list = listing({ path: "/admin/emails", heads: HEADS, row, noun: "mail", empty: "There is no such mail.", signal });
  const state = choice("State", STATES, () => list.look({ state: state.value }));
  await list.look({});
  return h("div", {}, h("div", { class: "admin-bar" }, state), list);
}

function row(mail, redraw) {
  const said = [mail.smtp_code, mail.smtp_enhanced, mail.smtp_text].filter(Boolean).join(" ");
  return [
    cell(mail.to),
    cell(mail.template.replaceAll("_", " ")),
    cell(h("span", { class: `chip ${CHIPS[mail.state] ?? ""}` }, STATES.find(([name]) => name === mail.state)[1]),
      mail.uncertain > 0 && h("small", { class: "soft id" }, "It may have arrived more than once.")),
    cell(said),
    cell(mail.attempt),
    cell(moment(mail.created_at)),
    cell(mail.state === "failed" && h("button", { type: "button", class: "quiet", onclick: () => allow(mail.to, redraw) }, "Allow address")),
  ];
}

async function allow(address, redraw) {
  try {
    await remove("/admin/suppressed-addresses", { query: { address } });
    notify(`Mails are sent to ${address} again.`);
  } catch (problem) {
    notify(problem.message, { isError: true });
  }
  await redraw();
}
