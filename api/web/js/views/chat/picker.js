// Choosing one of one's own documents, in a dialog.

import { get } from "../../api.js";
import { open } from "../../dialogs.js";
import { ago, count, h, icon } from "../../dom.js";

const PAUSE_MS = 200;

// The document that was chosen; null when none was.
export function pick() {
  return open("Attach a document", (close) => {
    const list = h("ul", { class: "picks" });
    const note = h("p", { class: "soft", role: "status" });
    const box = h("input", { type: "search", autofocus: true, placeholder: "Part of its name", "aria-label": "Part of its name" });
    let asked = 0;
    const look = async () => {
      const mine = (asked += 1);
      const found = await get("/documents", { query: { q: box.value.trim(), limit: 50 } }).catch((problem) => ({ data: [], problem }));
      if (mine !== asked) return;
      list.replaceChildren(...found.data.map((card) => h("li", {}, entry(card, close))));
      note.textContent = found.problem?.message ?? (found.data.length ? "" : "None of your documents is called so.");
    };
    let timer = 0;
    box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, PAUSE_MS); });
    look();
    const cancel = h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Cancel");
    return h("div", {}, box, note, list, h("p", { class: "actions" }, cancel));
  });
}

function entry(card, close) {
  const facts = [card.page_count && count(card.page_count, "page"), ago(card.created_at)].filter(Boolean).join(" · ");
  return h("button", { type: "button", class: "quiet", onclick: () => close(card) },
    icon("file"), h("span", {}, card.filename), h("small", { class: "soft" }, facts));
}
