// Pictures of pages: fetched once, a few at a time, tried again while they are still being drawn, and let go when old.

import { Problem, get } from "../../api.js";

const WIDTHS = [800, 1200, 2000];
const AT_ONCE = 3;
const KEPT = 120;
const TRIES = 5;

// The width that is drawn for a place of so many pixels; a few widths only, so that pictures are found again.
export function drawnWidth(pixels) {
  return WIDTHS.find((width) => width >= pixels) ?? WIDTHS.at(-1);
}

export class Pictures {
  constructor(path, { signal }) {
    Object.assign(this, { path, signal, kept: new Map(), waiting: [], running: 0 });
    signal.addEventListener("abort", () => this.forget());
  }

  forget() {
    for (const picture of this.kept.values()) picture.then(URL.revokeObjectURL, () => null);
    this.kept.clear();
  }

  // Return the address of a page's picture; `isUrgent` ones go before all that wait. Others are wanted by the way: when
  // there is none that is no error, and whoever needs it after all asks in earnest.
  get(number, { width, isUrgent = false }) {
    const key = `${number} ${width}`;
    if (!this.kept.has(key)) {
      const picture = this.queue(number, width, isUrgent);
      picture.catch(() => this.kept.delete(key));
      this.kept.set(key, picture);
      this.trim();
    }
    const found = this.kept.get(key);
    if (!isUrgent) return found;
    return found.catch((problem) => (problem.status === 204 ? this.get(number, { width, isUrgent }) : Promise.reject(problem)));
  }

  trim() {
    if (this.kept.size <= KEPT) return;
    const [key, picture] = this.kept.entries().next().value;
    this.kept.delete(key);
    picture.then(URL.revokeObjectURL, () => null);
  }

  queue(number, width, isUrgent) {
    return new Promise((resolve, reject) => {
      const work = () => this.fetch(number, width, { isUrgent }).then(resolve, reject).finally(() => { this.running -= 1; this.next(); });
      if (isUrgent) this.waiting.unshift(work);
      else this.waiting.push(work);
      this.next();
    });
  }

  next() {
    while (this.running < AT_ONCE && this.waiting.length) {
      this.running += 1;
      this.waiting.shift()();
    }
  }

  async fetch(number, width, { isUrgent, tries = TRIES }) {
    const path = `${this.path}/pages/${number}/image`;
    const query = { width, format: "webp", missing: isUrgent ? null : "empty" };
    try {
      const answer = await get(path, { query, as: "response", signal: this.signal });
      if (answer.status === 204) throw new Problem(204, { code: "page_not_drawn" });
      return URL.createObjectURL(await answer.blob());
    } catch (problem) {
      const mayCome = problem instanceof Problem && (problem.status >= 429 || problem.status === 0) && tries > 1;
      if (!mayCome) throw problem;
      await new Promise((resolve) => { setTimeout(resolve, (problem.retryAfter ?? 2) * 1000); });
      return this.fetch(number, width, { isUrgent, tries: tries - 1 });
    }
  }
}
