// The text of one page by lines: each is lit together with its words in the picture.

import { get } from "../../api.js";
import { h, icon } from "../../dom.js";
import { explain } from "../../reasons.js";
import { pair } from "./lines.js";
import { marked } from "./marking.js";

export class PageText {
  constructor(book, number, form) {
    Object.assign(this, { book, number, form, lines: null, current: null });
    const heading = h("button", { type: "button", class: "link page-name", onclick: () => book.move({ page: number }) }, `Page ${number}`);
    this.body = h("div", { class: `lines ${form}`, tabindex: "0", role: "region", "aria-label": `Text of page ${number}` });
    this.element = h("section", { class: "page-text" }, heading, this.body);
    this.body.addEventListener("pointerover", (event) => this.point(lineOf(event)));
    this.body.addEventListener("pointerleave", () => this.point(null));
    this.body.addEventListener("click", (event) => { if (lineOf(event) !== null && getSelection().isCollapsed) book.move({ page: number }); });
    this.body.addEventListener("keydown", (event) => this.walk(event));
    this.body.addEventListener("blur", () => this.point(null));
    this.wait();
    this.fill();
  }

  wait() {
    this.body.replaceChildren(h("div", { class: "grey-lines", "aria-hidden": "true" }, [90, 96, 84, 92, 60].map((width) => h("i", { style: { width: `${width}%` } }))));
  }

  // Ask again for a page that was not there yet.
  retry() {
    if (!this.lines) this.fill();
  }

  async fill() {
    try {
      this.page = await this.book.page(this.number);
      if (!this.page) return this.missing();
      if (this.page.error) return this.note("warning", explain(this.page.error).title, explain(this.page.error).sentence);
      const query = { format: this.form, pages: this.number };
      const text = this.form === "plain" ? this.page.text : await get(`${this.book.path}/text`, { query, signal: this.book.signal });
      this.lines = text.replace(/^<!-- page \d+ -->\n*/, "").replace(/\f/g, "").trimEnd().split("\n");
      if (this.page.text_layer === "none" || !text.trim()) this.bare();
      else this.draw();
    } catch (problem) {
      if (problem.name === "AbortError") return null;
      if (problem.code === "document_not_found") return this.book.tell("gone");
      this.note("warning", explain(problem).title, explain(problem).sentence, h("button", { type: "button", class: "quiet", onclick: () => this.fill() }, "Try again"));
    }
    return null;
  }

  missing() {
    const { job } = this.book.card;
    if (!job.done) return;
    if (!this.book.count) this.note("info", "No text", "The PDF was not read. What stands above says why.");
    else this.note("info", "Not asked for", `Page ${this.number} was not among the pages to be read.`);
  }

  bare() {
    if (this.page.text_layer === "none") this.note("info", "No letters on this page", "It looks scanned: a picture of text, in which there are no letters to be read.");
    else this.note("info", "No text", "There is nothing written on this page.");
  }

  note(drawing, title, sentence, ...more) {
    this.body.replaceChildren(h("div", { class: "nothing-here" }, icon(drawing), h("strong", {}, title), h("p", {}, sentence), more));
  }

  draw() {
    if (!this.lines?.some(Boolean) || this.page.text_layer === "none") return;
    const kept = this.current;
    this.body.replaceChildren(...this.lines.map((line, index) => h("div", { class: "line", dataset: { line: index } }, line ? marked(line, this.book.terms) : "\u200b")));
    if (kept !== null) this.mark(kept);
  }

  // The line of each word; reckoned when somebody first points at one.
  get pairs() {
    this.paired ??= pair(this.lines ?? [], this.page?.words ?? []);
    return this.paired;
  }

  point(line) {
    if (line === this.current) return;
    this.mark(line);
    const words = line === null ? [] : this.page.words.filter((_, index) => this.pairs[index] === line);
    this.book.tell("light", { page: this.number, boxes: words.map(({ x0, top, x1, bottom }) => [x0, top, x1, bottom]) });
  }

  mark(line) {
    this.body.querySelector(".line.lit")?.classList.remove("lit");
    this.current = line;
    if (line !== null) this.body.children[line]?.classList.add("lit");
  }

  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !this.lines) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(this.lines.length - 1, (this.current ?? -1) + step));
    this.point(next);
    this.body.children[next]?.scrollIntoView({ block: "nearest" });
  }

  showWord(index) {
    const line = this.lines ? this.pairs[index] : null;
    if (line === null || line === undefined) return;
    this.point(line);
    this.body.children[line]?.scrollIntoView({ block: "center" });
  }
}

function lineOf(event) {
  const line = event.target.closest?.(".line");
  return line ? Number(line.dataset.line) : null;
}
