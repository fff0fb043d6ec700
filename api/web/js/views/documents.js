// The list of documents: what was uploaded, how far it is, and what to do with it.

import { all, documents, find, known, load, refresh } from "../documents.js";
import { count, h, icon, keyed } from "../dom.js";
import { go } from "../router.js";
import { isWorking, make, needsPassword, update } from "./documents/row.js";

const FILTERS = {
  all: ["All", () => true],
  working: ["Working", isWorking],
  ready: ["Ready", ({ status }) => status === "succeeded" || status === "partial"],
  needs: ["Needs you", needsPassword],
  failed: ["Failed", (card) => card.status === "canceled" || (card.status === "failed" && !needsPassword(card))],
};
const NAMES = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const SORTS = {
  newest: ["Newest", (a, b) => (a.id < b.id ? 1 : -1)],
  name: ["Name", (a, b) => NAMES.compare(a.filename, b.filename)],
  pages: ["Most pages", (a, b) => (b.page_count ?? 0) - (a.page_count ?? 0)],
  size: ["Largest", (a, b) => b.size - a.size],
};
const PART = 60; // Rows are made as they come near, so that a thousand documents open as fast as ten.
const PATIENCE_MS = 150;
const LAYOUT = "sheaf.documents-as"; // "grid" for large pictures, else a list.

export async function view({ query, signal }) {
  const list = new List(query);
  for (const [type, act] of [["listed", () => list.draw()], ["changed", ({ detail }) => list.redraw(detail)]]) {
    documents.addEventListener(type, act, { signal });
  }
  signal.addEventListener("abort", () => list.leave());
  if (!known.asOf) await Promise.race([load(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)), first(signal)]);
  else refresh();
  list.draw();
  return list.element;
}

// The first hundred are enough to begin with.
function first(signal) {
  return new Promise((resolve) => documents.addEventListener("listed", resolve, { once: true, signal }));
}

class List {
  constructor(query) {
    this.selected = new Set();
    this.many = PART;
    this.number = h("span", { class: "soft" });
    this.chips = h("div", { class: "filters", role: "group", "aria-label": "Show" });
    this.rows = h("ul", { class: "rows documents", "aria-label": "Documents", onkeydown: (event) => this.press(event) });
    this.end = h("p", { class: "end" });
    this.note = h("div", { class: "list-note" });
    this.bulk = h("div", { class: "bulk", role: "toolbar", "aria-label": "Selected documents", hidden: true });
    this.box = h("input", { type: "search", placeholder: "Find by name", "aria-label": "Find documents by name", oninput: () => this.narrow({ name: this.box.value }) });
    this.sort = h("select", { "aria-label": "Sort by", onchange: () => this.narrow({ sort: this.sort.value }) },
      Object.entries(SORTS).map(([value, [label]]) => h("option", { value }, label)));
    this.layouts = [this.layout("list", "text", "As a list"), this.layout("grid", "grid", "As pictures")];
    this.tools = h("div", { class: "tools" }, this.chips, this.box, this.sort, h("div", { class: "layouts", role: "group", "aria-label": "Layout" }, this.layouts));
    this.element = h("section", { class: "home" }, this.head(), this.tools, this.bulk, this.note, this.rows, this.end);
    this.element.readdress = (at) => this.readdress(at.query);
    this.near = new IntersectionObserver(([end]) => { if (end.isIntersecting) this.grow(); }, { rootMargin: "600px" });
    this.near.observe(this.end);
    this.layOut(localStorage.getItem(LAYOUT) ?? "list");
    this.readdress(query);
  }

  layout(value, drawing, label) {
    const onclick = () => { localStorage.setItem(LAYOUT, value); this.layOut(value); this.drawRows(); };
    return h("button", { type: "button", class: "bare", value, "aria-label": label, title: label, onclick }, icon(drawing));
  }

  layOut(value) {
    this.isGrid = value === "grid";
    this.rows.classList.toggle("grid", this.isGrid);
    for (const button of this.layouts) button.setAttribute("aria-pressed", String(button.value === value));
  }

  head() {
    return h("header", { class: "head" },
      h("h1", {}, "Documents"), this.number,
      h("span", { class: "actions" },
        h("button", { type: "button", class: "quiet", onclick: () => choose({ isFolder: true }) }, "Upload a folder"),
        h("button", { type: "button", onclick: () => choose() }, icon("upload"), "Upload PDFs")));
  }

  // What is shown stands in the address, so that it can be kept and gone back to.
  readdress(query) {
    this.filter = FILTERS[query.get("show")] ? query.get("show") : "all";
    this.order = SORTS[query.get("sort")] ? query.get("sort") : "newest";
    this.name = query.get("name") ?? "";
    this.sort.value = this.order;
    if (this.box.value !== this.name) this.box.value = this.name;
    this.many = PART;
    if (known.asOf) this.draw();
  }

  narrow(change) {
    const query = { show: this.filter, sort: this.order, name: this.name, ...change };
    go("/", { query: { ...query, show: query.show === "all" ? "" : query.show, sort: query.sort === "newest" ? "" : query.sort }, replace: true });
  }

  draw() {
    const everything = all();
    const words = this.name.trim().toLowerCase();
    const named = words ? everything.filter((card) => card.filename.toLowerCase().includes(words)) : everything;
    this.found = named.filter(FILTERS[this.filter][1]).sort(SORTS[this.order][1]);
    for (const id of this.selected) if (!find(id)) this.selected.delete(id);
    this.number.textContent = known.asOf ? count(Math.max(known.total, everything.length), "document") : "";
    this.tools.hidden = !everything.length;
    this.drawChips(named);
    this.drawRows();
    this.drawBulk();
    this.drawNote(everything);
  }

