// Small pictures of first pages: drawn by the server when they come into sight, two at a time.

import { h, icon } from "./dom.js";

const AT_ONCE = 2;
const WIDTH = 96;
const LARGE_WIDTH = 400;
const waiting = [];
let busy = 0;

const seen = new IntersectionObserver((changes) => {
  for (const { isIntersecting, target } of changes) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    waiting.push(target);
  }
  next();
}, { rootMargin: "200px" });

// A place for the picture of a document's first page; `show` fills it once there is one to be drawn.
export function thumbnail() {
  return h("span", { class: "thumbnail", "aria-hidden": "true" }, icon("file"));
}

export function show(place, document, { isLarge }) {
  const width = isLarge ? LARGE_WIDTH : WIDTH;
  const version = document.page_count ? `${document.sha256} ${width}` : "";
  if (!version || place.dataset.version === version) return;
  place.dataset.version = version;
  place.dataset.source = `/documents/${document.id}/pages/1/image?width=${width}&format=webp&missing=empty`;
  seen.observe(place);
}

function next() {
  while (busy < AT_ONCE && waiting.length) draw(waiting.shift());
}

async function draw(place) {
  if (!place.isConnected) return;
  busy += 1;
  const picture = h("img", { alt: "", width: "44", height: "56", src: place.dataset.source });
  await picture.decode().then(() => place.replaceChildren(picture), () => null);
  busy -= 1;
  next();
}
