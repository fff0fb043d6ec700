// What a query of the search finds, marked in plain text.

import { h } from "../../dom.js";

const WISH = /(-?)(?:"([^"]*)"?|(\S+))/g;
const LETTER = "[\\p{L}\\p{N}\\p{M}]";

// Complete what is being typed: the last word may go on. Null when there is nothing that could be looked for.
export function asQuery(typed) {
  const text = typed.trim();
  const wanted = [...text.matchAll(WISH)].filter(([, without, phrase, word]) => !without && /[\p{L}\p{N}]/u.test(phrase ?? word));
  if (!wanted.length) return null;
  return /[\p{L}\p{N}]$/u.test(text) && !/["*]/.test(text) && !/(^|\s)-\S+$/.test(text) ? `${text}*` : text;
}

// Return an expression for the words that a query looks for, over text as `fold` leaves it.
export function expression(query) {
  const words = [];
  for (const [, without, phrase, word] of query.matchAll(WISH)) {
    if (!without) words.push(...(phrase ?? word).match(/[\p{L}\p{N}\p{M}]+\*?/gu) ?? []);
  }
  if (!words.length) return null;
  const parts = words.map((word) => (word.endsWith("*") ? `${fold(word.slice(0, -1))}${LETTER}*` : fold(word)));
  return new RegExp(`(?<!${LETTER})(?:${parts.join("|")})(?!${LETTER})`, "gu");
}

// Letters without case and accents, each in its place.
export function fold(text) {
  return [...text].map((char) => {
    const plain = char.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    return plain.length === char.length ? plain : char;
  }).join("");
}

export function marked(text, wanted) {
  if (!wanted) return [text];
  const parts = [];
  let at = 0;
  for (const found of fold(text).matchAll(wanted)) {
    parts.push(text.slice(at, found.index), h("mark", {}, text.slice(found.index, found.index + found[0].length)));
    at = found.index + found[0].length;
  }
  return [...parts, text.slice(at)];
}
