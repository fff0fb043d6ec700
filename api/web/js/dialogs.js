// What stands over the page for a while: questions, short notices with something to undo, strips, and menus.

import { h, icon, say } from "./dom.js";

const NOTICE_MS = 8000;

// Open a dialog with this content; the promise is kept with what `close(value)` was given, null by Escape.
export function open(title, content, { isModal = true } = {}) {
  return new Promise((resolve) => {
    const close = (value) => { dialog.returnValue = ""; answer = value; dialog.close(); };
    let answer = null;
    const heading = h("h2", { id: "dialog-title" }, title);
    const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, heading, content(close));
    dialog.addEventListener("close", () => { dialog.remove(); resolve(answer); });
    document.body.append(dialog);
    if (isModal) dialog.showModal();
    else dialog.show();
  });
}

// Ask before something that cannot be undone; true when the person wants it.
export async function confirm(title, sentence, verb) {
  const content = (close) => h("div", {},
    h("p", {}, sentence),
    h("p", { class: "actions" },
      h("button", { type: "button", class: "quiet", onclick: () => close(false) }, "Cancel"),
      h("button", { type: "button", class: "danger", autofocus: true, onclick: () => close(true) }, verb)));
  return (await open(title, content)) === true;
}

// Show a notice for eight seconds; `undo` gives it a button. The promise is kept with true when it was undone.
export function notify(text, { undo = null, isError = false } = {}) {
  return new Promise((resolve) => {
    const end = (undone) => { clearTimeout(timer); notice.remove(); resolve(undone); };
    const button = undo && h("button", { type: "button", class: "link", onclick: () => end(true) }, undo);
    const away = h("button", { type: "button", class: "bare", "aria-label": "Dismiss", onclick: () => end(false) }, icon("close"));
    const notice = h("div", { class: isError ? "notice error" : "notice" }, h("span", {}, text), button, away);
    const timer = setTimeout(() => end(false), NOTICE_MS);
    place().append(notice);
    say(text);
  });
}

function place() {
  const there = document.querySelector(".notices");
  if (there) return there;
  document.body.append(h("div", { class: "notices", role: "region", "aria-label": "Notices" }));
  return document.querySelector(".notices");
}

// Show a line under the head as long as something is wrong everywhere; an empty text takes it away.
export function strip(name, text) {
  const there = document.getElementById(`strip-${name}`);
  if (there?.textContent === text) return;
  there?.remove();
  if (text) document.getElementById("strips").append(h("p", { id: `strip-${name}`, class: "strip", role: "status" }, icon("warning"), text));
}

// A button that opens a menu. The entries are `{label, icon, href, download, onclick, isDanger}`, or null to leave out;
// a function that returns them is asked each time.
export function menu(label, entries, { face = icon("more"), style = "bare" } = {}) {
  const button = h("button", { type: "button", class: style, "aria-label": label, "aria-haspopup": "menu", "aria-expanded": "false" }, face);
  let wasOpen = false; // A press outside of an open menu closes it, also one on its button.
  button.addEventListener("pointerdown", () => { wasOpen = button.getAttribute("aria-expanded") === "true"; });
  button.addEventListener("click", () => {
    if (!wasOpen) unfold(button, typeof entries === "function" ? entries() : entries);
    wasOpen = false;
  });
  return button;
}

function unfold(button, entries) {
  const items = entries.filter(Boolean).map((entry) => item(entry, () => list.hidePopover()));
  const list = h("div", { class: "menu", popover: "auto", role: "menu", "aria-label": button.getAttribute("aria-label") }, items);
  button.after(list);
  button.setAttribute("aria-expanded", "true");
  list.addEventListener("toggle", (change) => {
    if (change.newState === "open") return;
    button.setAttribute("aria-expanded", "false");
    list.remove();
  });
  list.addEventListener("keydown", (event) => walk(event, items));
  list.showPopover();
  settle(button, list);
}

function item(entry, close) {
  const attributes = { role: "menuitem", class: entry.isDanger ? "danger" : null, tabindex: "-1" };
  const content = [entry.icon && icon(entry.icon), entry.label];
  if (entry.href) return h("a", { ...attributes, href: entry.href, download: entry.download, onclick: close }, content);
  return h("button", { ...attributes, type: "button", onclick: () => { close(); entry.onclick(); } }, content);
}

function settle(button, list) {
  const at = button.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.right - list.offsetWidth, innerWidth - list.offsetWidth - 8));
  const below = at.bottom + list.offsetHeight + 8 < innerHeight;
  list.style.setProperty("left", `${left}px`);
  list.style.setProperty("top", `${below ? at.bottom + 4 : Math.max(8, at.top - list.offsetHeight - 4)}px`);
  list.querySelector("[role=menuitem]")?.focus();
}

function walk(event, items) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
}
