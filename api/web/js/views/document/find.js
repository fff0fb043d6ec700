// Finding in this document: the places in order of pages, lit in the picture and in the text.

import { get } from "../../api.js";
import { h, icon, say } from "../../dom.js";
import { asQuery, expression } from "./marking.js";

const TYPING_MS = 200;
const MOST = 1000; // Pages with hits that are gone through.

export function finder(book) {
  const input = h("input", { type: "search", placeholder: "Find in document", "aria-label": "Find in document", autocomplete: "off", value: book.place.q });
  const counter = h("span", { class: "soft counter", role: "status" });
  const before = tool("up", "Previous place (Shift+Enter)", () => step(-1));
  const after = tool("down", "Next place (Enter)", () => step(1));
  let [places, at, asking, timer, sought] = [[], -1, null, 0, ""];

  book.hits = (number) => {
    const here = places[at]?.page === number ? places[at].boxes : [];
    return { boxes: places.filter((place) => place.page === number).flatMap((place) => place.boxes), current: here };
  };

  function draw() {
    counter.textContent = sought && places.length ? `${at + 1} of ${places.length.toLocaleString("en")}` : "";
    before.hidden = after.hidden = !places.length;
    box.classList.toggle("nothing", Boolean(sought) && !places.length);
  }

  function step(by) {
    if (!places.length) return;
    at = (at + by + places.length) % places.length;
    draw();
    book.tell("hits");
    book.move({ page: places[at].page });
  }

  async function seek() {
    asking?.abort();
    asking = new AbortController();
    const typed = book.place.q;
    const query = asQuery(typed);
    let found = [];
    if (query) found = await search(book, query, AbortSignal.any([asking.signal, book.signal])).catch(failed);
    if (found === null) return;
    const isSame = sought === query;
    [sought, places] = [query, found];
    book.terms = query ? expression(query) : null;
    const first = places.findIndex((place) => place.page >= book.place.page);
    at = isSame ? Math.min(at, places.length - 1) : Math.max(first, 0);
    if (query && !places.length) counter.textContent = "Nothing found";
    else draw();
    if (query && !isSame) say(places.length ? `${places.length} places found` : "Nothing found");
    book.tell("hits");
    if (places.length && !isSame) book.move({ page: places[at].page });
  }

  function failed(problem) {
    if (problem.name !== "AbortError") counter.textContent = problem.message;
    return null;
  }

  const later = (change) => { clearTimeout(timer); timer = setTimeout(() => { timer = 0; book.move({ q: input.value }); }, change); };
  input.addEventListener("input", () => later(TYPING_MS));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { input.value = ""; later(0); }
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (timer) later(0);
    else step(event.shiftKey ? -1 : 1);
  });
  book.on("place", (changed) => {
    if (!changed.has("q")) return;
    if (input.value !== book.place.q) input.value = book.place.q;
    seek();
  });
  book.on("fresh", () => { if (book.place.q) seek(); });
  const box = h("div", { class: "find", role: "search", "aria-label": "In this document" }, icon("search"), input, counter, before, after);
  draw();
  if (book.place.q) seek();
  return { box, focus: () => { input.focus(); input.select(); } };
}

function tool(drawing, label, onclick) {
  return h("button", { type: "button", class: "bare", "aria-label": label, title: label, hidden: true, onclick }, icon(drawing));
}

async function search(book, query, signal) {
  const hits = [];
  let cursor = null;
  do {
    const answer = await get("/search", { query: { q: query, document_id: book.card.id, limit: 100, cursor }, signal });
    hits.push(...answer.data);
    cursor = answer.next;
  } while (cursor && hits.length < MOST);
  hits.sort((one, other) => one.page - other.page);
  return hits.flatMap((hit) => joined(hit.boxes).map((boxes) => ({ page: hit.page, boxes })));
}

// Words of one phrase stand side by side: they are one place.
function joined(boxes) {
  const places = [];
  let last = null;
  for (const box of boxes) {
    const isNext = last && Math.abs(box[1] - last[1]) < 2 && box[0] >= last[2] - 1 && box[0] - last[2] < (last[3] - last[1]) * 0.5;
    if (isNext) places.at(-1).push(box);
    else places.push([box]);
    last = box;
  }
  return places;
}
