// Which line of a text a word of the picture stands in, whatever form of text it is; and back.

const REACH = 3; // Neighbours on each side that tell equal words apart.

// Return the line of each word, null where it stands in none; lines are strings, words are as the API has them.
export function pair(lines, words) {
  const tokens = lines.map((line) => line.split(/\s+/).map(bare).filter(Boolean));
  const where = new Map();
  tokens.forEach((said, line) => {
    for (const token of new Set(said)) where.set(token, [...(where.get(token) ?? []), line]);
  });
  const sets = tokens.map((said) => new Set(said));
  const texts = words.map((word) => bare(word.text));
  return texts.map((text, index) => best(where.get(text) ?? [], (line) => neighbours(texts, index, sets[line])));
}

function best(candidates, score) {
  if (candidates.length < 2) return candidates[0] ?? null;
  let [found, most] = [candidates[0], -1];
  for (const line of candidates) {
    const points = score(line);
    if (points > most) [found, most] = [line, points];
  }
  return found;
}

// Near words count for more than far ones.
function neighbours(texts, index, line) {
  let points = 0;
  for (let step = 1; step <= REACH; step += 1) {
    for (const at of [index - step, index + step]) if (line.has(texts[at])) points += REACH + 1 - step;
  }
  return points;
}

// A word without the signs that Markdown and punctuation put around it.
function bare(text) {
  return text.replace(/^[*_`|#>\\]+|[*_`|\\]+$/g, "");
}
