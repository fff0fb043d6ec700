// Search: a box that looks as people type, what narrows it down, and the pages that were found, by document.

import { get } from "../api.js";
import { count, h, icon, say } from "../dom.js";
import { link } from "../router.js";
import { me } from "../session.js";
import { group } from "./search/groups.js";
import { recent, remember } from "./search/recent.js";
import { spoken, wish } from "./search/wish.js";

const PAUSE_MS = 200;
const SLOW_MS = 300;
const AT_ONCE = 30;
const DAYS = { week: 7, month: 31, year: 366 };
const TIMES = [["", "Any time"], ["week", "Past week"], ["month", "Past month"], ["year", "Past year"]];

export async function view({ query, signal }) {
  const within = query.get("document");
  const name = within && (await get(`/documents/${within}`, { signal }).then((card) => card.filename, () => null));
  return new Search({ query, signal, document: name && { id: within, name } }).element;
}

class Search {
  constructor({ query, signal, document }) {
    this.signal = signal;
    this.document = document;
    this.draw(query);
    this.attend();
    this.look();
  }

  draw(query) {
    this.box = h("input", {
      type: "search", name: "q", value: query.get("q") ?? "", maxlength: "200", autocomplete: "off", spellcheck: "false",
      placeholder: "Words, “a phrase”, -without", "aria-label": "Search in documents", "aria-describedby": "found",
    });
    this.since = h("select", { name: "since", "aria-label": "Uploaded" },
      TIMES.map(([value, label]) => h("option", { value, selected: value === query.get("since") }, label)));
    this.tables = h("input", { type: "checkbox", name: "tables", checked: query.get("tables") === "true" });
    this.only = h("span", { class: "only" });
    this.sum = h("p", { id: "found", class: "soft sum", role: "status" });
    this.slow = h("progress", { class: "slow", "aria-label": "Searching", hidden: true });
    this.results = h("div", { class: "results" });
    this.form = h("form", { role: "search", class: "search-form" },
      h("div", { class: "search-box" }, icon("search"), this.box),
      h("div", { class: "narrowing" }, this.only, this.since, h("label", { class: "inline" }, this.tables, "Only pages with tables")));
    this.element = h("section", { class: "search" },
      h("h1", { class: "unseen" }, "Search"), this.form, this.slow, this.sum, this.results);
    this.drawDocument();
  }

  drawDocument() {
    const away = h("button", { type: "button", class: "bare", "aria-label": "Search in all documents", onclick: () => this.narrow(null) }, icon("close"));
    this.only.replaceChildren(...(this.document ? [icon("file"), h("span", {}, "In ", h("strong", {}, this.document.name)), away] : []));
    this.only.hidden = !this.document;
  }

