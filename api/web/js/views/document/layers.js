// What lies over a page's picture: its words to be selected, its tables, what was found, and what is lit.

import { h } from "../../dom.js";

const FONT_PX = 100;
const ruler = document.createElement("canvas").getContext("2d");
ruler.font = `${FONT_PX}px sans-serif`;

// Where words and tables of a page say that its picture begins.
const cornerOf = (page) => page.corner ?? [0, 0];

// Words as text of their size in their places, so that browsers select and copy them as they do with any text.
export function wordLayer(page) {
  const parts = [];
  page.words.forEach((word, index) => {
    const before = page.words[index - 1];
    if (before && word.top >= before.bottom) parts.push(h("br", {}));
    parts.push(wordSpan(word, index, page));
  });
  return h("div", { class: "words" }, parts);
}

function wordSpan(word, index, page) {
  const [left, top] = cornerOf(page);
  const size = Math.max(word.bottom - word.top, 1);
  const natural = (ruler.measureText(word.text).width / FONT_PX) * size;
  const style = {
    left: `${((word.x0 - left) / page.width) * 100}%`,
    top: `${((word.top - top) / page.height) * 100}%`,
    "font-size": `${(size / page.width) * 100}cqw`,
    scale: `${natural ? (word.x1 - word.x0) / natural : 1} 1`,
  };
  return h("span", { style, dataset: { word: index } }, `${word.text} `);
}

// Rectangles in PDF points; the picture lies under them in the same shape, whatever its size.
function drawing(page, style, children, [left, top] = cornerOf(page)) {
  return h("svg", { class: style, viewBox: `${left} ${top} ${page.width} ${page.height}`, preserveAspectRatio: "none" }, children);
}

export function box([x0, top, x1, bottom], attributes = {}, margin = 0) {
  const width = Math.max(0, x1 - x0) + 2 * margin;
  const height = Math.max(0, bottom - top) + 2 * margin;
  return h("rect", { x: x0 - margin, y: top - margin, width, height, ...attributes });
}

// `numberOf(bbox)` tells which table of the document this is; `open(number)` leads to it.
export function tableLayer(page, { numberOf, open }) {
  const rectangles = page.tables.map((table, index) => {
    const number = numberOf(table.bbox);
    const reach = () => number && open(number);
    const attributes = { class: "table", tabindex: "0", role: "button", "aria-label": `Table ${number ?? index + 1}: show its rows` };
    const onkeydown = (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); reach(); } };
    return box(table.bbox, { ...attributes, dataset: { table: number ?? "" }, onclick: reach, onkeydown }, 1);
  });
  return drawing(page, "tables", rectangles);
}

// Boxes of what was found, which the search measures on the picture; those at `current` are the ones the reader is at.
export function hitLayer(page, boxes, current = []) {
  const layer = drawing(page, "hits", boxes.map((bbox) => box(bbox, { class: current.includes(bbox) ? "here" : null }, 0.8)), [0, 0]);
  layer.setAttribute("aria-hidden", "true");
  return layer;
}

export function glowLayer(page, boxes) {
  const layer = drawing(page, "glow", boxes.map((bbox) => box(bbox, {}, 1.2)));
  layer.setAttribute("aria-hidden", "true");
  return layer;
}
