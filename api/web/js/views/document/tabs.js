// The tabs of the result; on narrow screens the picture is one of them.

import { h } from "../../dom.js";

export function tabs(book, entries, panels) {
  const buttons = entries.map(([name, label, isNarrow]) => h("button", {
    type: "button", role: "tab", id: `tab-${name}`, class: isNarrow ? "narrow-only" : null, dataset: { tab: name },
    "aria-controls": `panel-${name}`, onclick: () => book.move({ tab: name }),
  }, label));
  const row = h("div", { class: "tabs", role: "tablist", "aria-label": "Parts of the document" }, buttons);
  const seen = () => buttons.filter((button) => button.offsetParent);
  row.addEventListener("keydown", (event) => {
    const list = seen();
    const at = list.findIndex((button) => button.dataset.tab === book.place.tab);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const target = list.at(next % list.length);
    book.move({ tab: target.dataset.tab });
    target.focus();
  }, { signal: book.signal });
  const draw = () => {
    const { tab } = book.place;
    for (const button of buttons) {
      const isHere = button.dataset.tab === tab;
      button.setAttribute("aria-selected", String(isHere));
      button.tabIndex = isHere ? 0 : -1;
      if (isHere) row.scrollLeft = Math.min(row.scrollLeft, button.offsetLeft) || Math.max(0, button.offsetLeft + button.offsetWidth - row.clientWidth);
    }
    for (const [name, panel] of Object.entries(panels)) {
      panel.hidden = name !== tab;
      if (name === tab) panel.firstElementChild?.shown?.();
    }
  };
  return { row, draw };
}

export function panel(name, content) {
  return h("div", { id: `panel-${name}`, class: "panel", role: "tabpanel", "aria-labelledby": `tab-${name}` }, content);
}
