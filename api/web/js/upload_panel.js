// The panel of uploads in the corner: it stays while people move about, and says how far each file is.

import { count, h, icon, keyed, say, size } from "./dom.js";
import { listen } from "./intake.js";
import { explain } from "./reasons.js";
import { link } from "./router.js";
import { session, me } from "./session.js";
import { again, cancel, dismiss, entries, isOver, uploads } from "./uploads.js";

const SHOWN = 100; // The rest is counted.
// What is under way comes first, then what went wrong.
const RANKS = { sending: 0, checking: 0, reading: 1, locked: 2, refused: 2, failed: 2, waiting: 3, cancelled: 4, known: 4, ready: 5 };
const LARGE = 5e6;

const summary = h("h2", { id: "uploads-title" });
const bar = h("progress", { max: 1, value: 0, "aria-label": "All uploads" });
const list = h("ul", { class: "uploads-list" });
const more = h("p", { class: "soft uploads-more" });
const fold = h("button", { type: "button", class: "bare", "aria-expanded": "true", "aria-label": "Show the files", onclick: toggle }, icon("down"));
const panel = h("aside", { class: "uploads", "aria-labelledby": "uploads-title", hidden: true },
  h("header", {}, summary, fold,
    h("button", { type: "button", class: "bare", "aria-label": "Dismiss what has ended", title: "Dismiss what has ended", onclick: () => dismiss() }, icon("close"))),
  bar, h("div", { class: "uploads-body" }, list, more));
document.body.append(panel);

function toggle() {
  const isOpen = panel.classList.toggle("folded") === false;
  fold.setAttribute("aria-expanded", String(isOpen));
}

let drawing = 0;

function draw() {
  drawing ||= requestAnimationFrame(() => {
    drawing = 0;
    panel.hidden = !entries.length;
    if (!entries.length) return;
    summary.textContent = sentence();
    bar.value = entries.reduce((sum, entry) => sum + (isOver(entry) ? 1 : entry.share), 0) / entries.length;
    bar.hidden = entries.every(isOver);
    const shown = [...entries].sort((a, b) => RANKS[a.state] - RANKS[b.state]).slice(0, SHOWN);
    keyed(list, shown, { key: (entry) => entry.key, make: row, update });
    more.textContent = entries.length > SHOWN ? `and ${count(entries.length - SHOWN, "more file")}` : "";
  });
}

const tally = () => {
  const many = (...states) => entries.filter((entry) => states.includes(entry.state)).length;
  return { ready: many("ready", "known"), locked: many("locked"), failed: many("failed", "refused"), cancelled: many("cancelled") };
};

function sentence() {
  const { ready, locked, failed } = tally();
  const going = entries.filter((entry) => !isOver(entry)).length;
  const trouble = `${locked ? ` · ${needing(locked)}` : ""}${failed ? ` · ${failed} failed` : ""}`;
  return going ? `${ready} of ${entries.length} ready${trouble}` : `${count(ready, "file")} ready${trouble}`;
}

const needing = (many) => `${many} ${many === 1 ? "needs" : "need"} a password`;

function row(entry) {
  const parts = {
    name: h("span", { class: "uploads-name" }, h("bdi", {}, entry.name)),
    state: h("span", { class: "uploads-state soft" }),
    bar: h("progress", { max: 1, value: 0, "aria-label": entry.name }),
    act: h("span", { class: "uploads-act" }),
  };
  const item = h("li", {}, parts.name, parts.act, parts.bar, parts.state);
  item.parts = parts;
  return item;
}

function update(item, entry) {
  const { parts } = item;
  parts.bar.value = entry.share;
  parts.bar.hidden = isOver(entry);
  parts.state.textContent = told(entry);
  item.dataset.state = entry.state;
  if (item.drawn === `${entry.state} ${entry.id}`) return;
  item.drawn = `${entry.state} ${entry.id}`;
  parts.name.replaceChildren(entry.id ? h("a", { href: link(`/documents/${entry.id}`) }, h("bdi", {}, entry.name)) : h("bdi", {}, entry.name));
  parts.act.replaceChildren(...actions(entry));
}

function told(entry) {
  const { state, note, problem } = entry;
  if (note) return state === "reading" ? `Reading ${note}` : note;
  if (state === "sending") return sending(entry);
  if (problem) return explain(problem).sentence;
  return {
    waiting: `Waiting to be sent · ${size(entry.size)}`,
    checking: "Being checked",
    reading: "Arrived, waits to be read",
    ready: "Ready",
    cancelled: "Cancelled",
    known: "You have this file already",
  }[state] ?? "";
}

function sending(entry) {
  const part = Math.min(entry.share / 0.2, 1);
  const seconds = entry.left && entry.size > LARGE ? ` · ${Math.ceil(entry.left)} s left` : "";
  return `Sending ${Math.round(part * 100)} % of ${size(entry.size)}${seconds}`;
}

function actions(entry) {
  const bare = (label, drawing, act) =>
    h("button", { type: "button", class: "bare", "aria-label": `${label}: ${entry.name}`, title: label, onclick: act }, icon(drawing));
  if (["waiting", "checking", "sending"].includes(entry.state)) return [bare("Cancel", "close", () => cancel(entry))];
  const onward = { known: "Open it", locked: "Unlock" }[entry.state];
  if (onward) return [h("a", { href: link(`/documents/${entry.id}`) }, onward)];
  const helps = entry.problem && explain(entry.problem).action;
  if (entry.state === "cancelled" || ["again", "wait"].includes(helps)) return [bare("Try again", "again", () => again(entry))];
  return entry.state === "ready" ? [icon("check")] : [];
}

// One sentence for a whole batch, for those who listen.
function announce() {
  const { ready, locked, failed, cancelled } = tally();
  const parts = [[ready, "ready"], [failed, "failed"], [cancelled, "cancelled"]].filter(([many]) => many);
  const told = parts.map(([many, what], index) => `${index ? many : count(many, "file")} ${what}`);
  if (locked) told.push(needing(locked));
  if (told.length) say(told.join(", "));
}

uploads.addEventListener("added", ({ detail }) => {
  panel.classList.remove("folded");
  say(`${count(detail.length, "file")} taken`);
  draw();
});
uploads.addEventListener("changed", draw);
uploads.addEventListener("settled", announce);

// Who goes elsewhere once all has ended has seen what went well.
addEventListener("popstate", () => { if (entries.every(isOver)) dismiss((entry) => !entry.problem); });

let listening = new AbortController();

// Take files only while somebody is signed in.
function follow() {
  listening.abort();
  listening = new AbortController();
  if (me()) listen(listening.signal);
  draw();
}

session.addEventListener("changed", follow);
follow();

