// The picture of one page with its layers, in the size and turn that the reader wants.

import { h, icon } from "../../dom.js";
import { explain } from "../../reasons.js";
import { glowLayer, hitLayer, tableLayer, wordLayer } from "./layers.js";
import { drawnWidth } from "./pictures.js";

const PX_PER_POINT = 96 / 72;
const GUESS = { width: 612, height: 792 }; // A page whose size is not known yet: US Letter.
const EDGE = 32;

export class Sheet {
  constructor(book, pictures) {
    Object.assign(this, { book, pictures, page: null, natural: null, shown: null });
    this.image = h("img", { alt: "", draggable: "false" });
    this.layers = h("div", { class: "layers" });
    this.notice = h("div", { class: "notice-on-page", role: "status" });
    this.sheet = h("div", { class: "sheet drawing" }, this.image, this.layers, this.notice);
    this.room = h("div", { class: "room" }, this.sheet);
    this.stage = h("div", { class: "stage", tabindex: "0", role: "region", "aria-label": "Picture of the page" }, this.room);
    this.frame = new ResizeObserver(() => this.fit());
    this.frame.observe(this.stage);
    book.signal.addEventListener("abort", () => this.frame.disconnect());
    this.image.addEventListener("load", () => this.arrived());
    this.listen();
    book.on("place", (changed) => this.moved(changed));
    book.on("grown", () => { if (!this.page) this.fill(); });
    book.on("fresh", () => this.renew());
    book.on("light", (light) => this.light(light));
    book.on("hits", () => this.drawHits());
  }

  moved(changed) {
    if (changed.has("page")) this.turnTo();
    else if (changed.has("zoom") || changed.has("turn")) this.fit();
  }

  // Show the page where the reader is now.
  turnTo() {
    this.page = null;
    this.natural = null;
    this.layers.replaceChildren();
    this.stage.scrollTop = 0;
    this.image.alt = `Page ${this.book.place.page}`;
    this.draw();
    this.fill();
  }

  renew() {
    this.fill();
    if (this.failed) this.draw();
  }

  // Fetch what is on the page; nothing comes as long as it has not been read.
  async fill() {
    const number = this.book.place.page;
    const page = await this.book.page(number).catch((problem) => this.book.fail(problem));
    if (this.book.place.page !== number || !page) return;
    this.page = page;
    this.fit();
    if (page.words?.length || page.tables.length || this.book.isDone) this.overlay();
    this.book.tell("page", page);
  }

  async overlay() {
    const page = this.page;
    if (!page?.width) return this.layers.replaceChildren();
    this.layers.replaceChildren(hitLayer(page, []), tableLayer(page, { numberOf: () => null, open: () => null }), glowLayer(page, []), wordLayer(page));
    this.drawHits();
    if (!page.tables.length) return;
    const listed = await this.book.tables().catch(() => []);
    if (page !== this.page) return;
    const numberOf = (bbox) => listed.find((table) => table.parts.some((part) => part.page === page.number && same(part.bbox, bbox)))?.number;
    this.put("tables", tableLayer(page, { numberOf, open: (number) => this.book.tell("open-table", number) }));
  }

  put(name, layer) {
    this.layers.querySelector(`.${name}`)?.replaceWith(layer);
  }

