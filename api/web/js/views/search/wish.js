// What was typed as the API is asked for it, and as people are told of it.

const UNFINISHED = /(^|\s)[\p{L}\p{N}]{2,}$/u;

// The word that is being written finds all that begin so, unless it stands in quotes or is to be left out.
export function wish(typed) {
  const text = typed.trimStart();
  const isInQuotes = text.split('"').length % 2 === 0;
  return UNFINISHED.test(text) && !isInQuotes ? `${text}*` : text.trim();
}

export function spoken(typed) {
  const words = typed.trim();
  return words.includes('"') ? words : `“${words}”`;
}
