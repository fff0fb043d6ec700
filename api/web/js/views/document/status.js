// How the reading goes, over the result: in line, at work, stopped, failed and why, and what may be done next.

import { post } from "../../api.js";
import { notify } from "../../dialogs.js";
import { count, h, icon, say } from "../../dom.js";
import { explain } from "../../reasons.js";
import { link } from "../../router.js";
import { readAgain } from "./settings.js";

const LOCKED = new Set(["password_required", "password_wrong"]);

export function status(book) {
  const place = h("div", { class: "status" });
  let drawn = "";
  const draw = () => {
    const { job } = book.card;
    const kind = `${job.id} ${job.state} ${job.error?.code} ${book.isAnother()}`;
    if (!job.done && drawn === kind) return progress(place, book);
    if (drawn && drawn !== kind && job.done) say(job.state === "succeeded" ? "The document is read." : "Reading has ended.");
    drawn = kind;
    place.replaceChildren(...[content(book)].flat().filter(Boolean));
    return job.done || progress(place, book);
  };
  book.on("card", draw);
  book.on("fresh", draw);
  draw();
  return place;
}

function content(book) {
  const { job } = book.card;
  if (!job.done) return working(book);
  if (job.state === "succeeded") return null;
  if (job.state === "canceled") return strip("stop", "Reading was stopped", "What was read until then is here.", retry(book, "Read the rest"));
  if (LOCKED.has(job.error?.code)) return unlock(book);
  if (job.state === "partial") {
    const failed = job.failed_pages ?? [];
    const sentence = failed.length ? explain({ code: failed[0].code, message: "" }).sentence : "";
    const many = failed.length > 1 ? `The first one, page ${failed[0]?.number}: ${sentence}` : `Page ${failed[0]?.number}: ${sentence}`;
    return strip("warning", `${count(failed.length, "page")} could not be read`, many, retry(book, "Try these again"));
  }
  return failure(book);
}

function working(book) {
  const another = book.isAnother() && h("p", {}, "What you see is the earlier result; it stays until the new one is ready.");
  return h("div", { class: "card working" },
    h("p", {}, icon("clock"), h("strong", { class: "says" }), h("span", { class: "rest" }),
      book.isMine && h("button", { type: "button", class: "quiet", onclick: () => act(book, post(`/jobs/${book.card.job.id}/cancel`)) }, "Stop")),
    another, h("progress", { "aria-label": "Pages read" }));
}

function progress(place, book) {
  const { job } = book.card;
  const { pages_done: done, pages_total: total } = job.progress;
  const bar = place.querySelector("progress");
  if (!bar) return;
  place.querySelector(".says").textContent = job.state === "queued" ? waiting(job) : `Reading${total ? ` – ${done.toLocaleString("en")} of ${count(total, "page")}` : "…"}`;
  if (total) [bar.max, bar.value] = [total, done];
}

function waiting({ queue_position: position }) {
  return position ? `Waiting – ${position === 1 ? "next in line" : `number ${position} in line`}` : "Waiting for its turn";
}

function failure(book) {
  const { title, sentence, action } = explain(book.card.job.error ?? { code: "internal_error", message: "" });
  const next = {
    pages: () => h("button", { type: "button", class: "quiet", onclick: () => book.move({ tab: "settings" }) }, "Choose pages"),
    replace: () => h("a", { class: "button quiet", href: link("/") }, "Upload another file"),
    again: () => retry(book, "Try again"),
    wait: () => retry(book, "Try again"),
  }[action];
  const back = book.former && h("button", { type: "button", class: "quiet", onclick: () => act(book, readAgain(book, book.former)) }, "Back to the earlier settings");
  return strip("warning", title, sentence, [book.isMine && next?.(), book.isMine && back]);
}

function strip(drawing, title, sentence, actions) {
  return h("div", { class: "card alarm", role: "alert" }, icon(drawing), h("div", {}, h("strong", {}, title), h("p", {}, sentence)), h("span", { class: "actions" }, actions));
}

function retry(book, label) {
  return book.isMine && h("button", { type: "button", class: "quiet", onclick: () => act(book, post(`/jobs/${book.card.job.id}/retry`)) }, icon("again"), label);
}

async function act(book, asked) {
  try {
    await asked;
    await book.refresh();
  } catch (problem) {
    if (problem.name !== "AbortError") notify(explain(problem).sentence, { isError: true });
  }
}

// The password prompt; it stands where the result will be.
function unlock(book) {
  const { title, sentence } = explain(book.card.job.error);
  if (!book.isMine) return strip("lock", title, "Only its owner can give the password.", null);
  const isWrong = book.card.job.error.code === "password_wrong";
  const error = h("p", { class: "error", id: "password-error", role: "alert" }, isWrong ? sentence : "");
  const input = h("input", { type: "password", required: true, autocomplete: "off", autofocus: isWrong, "aria-invalid": String(isWrong), "aria-describedby": "password-error" });
  const show = h("button", { type: "button", class: "quiet", "aria-pressed": "false", onclick: () => {
    input.type = input.type === "password" ? "text" : "password";
    show.setAttribute("aria-pressed", String(input.type === "text"));
  } }, "Show");
  const submit = h("button", {}, icon("lock"), "Unlock");
  const onsubmit = async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const { pages, ...options } = book.card.job.asked ?? {};
    await readAgain(book, { ...options, ...(pages && { pages }), password: input.value }).catch((problem) => { error.textContent = explain(problem).sentence; });
    submit.disabled = false;
  };
  return h("form", { class: "card unlock", onsubmit },
    h("h2", {}, icon("lock"), "This PDF needs its password"),
    h("p", { class: "soft" }, "It is kept sealed as long as the document is here, because pictures and further readings need it, and erased with the document."),
    h("label", {}, "Password of the PDF", h("span", { class: "side" }, input, show)), error, h("p", { class: "actions" }, submit));
}