  drawChips(cards) {
    const chips = Object.entries(FILTERS).map(([value, [label, fits]]) => ({ value, label, many: cards.filter(fits).length }));
    keyed(this.chips, chips, {
      key: (chip) => chip.value,
      make: (chip) => h("button", { type: "button", class: "filter", onclick: () => this.narrow({ show: chip.value }) }, chip.label, h("span", {})),
      update: (button, chip) => {
        button.setAttribute("aria-pressed", String(chip.value === this.filter));
        button.lastChild.textContent = chip.many;
      },
    });
  }

  drawRows() {
    keyed(this.rows, this.found.slice(0, this.many), {
      key: (card) => card.id,
      make: (card) => make(card, { onselect: (id, isSelected) => this.select([id], isSelected) }),
      update: (row, card) => this.update(row, card),
    });
    const rest = this.found.length - this.many;
    this.end.textContent = rest > 0 ? `${count(rest, "more document")} below` : capped(all().length);
  }

  grow() {
    if (!this.found || this.found.length <= this.many) return;
    this.many += PART;
    this.drawRows();
    this.near.unobserve(this.end); // Look again: what was added may not fill the window.
    this.near.observe(this.end);
  }

  // A page more of a document changes its row only; another state may change where it stands.
  redraw(ids) {
    const row = ids.length === 1 && this.rows.querySelector(`[data-key="${ids[0]}"]`);
    const card = find(ids[0]);
    if (!row || row.card?.status !== card?.status || row.card.filename !== card.filename) return this.drawSoon();
    this.update(row, card);
  }

  update(row, card) {
    update(row, card, { isSelected: this.selected.has(card.id), isLarge: this.isGrid });
  }

  drawSoon() {
    this.soon ??= setTimeout(() => { this.soon = null; this.draw(); }, 50);
  }

  leave() {
    clearTimeout(this.soon);
    this.near.disconnect();
  }

  select(ids, isSelected = true) {
    for (const id of ids) this.selected[isSelected ? "add" : "delete"](id);
    this.drawRows();
    this.drawBulk();
  }

  drawBulk() {
    const cards = [...this.selected].map(find).filter(Boolean);
    this.bulk.hidden = !cards.length;
    if (!cards.length) return this.bulk.replaceChildren();
    const act = (name) => async () => {
      (await import("./documents/actions.js"))[name](cards);
      this.select(cards.map((card) => card.id), false);
    };
    const button = (label, drawing, onclick, style = "quiet") => h("button", { type: "button", class: style, onclick }, icon(drawing), label);
    this.bulk.replaceChildren(
      h("strong", {}, `${cards.length} selected`),
      this.found.length > cards.length ? h("button", { type: "button", class: "link", onclick: () => this.select(this.found.map((card) => card.id)) }, `Select all ${this.found.length}`) : "",
      h("span", { class: "gap" }),
      cards.some(isWorking) ? button("Stop", "stop", act("stop")) : button("Read again", "again", act("readAgain")),
      button("Delete", "trash", act("erase"), "quiet danger-text"),
      button("Clear", "close", () => this.select([...this.selected], false), "bare"));
  }

  drawNote(everything) {
    this.rows.setAttribute("aria-busy", String(!known.asOf && !known.problem));
    const turn = (this.turn = {}); // What is said may have been overtaken when its words have been loaded.
    if (known.asOf && !known.problem && this.found.length) return this.say(null);
    const reset = () => go("/", { replace: true });
    const seen = { everything, found: this.found, filter: FILTERS[this.filter][0], name: this.name, reset };
    import("./documents/notes.js").then(({ note }) => { if (this.turn === turn) this.say(note(seen)); });
  }

  say(note) {
    const kind = note?.dataset.kind ?? "";
    if (this.note.dataset.kind !== kind) this.note.replaceChildren(note ?? "");
    this.note.dataset.kind = kind;
  }

  press(event) {
    if (event.target.closest("input:not([type=checkbox]), [popover]")) return;
    const row = event.target.closest(".row");
    const at = row && this.reached(row, event.key);
    if (at) at.querySelector(".name").focus();
    else if (row && event.key === "x") this.select([row.card.id], !this.selected.has(row.card.id));
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) this.select(this.found.map((card) => card.id));
    else if (event.key === "Escape" && this.selected.size) this.select([...this.selected], false);
    else if (row && event.key === "Delete") this.erase(row);
    else return;
    event.preventDefault();
  }

  // The row that a key leads to from another; beside each other there are some only in the grid.
  reached(row, key) {
    const rows = [...this.rows.children];
    const across = getComputedStyle(this.rows).gridTemplateColumns.split(" ").length;
    const beside = this.isGrid ? { ArrowRight: 1, ArrowLeft: -1 } : {};
    const step = { ArrowDown: across, ArrowUp: -across, ...beside }[key];
    return step ? rows[rows.indexOf(row) + step] : { Home: rows[0], End: rows.at(-1) }[key];
  }

  async erase(row) {
    const cards = this.selected.size ? [...this.selected].map(find) : [row.card];
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.selected.clear();
    (await import("./documents/actions.js")).erase(cards);
    next?.querySelector(".name").focus();
  }
}

const capped = (many) => (known.total > many && known.isWhole ? `The newest ${many.toLocaleString("en")} of ${known.total.toLocaleString("en")} are listed; the search finds the others.` : "");

async function choose(options) {
  (await import("../intake.js")).choose(options);
}