  drawHits() {
    if (!this.page?.width) return;
    const { boxes, current } = this.book.hits?.(this.page.number) ?? { boxes: [], current: [] };
    this.put("hits", hitLayer(this.page, boxes, current));
    const here = this.layers.querySelector(".hits .here");
    if (here) here.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // `boxes` on a page, a `table` by its number, or nothing.
  light({ boxes = [], page = this.page?.number, table = null }) {
    if (!this.page?.width) return;
    for (const rectangle of this.layers.querySelectorAll(".tables rect")) rectangle.classList.toggle("lit", table !== null && rectangle.dataset.table === String(table));
    this.put("glow", glowLayer(this.page, page === this.page.number ? boxes : []));
  }

  get size() {
    const { width, height } = this.page?.width ? this.page : this.natural ?? GUESS;
    return this.book.place.turn % 180 ? { width: height, height: width } : { width, height };
  }

  // Give the sheet its size on the screen; the layers follow by themselves.
  fit() {
    const { zoom, turn } = this.book.place;
    const { width, height } = this.size;
    const [wide, high] = [this.stage.clientWidth - EDGE, this.stage.clientHeight - EDGE];
    if (wide <= 0) return;
    const perPoint = { width: wide / width, page: Math.min(wide / width, high / height) }[zoom] ?? (PX_PER_POINT * Number(zoom)) / 100;
    this.scale = perPoint / PX_PER_POINT;
    this.room.style.setProperty("width", `${width * perPoint}px`);
    this.room.style.setProperty("height", `${height * perPoint}px`);
    const [w, tall] = turn % 180 ? [height, width] : [width, height];
    this.sheet.style.setProperty("width", `${w * perPoint}px`);
    this.sheet.style.setProperty("height", `${tall * perPoint}px`);
    this.sheet.style.setProperty("rotate", `${turn}deg`);
    this.book.tell("fitted", Math.round(this.scale * 100));
    if (this.shown && this.wanted() > this.shown.width) this.draw();
  }

  wanted() {
    return drawnWidth((Number.parseFloat(this.sheet.style.width) || 800) * devicePixelRatio * 0.9);
  }

  async draw() {
    if (this.book.isDone && !this.book.count) return this.missing({ code: "page_not_drawn", message: "" });
    const number = this.book.place.page;
    const width = this.wanted();
    const isOther = this.shown?.number !== number;
    this.failed = false;
    if (isOther) {
      this.sheet.classList.add("drawing");
      this.image.removeAttribute("src");
      this.notice.replaceChildren();
    }
    this.shown = { number, width };
    try {
      const address = await this.pictures.get(number, { width, isUrgent: true });
      if (this.book.place.page === number && this.shown.width === width) this.image.src = address;
    } catch (problem) {
      if (problem.name !== "AbortError" && this.book.place.page === number && isOther) this.missing(problem);
    }
    return null;
  }

  arrived() {
    this.natural ??= { width: 612, height: (612 * this.image.naturalHeight) / this.image.naturalWidth };
    this.sheet.classList.remove("drawing");
    this.fit();
    const next = this.book.place.page + 1;
    if (this.book.count && next <= this.book.count) this.pictures.get(next, { width: this.wanted() }).catch(() => null);
  }

  missing(problem) {
    if (problem.code === "document_not_found") return this.book.tell("gone");
    this.failed = true;
    const { title, sentence } = explain(problem);
    this.sheet.classList.remove("drawing");
    const again = h("button", { type: "button", class: "quiet", onclick: () => { this.shown = null; this.draw(); } }, icon("again"), "Draw it again");
    this.notice.replaceChildren(icon("warning"), h("strong", {}, title), this.book.count ? h("p", {}, sentence) : "", this.book.count ? again : "");
  }

  listen() {
    const { signal } = this.book;
    this.layers.addEventListener("click", (event) => {
      const word = event.target.dataset.word;
      if (word !== undefined && getSelection().isCollapsed) this.book.tell("word", { page: this.page, index: Number(word) });
    }, { signal });
    this.layers.addEventListener("pointermove", (event) => this.hover(event), { signal });
    this.layers.addEventListener("pointerleave", () => this.hover(null), { signal });
    for (const name of ["focusin", "focusout"]) {
      this.layers.addEventListener(name, (event) => this.point(name === "focusin" ? event.target.dataset.table : null), { signal });
    }
  }

  hover(event) {
    const rectangles = event ? [...this.layers.querySelectorAll(".tables rect")] : [];
    const under = rectangles.find((rectangle) => contains(rectangle.getBoundingClientRect(), event));
    this.point(under?.dataset.table || null);
  }

  point(table) {
    if (this.pointed === table) return;
    this.pointed = table;
    this.book.tell("light", { table: table ? Number(table) : null, isFromPicture: true });
  }
}

const same = (one, other) => one.every((value, index) => Math.abs(value - other[index]) < 0.01);
const contains = (box, { clientX, clientY }) => clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom;
