// Who somebody is, as a mark: initials in a colour of their own, and whether they are there.

import { ago, h } from "../../dom.js";

const WORDS = { online: "online", away: "away", offline: "offline" };
const HUE = 137; // Degrees from one account to the next, so that neighbours differ.

export function face({ user, presence }) {
  const letters = user.name.trim().split(/\s+/u).map((word) => [...word][0] ?? "");
  const initials = [letters[0], letters.length > 1 ? letters.at(-1) : ""].join("").toUpperCase();
  return h("span", { class: "face", "aria-hidden": "true", style: { "--hue": String((user.id * HUE) % 360) } },
    initials, presence && h("span", { class: "presence", dataset: { state: presence } }));
}

// Say it in words, with when an absent person was last seen if that is known.
export function state({ active, presence, lastSeen }) {
  if (active === false) return "account switched off";
  if (presence === "offline" && lastSeen) return `offline, last seen ${ago(lastSeen)}`;
  return WORDS[presence] ?? "";
}