  attend() {
    const { signal } = this;
    this.box.addEventListener("input", () => this.later(PAUSE_MS), { signal });
    this.since.addEventListener("change", () => this.later(0), { signal });
    this.tables.addEventListener("change", () => this.later(0), { signal });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.enter(); }, { signal });
    this.element.addEventListener("keydown", (event) => this.walk(event), { signal });
    this.results.addEventListener("click", (event) => { if (event.target.closest("a.hit")) remember(me().id, this.box.value); }, { signal });
    addEventListener("keydown", (event) => this.come(event), { signal, capture: true });
    requestAnimationFrame(() => this.box.focus());
  }

  // The keys that lead here from everywhere lead to the box from here, and keep what is in it.
  come(event) {
    const isTyping = event.target.closest("input, textarea, select");
    if (!(event.key === "/" && !isTyping) && !(event.key === "k" && (event.ctrlKey || event.metaKey))) return;
    event.preventDefault();
    event.stopPropagation();
    this.box.select();
  }

  // Arrows go from the box through the pages that were found and back.
  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [this.box, ...this.results.querySelectorAll("a.hit, .recent a")];
    const at = stops.indexOf(document.activeElement);
    if (!step || at < 0 || !stops[at + step]) return;
    event.preventDefault();
    stops[at + step].focus();
  }

  narrow(document) {
    this.document = document;
    this.drawDocument();
    this.later(0);
    this.box.focus();
  }

  later(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), wait);
  }

  // Enter looks at once and goes to the first page found; there it opens the page.
  async enter() {
    clearTimeout(this.timer);
    remember(me().id, this.box.value);
    await this.look();
    this.results.querySelector("a.hit")?.focus();
  }

  asked() {
    const days = DAYS[this.since.value];
    return {
      q: wish(this.box.value),
      document_id: this.document?.id,
      since: days && new Date(Date.now() - days * 86_400_000).toISOString(),
      tables: this.tables.checked || null,
    };
  }

  keepAddress() {
    const { since, tables } = this;
    const query = { q: this.box.value.trim(), document: this.document?.id, since: since.value, tables: tables.checked || null };
    history.replaceState(null, "", link("/search", query));
  }

  async look() {
    this.asking?.abort();
    if (this.signal.aborted) return;
    this.keepAddress();
    const asked = this.asked();
    if (!asked.q) return this.rest();
    if (asked.q.length < 2 && asked.q.charCodeAt(0) < 0x2e80) return this.tell("Go on typing: one letter finds nearly every page.");
    await this.ask(asked, (found) => this.show(found, asked));
  }

  // Ask the API, of the newest wish only; a bar shows when that takes long.
  async ask(query, done) {
    const asking = (this.asking = new AbortController());
    const signal = AbortSignal.any([this.signal, asking.signal]);
    const slow = setTimeout(() => { this.slow.hidden = false; }, SLOW_MS);
    try {
      done(await get("/search", { query: { limit: AT_ONCE, ...query }, signal }));
    } catch (problem) {
      if (problem.name !== "AbortError") this.fail(problem);
    } finally {
      clearTimeout(slow);
      if (asking === this.asking) this.slow.hidden = true;
    }
  }

  tell(sentence, ...below) {
    this.sum.textContent = sentence;
    this.results.replaceChildren(...below);
  }

  rest() {
    this.tell("", recent(me().id, () => this.rest()));
  }

  fail(problem) {
    if (problem.status === 422) return this.tell(problem.errors[0]?.detail ?? problem.message);
    this.tell("", h("div", { class: "card empty" },
      h("p", { class: "error", role: "alert" }, problem.message),
      h("p", { class: "actions" }, h("button", { type: "button", onclick: () => this.look() }, "Try again"))));
  }

  async show(found, asked) {
    if (!found.total) return this.showNothing(asked);
    const list = h("ol", { class: "groups" });
    const more = h("p", { class: "actions" });
    this.tell("", list, more);
    this.groups = new Map();
    this.append(found, { asked, list, more });
    this.sum.textContent = `${count(found.total, "page")}${found.next ? "" : ` in ${count(this.groups.size, "document")}`}`;
  }

  append(found, { asked, list, more }) {
    for (const hit of found.data) {
      let known = this.groups.get(hit.document_id);
      if (!known) {
        known = group(hit, { onNarrow: this.document ? null : (one) => this.narrow(one) });
        this.groups.set(hit.document_id, known);
        list.append(known.element);
      }
      known.add(hit, asked.q);
    }
    const onclick = () => this.ask({ ...asked, cursor: found.next }, (next) => {
      this.append(next, { asked, list, more });
      say(`${count(next.data.length, "more page", "more pages")}`);
    });
    more.replaceChildren(...(found.next ? [h("button", { type: "button", class: "quiet", onclick }, "Show more")] : []));
  }

  async showNothing(asked) {
    const isNarrow = Boolean(asked.document_id || asked.since || asked.tables);
    const hints = h("ul", {},
      h("li", {}, "Look at the spelling, or write fewer words: all of them have to be on one page."),
      this.box.value.includes('"') && h("li", {}, "A phrase in quotes has to stand there word for word."),
      isNarrow && h("li", {}, "Look everywhere: ", h("button", { type: "button", class: "link", onclick: () => this.widen() }, "take the filters away"), "."));
    const unread = h("p", { class: "soft" });
    this.tell("", h("div", { class: "card empty" }, icon("search"),
      h("h2", {}, `No page has ${spoken(this.box.value)}`), hints, unread));
    this.sum.textContent = "Nothing found.";
    const reading = await stillBeingRead(this.signal);
    if (reading) unread.textContent = `${count(reading, "document is", "documents are")} still being read; their pages are found as soon as they are.`;
  }

  widen() {
    this.since.value = "";
    this.tables.checked = false;
    this.narrow(null);
  }
}

async function stillBeingRead(signal) {
  const lists = await Promise.all(["queued", "running"].map((status) => get("/documents", { query: { status, limit: 1 }, signal })))
    .catch(() => []);
  return lists.reduce((sum, list) => sum + list.total, 0);
}
