// The strip of small pages beside the picture.

import { h } from "../../dom.js";
import { LazyList } from "./lazy.js";

const WIDTH = 160;
const HEIGHT = 150;

export function strip(book, pictures) {
  const scroller = h("nav", { class: "strip-of-pages", "aria-label": "Pages" });
  const list = new LazyList(scroller, { guess: HEIGHT, gap: 8, signal: book.signal, make: (index) => small(book, pictures, index + 1) });
  const show = () => list.show(book.count ?? 0);
  const mark = () => {
    for (const button of scroller.querySelectorAll("button")) {
      button.setAttribute("aria-current", String(Number(button.dataset.index) + 1 === book.place.page ? "page" : false));
    }
  };
  book.on("card", show);
  book.on("place", (changed) => { if (changed.has("page")) { list.reach(book.place.page - 1, "nearest"); mark(); } });
  scroller.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    book.move({ page: book.place.page + step });
    scroller.querySelector("[aria-current=page]")?.focus({ preventScroll: true });
  }, { signal: book.signal });
  queueMicrotask(() => { show(); list.reach(book.place.page - 1, "nearest"); });
  return scroller;
}

function small(book, pictures, number) {
  const image = h("img", { alt: "" });
  const button = h("button", {
    type: "button",
    "aria-label": `Page ${number}`,
    "aria-current": String(number === book.place.page ? "page" : false),
    onclick: () => book.move({ page: number }),
  }, h("span", { class: "paper" }, image), h("span", { class: "soft" }, number));
  // What is only scrolled past is not asked for.
  setTimeout(() => {
    if (!button.isConnected) return;
    pictures.get(number, { width: WIDTH }).then((address) => { image.src = address; }, () => button.classList.add("failed"));
  }, 120);
  return button;
}
