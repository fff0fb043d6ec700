// What stands over the picture: which page, how large, how turned, and which layers.

import { h, icon } from "../../dom.js";
import { menu } from "../../dialogs.js";

const ZOOMS = [["width", "Fit width"], ["page", "Fit page"], ...[50, 75, 100, 125, 150, 200, 300].map((zoom) => [String(zoom), `${zoom} %`])];
const STEP = 1.25;
const LAYERS = [["words", "Words to select"], ["tables", "Tables"], ["hits", "What was found"]];

export function toolbar(book, { reader, toggleStrip }) {
  const page = h("input", { class: "number", inputmode: "numeric", "aria-label": "Page", autocomplete: "off" });
  const of = h("span", { class: "soft of" });
  const before = tool("up", "Previous page (Page Up)", () => book.move({ page: book.place.page - 1 }));
  const after = tool("down", "Next page (Page Down)", () => book.move({ page: book.place.page + 1 }));
  const zoom = h("select", { "aria-label": "Size" }, ZOOMS.map(([value, label]) => h("option", { value }, label)));
  const other = h("option", { value: "other", hidden: true });
  zoom.append(other);
  zoom.addEventListener("change", () => book.move({ zoom: zoom.value }));
  page.addEventListener("change", () => book.move({ page: Number.parseInt(page.value, 10) || book.place.page }));
  page.addEventListener("focus", () => page.select());

  const draw = () => {
    const { place, count } = book;
    page.value = place.page;
    of.textContent = count ? `of ${count.toLocaleString("en")}` : "";
    before.disabled = place.page <= 1;
    after.disabled = !count || place.page >= count;
    const isListed = ZOOMS.some(([value]) => value === place.zoom);
    other.value = isListed ? "other" : place.zoom;
    other.textContent = `${place.zoom} %`;
    zoom.value = place.zoom;
  };
  let scale = 100;
  book.on("fitted", (percent) => { scale = percent; });
  const magnify = (factor) => book.move({ zoom: String(Math.round(Math.max(25, Math.min(400, scale * factor)))) });
  const turn = () => book.move({ turn: (book.place.turn + 90) % 360 }, { isWritten: true });
  for (const name of ["place", "card"]) book.on(name, draw);
  draw();
  const bar = h("div", { class: "bar", role: "toolbar", "aria-label": "Picture" },
    h("span", { class: "trio" }, tool("rows", "Small pages at the side", toggleStrip), before, h("span", { class: "paging" }, page, of), after),
    h("span", { class: "trio" }, tool("minus", "Smaller (−)", () => magnify(1 / STEP)), zoom, tool("plus", "Larger (+)", () => magnify(STEP))),
    h("span", { class: "trio" }, tool("turn", "Turn (r)", turn), layersMenu(reader)));
  return { bar, magnify, turn };
}

function tool(drawing, label, onclick) {
  return h("button", { type: "button", class: "bare", "aria-label": label, title: label, onclick }, icon(drawing));
}

// Each layer can be switched off; that is remembered.
function layersMenu(reader) {
  const hidden = new Set((localStorage.getItem("sheaf.layers") ?? "").split(" ").filter(Boolean));
  const apply = () => {
    for (const [name] of LAYERS) reader.classList.toggle(`without-${name}`, hidden.has(name));
    localStorage.setItem("sheaf.layers", [...hidden].join(" "));
    for (const button of holder.querySelectorAll("[data-layer]")) button.setAttribute("aria-checked", String(!hidden.has(button.dataset.layer)));
  };
  const flip = (name) => { if (!hidden.delete(name)) hidden.add(name); apply(); };
  const holder = menu("Layers", LAYERS.map(([name, label]) => ({ label, icon: "check", onclick: () => flip(name) })), { face: icon("layers") });
  holder.querySelectorAll("[role=menuitem]").forEach((button, index) => {
    button.setAttribute("role", "menuitemcheckbox");
    button.dataset.layer = LAYERS[index][0];
  });
  holder.firstChild.title = "Layers";
  apply();
  return holder;
}
