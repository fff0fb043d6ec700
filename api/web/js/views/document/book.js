// One document as its screen knows it: its card, where the reader is, and the pages and tables that were fetched.

import { get } from "../../api.js";
import { isUp, live } from "../../live.js";
import { link } from "../../router.js";

const TURN_MS = 400; // At most so often is what grows asked for again.
const UNHEARD_MS = 5000; // So often the document is asked for while no news can be heard.

// Events: `card` when its state or name changed, `place` when page, tab, zoom, query or turn changed, `grown` when
// there may be more pages, `fresh` when all was read anew, `gone` when it was deleted; `light` says what lights up.
export class Book extends EventTarget {
  // Ask for a document; news that overtake the answer are heard after it.
  static async open(path, { signal }) {
    const early = [];
    const waiting = new AbortController();
    const until = { signal: AbortSignal.any([signal, waiting.signal]) };
    live.addEventListener("job", ({ detail }) => early.push((book) => book.hear(detail)), until);
    live.addEventListener("up", () => early.push((book) => book.look()), until);
    const book = new Book(await get(path, { signal }), { signal });
    waiting.abort();
    for (const tell of early) tell(book);
    return book;
  }

  constructor(card, { signal }) {
    super();
    this.card = card;
    this.signal = signal;
    this.path = `/documents/${card.id}`;
    this.place = { page: 1, tab: "text", zoom: "width", q: "", turn: 0 };
    this.pages = new Map();
    this.later = null;
    this.drawn = card.job;
    live.addEventListener("job", ({ detail }) => this.hear(detail), { signal });
    for (const name of ["up", "gap"]) live.addEventListener(name, () => this.look(), { signal });
    const unheard = setInterval(() => { if (!this.isDone && !isUp()) this.look(); }, UNHEARD_MS);
    signal.addEventListener("abort", () => { clearTimeout(this.later); clearInterval(unheard); });
  }

  get isDone() { return this.card.job.done; }
  get isMine() { return !this.card.shared_by; }
  get count() { return this.card.page_count ?? this.card.job.progress.pages_total ?? null; }

  tell(name, detail) { this.dispatchEvent(new CustomEvent(name, { detail })); }
  on(name, listener) { this.addEventListener(name, (event) => listener(event.detail), { signal: this.signal }); }

  // Take what an address says; unknown values become the usual ones.
  read(query) {
    const page = Number.parseInt(query.get("page"), 10);
    const zoom = query.get("zoom") ?? "width";
    return this.move({
      page: page > 0 ? page : 1,
      tab: query.get("tab") ?? "text",
      zoom: zoom === "page" || (Number(zoom) >= 25 && Number(zoom) <= 400) ? zoom : "width",
      q: query.get("q") ?? "",
    }, { isWritten: true });
  }

  // Go to another page, tab, zoom or query, and write it into the address.
  move(change, { isWritten = false } = {}) {
    const was = this.place;
    const now = { ...was, ...change };
    now.page = Math.max(1, Math.min(now.page, this.count ?? now.page));
    this.place = now;
    if (!isWritten) history.replaceState(null, "", this.address());
    const changed = Object.keys(now).filter((name) => now[name] !== was[name]);
    if (changed.length) this.tell("place", new Set(changed));
  }

  address() {
    const { page, tab, zoom, q } = this.place;
    return link(this.path, { page: page > 1 ? page : null, tab: tab === "text" ? null : tab, zoom: zoom === "width" ? null : zoom, q });
  }

  hear(frame) {
    if (frame.document_id !== this.card.id || (frame.kind ?? "extraction") !== "extraction") return;
    if (frame.event != null || frame.job_id !== this.card.job.id) return this.look();
    if (frame.rev < this.card.rev) return;
    const progress = { pages_done: frame.pages_done, pages_failed: frame.pages_failed, pages_total: frame.pages_total };
    const job = { ...this.card.job, state: frame.state, progress, queue_position: null };
    this.take({ ...this.card, rev: frame.rev, status: frame.state, job });
    return null;
  }

  take(card) {
    const before = this.card;
    this.card = card;
    this.tell("card");
    const isOther = card.job.id !== before.job.id;
    if (isOther && this.drawn.state === "succeeded") this.former = { tables: "default", ...this.drawn.asked };
    if (card.job.done && (isOther || !before.job.done)) this.renew();
    else if (card.rev !== before.rev && !this.isAnother()) this.later ??= setTimeout(() => { this.later = null; this.tell("grown"); }, TURN_MS);
  }

  // Whether another job runs than the one whose pages are shown; they stay until that one has ended.
  isAnother() { return this.drawn.id !== this.card.job.id && !this.isDone; }

  renew() {
    this.drawn = this.card.job;
    this.pages.clear();
    this.listing = null;
    this.tell("fresh");
  }

  // Ask for the card; who asks while another answer is on its way may know of something newer, so it is asked again.
  refresh() {
    if (this.asking) this.isStale = true;
    else this.asking = this.ask().finally(() => { this.asking = null; });
    return this.asking;
  }

  // Ask because something may have changed; what fails is asked again with the next news.
  look() { return this.refresh().catch(() => null); }

  async ask() {
    do {
      this.isStale = false;
      await get(this.path, { signal: this.signal }).then((card) => this.take(card), (problem) => this.fail(problem));
    } while (this.isStale);
  }

  fail(problem) {
    if (problem.status === 404) this.tell("gone");
    else if (problem.name !== "AbortError" && problem.status !== 0) throw problem;
  }

  // Return a page with its words; null while it has not been read, and when it was not asked for.
  async page(number) {
    if (this.pages.has(number)) return this.pages.get(number);
    const query = { after: number - 1, limit: 1, include: "words" };
    const { data } = await get(`${this.path}/pages`, { query, signal: this.signal });
    const found = data[0]?.number === number ? data[0] : null;
    if (found) this.keep(number, found);
    return found;
  }

  keep(number, page) {
    this.pages.set(number, page);
    if (this.pages.size > 60) this.pages.delete(this.pages.keys().next().value);
  }

  // Return the tables found so far; with `anew` they are fetched again.
  tables({ anew = false } = {}) {
    if (anew) this.listing = null;
    this.listing ??= get(`${this.path}/tables`, { signal: this.signal }).then((answer) => answer.data);
    this.listing.catch(() => { this.listing = null; });
    return this.listing;
  }
}
