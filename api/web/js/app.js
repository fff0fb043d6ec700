// The page's frame: the head, the way from an address to its view, and the strip that says when nothing is heard.

import { h, icon } from "./dom.js";
import { live } from "./live.js";
import { address, follow, go, link } from "./router.js";
import { me, recall, session, signOut } from "./session.js";
import { menu, strip } from "./dialogs.js";
import { talks, unread } from "./talks.js";

// Each view is a module with `view({params, query, signal}) → element`, whose h1 is the title of the page. An element
// with a method `readdress({path, query})` stays when only the query of its address changes.
const ROUTES = [
  { path: /^\/$/, load: () => import("./views/documents.js"), isDocuments: true },
  { path: /^\/documents\/(?<id>[\w-]+)$/, load: () => import("./views/document.js"), isDocuments: true },
  { path: /^\/search$/, load: () => import("./views/search.js") },
  { path: /^\/chat(?:\/(?<peer>\d+))?$/, load: () => import("./views/chat.js") },
  { path: /^\/account$/, load: () => import("./views/account.js") },
  { path: /^\/admin(?:\/(?<tab>\w+))?$/, load: () => import("./views/admin.js") },
  { path: /^verify-email=(?<token>.+)$/, load: () => import("./views/letters.js"), isOpen: true },
  { path: /^reset-password=(?<token>.+)$/, load: () => import("./views/letters.js"), isOpen: true },
  { path: /^/, load: () => import("./views/nowhere.js"), isOpen: true },
];
const LATER = [() => import("./upload_panel.js"), () => import("./attention.js"), () => import("./standstill.js")];
const ENTRIES = [["/", "file", "Documents"], ["/search", "search", "Search"], ["/chat", "chat", "Chat"]];

const main = document.getElementById("main");
const top = document.querySelector("header.top");
let shown = { path: null, element: null };

document.documentElement.dataset.theme = localStorage.getItem("sheaf.theme") ?? "system";

function stays(at) {
  const follows = shown.path === at.path && shown.element?.readdress && me();
  if (follows) shown.element.readdress(at);
  return Boolean(follows);
}

async function show(route, at) {
  shown.element = null; // It is left already: nothing follows with it while the next one is on its way.
  const view = await build(route, at);
  if (at.signal.aborted) return;
  const isFirst = shown.path === null;
  shown = { path: at.path, element: view };
  main.replaceChildren(view);
  document.title = titled(view);
  drawHead();
  if (me()) attend();
  if (isFirst) return;
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

// What people meet sooner or later comes after what they came for; what fails is asked for again by the next view.
function attend() {
  for (const load of LATER) load().catch(() => null);
}

async function build(route, at) {
  try {
    const open = !me() && !route.isOpen;
    const { view } = await (open ? import("./views/sign_in.js") : route.load());
    return await view(at);
  } catch (problem) {
    if (problem.name === "AbortError") return h("div", {});
    if (problem instanceof TypeError && /import|module/i.test(problem.message)) return outdated();
    return failure(problem);
  }
}

function titled(view) {
  const title = view.querySelector("h1")?.textContent;
  return `${unread() ? `(${unread()}) ` : ""}${title ? `${title} · ` : ""}Sheaf`;
}

function outdated() {
  return h("section", { class: "card narrow" },
    h("h1", {}, "There is a newer version of this page"),
    h("p", {}, "Load it again to go on."),
    h("p", {}, h("button", { type: "button", onclick: () => location.reload() }, "Load again")));
}

function failure(problem, again = () => arrive()) {
  const title = problem.status === 404 ? "There is nothing here" : "This did not work";
  return h("section", { class: "card narrow" },
    h("h1", {}, title),
    h("p", { class: "error", role: "alert" }, problem.message),
    h("p", { class: "actions" },
      h("button", { type: "button", onclick: again }, "Try again"),
      h("a", { class: "button quiet", href: link("/") }, "Back to the documents")));
}

function drawHead() {
  const user = me();
  top.hidden = !user;
  if (!user) return;
  const here = address().path;
  top.replaceChildren(
    h("a", { class: "brand", href: link("/") }, h("span", { class: "mark" }), "Sheaf"),
    h("nav", { "aria-label": "Main" }, ENTRIES.map((entry) => navigation(entry, here))),
    menu(`Account of ${user.name}`, accountEntries(user), { face: [icon("person"), h("span", { class: "wide" }, user.name)], style: "quiet" }));
}

function navigation([path, drawing, label], here) {
  const isHere = path === "/" ? here === "/" || here.startsWith("/documents") : here.startsWith(path);
  return h("a", { href: link(path), "aria-current": isHere ? "page" : null }, icon(drawing), h("span", {}, label), path === "/chat" && count());
}

function count() {
  return h("span", { class: "badge unread", hidden: !unread() }, String(unread()), h("span", { class: "unseen" }, " unread"));
}

function accountEntries(user) {
  return [
    { label: "Account", icon: "gear", href: link("/account") },
    user.role === "admin" ? { label: "Administration", icon: "table", href: link("/admin") } : null,
    { label: "API", icon: "key", href: "/docs" },
    { label: "Sign out", icon: "close", onclick: signOut },
  ];
}

// Say how many messages wait to be read: in the head and in the title.
function showUnread() {
  top.querySelector(".unread")?.replaceWith(count());
  if (shown.element) document.title = titled(shown.element);
}

talks.addEventListener("changed", showUnread);
live.addEventListener("up", () => strip("live", ""));
live.addEventListener("down", ({ detail }) => {
  const seconds = Math.ceil((detail.retryInMs ?? 0) / 1000);
  strip("live", detail.retryInMs == null ? "Not connected. Load the page again to hear news." : `Not connected – trying again in ${seconds} s.`);
});
addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  const isSearch = (event.key === "/" && !isTyping) || (event.key === "k" && (event.ctrlKey || event.metaKey));
  if (!isSearch || !me() || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  go("/search");
});

const arrive = follow(ROUTES, show, stays);
session.addEventListener("renamed", drawHead);
session.addEventListener("changed", () => { shown = { path: shown.path === null ? null : "", element: null }; arrive(); });
recall().then(
  () => { if (shown.path === null) arrive(); },
  (problem) => main.replaceChildren(failure(problem, () => location.reload())));
