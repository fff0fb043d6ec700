// Queues and workers at this moment, and what is wrong with them if something is.

import { get } from "../../api.js";
import { count, h, icon } from "../../dom.js";
import { link } from "../../router.js";
import { cell } from "./listing.js";

const EVERY_MS = 5000;
const LABELS = { interactive: "Interactive", normal: "Normal", bulk: "Bulk", render: "Pictures", email: "Mails" };
const HEADS = ["Queue", "Waiting", "Oldest", "Dispatched", "Running", "In the broker", "Lost in 24 h"];

export async function queues({ signal }) {
  const place = h("div", {});
  const draw = async () => {
    if (document.hidden && place.isConnected) return;
    const found = await get("/admin/queues", { signal }).catch((problem) => ({ problem }));
    if (found.problem?.name === "AbortError") return;
    place.replaceChildren(...(found.problem ? [h("p", { class: "error", role: "alert" }, found.problem.message)] : drawn(found)));
  };
  await draw();
  const timer = setInterval(draw, EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(timer));
  return place;
}

function drawn({ queues: cards, broker, workers, dispatcher, failed_24h: failed }) {
  return [
    ...alarms({ broker, workers, dispatcher }),
    h("div", { class: "figures" },
      figure(cards.reduce((sum, card) => sum + card.waiting, 0), "waiting"),
      figure(cards.reduce((sum, card) => sum + card.running, 0), "running"),
      figure(workers.filter((worker) => worker.alive).length, "workers alive"),
      figure(failed, "failed in 24 h", link("/admin/jobs", { state: "failed" }))),
    h("h2", {}, "Queues"),
    table("Queues", HEADS, cards.map((card) => h("tr", {}, h("th", { scope: "row" }, LABELS[card.name] ?? card.name),
      cell(card.waiting), cell(card.oldest_age_s == null ? "–" : lasting(card.oldest_age_s)), cell(card.dispatched), cell(card.running),
      cell(card.broker_length ?? "?"), cell(card.lost)))),
    h("h2", {}, "Workers"),
    table("Workers", ["Worker", "Does", "Slots", "Running", "Last heard of"], workers.map((worker) => h("tr", {},
      h("th", { scope: "row" }, worker.id), cell(worker.pool), cell(worker.slots), cell(worker.running),
      cell(h("span", { class: worker.alive ? "chip good" : "chip bad" }, worker.alive ? `${lasting(worker.heartbeat_age_s)} ago` : `silent for ${lasting(worker.heartbeat_age_s)}`))))),
    h("p", { class: "actions" },
      h("a", { class: "button quiet", href: "/flower/", target: "_blank", rel: "noopener" }, icon("table"), "Open Flower"),
      h("span", { class: "soft" }, "Flower shows each message. It runs with ", h("code", {}, "./sheaf up"), "; elsewhere start the line ", h("code", {}, "flower"), " of the Procfile.")),
  ];
}

function alarms({ broker, workers, dispatcher }) {
  const alive = (pool) => workers.some((worker) => worker.alive && worker.pool === pool);
  return [
    !broker.reachable && "The broker cannot be reached. Uploads are accepted, and are read once it is back.",
    !alive("readers") && "No worker is alive: nothing is being read at the moment.",
    !alive("mailers") && "No mailer is alive: no mail is sent at the moment.",
    !dispatcher.leads && "No dispatcher is at work: nothing that waits is started.",
  ].filter(Boolean).map((words) => h("p", { class: "alarm", role: "alert" }, icon("warning"), words));
}

function figure(number, words, href = null) {
  const content = [h("strong", {}, number.toLocaleString("en")), h("span", { class: "soft" }, words)];
  return href ? h("a", { class: "card figure", href }, content) : h("div", { class: "card figure" }, content);
}

function table(label, heads, rows) {
  if (!rows.length) return h("p", { class: "soft" }, "None.");
  return h("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": label },
    h("table", { class: "list" }, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), h("tbody", {}, rows)));
}

function lasting(seconds) {
  if (seconds < 90) return count(Math.round(seconds), "second");
  return seconds < 5400 ? count(Math.round(seconds / 60), "minute") : count(Math.round(seconds / 3600), "hour");
}
