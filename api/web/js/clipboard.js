// Putting text on the clipboard, also where the browser gives pages no clipboard because the address is not secure.

import { notify } from "./dialogs.js";
import { h } from "./dom.js";

// Copy and say so; `text` may be a promise, which is waited for.
export async function copy(text, what) {
  try {
    await put(await text);
    notify(`${what} copied.`);
  } catch (problem) {
    if (problem.name !== "AbortError") notify(`Not copied: ${problem.message}`, { isError: true });
  }
}

async function put(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = h("textarea", { class: "unseen", "aria-hidden": "true", value: text });
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const isDone = document.execCommand("copy");
  field.remove();
  if (!isDone) throw new Error("the browser does not allow it here.");
  return null;
}

const FORMULA = /^(?:[\t\r]|\s*[=+@\-\uff1d\uff0b\uff20\uff0d])/;
const HARMLESS = /^(?:-+|-\s?[$€£]?\s?\d[\d.,\s]*%?)$/;

// Rows as spreadsheets take them from the clipboard; what one would calculate is marked as text, as in our CSV.
export function tabbed(rows) {
  const cell = (text) => {
    const flat = (text ?? "").replace(/\s*[\r\n]+\s*/g, " ").replaceAll("\t", " ");
    return FORMULA.test(text ?? "") && !HARMLESS.test(flat) ? `'${flat}` : flat;
  };
  return rows.map((row) => row.map(cell).join("\t")).join("\n");
}
