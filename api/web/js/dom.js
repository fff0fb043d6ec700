// Elements out of values: text is always text and never markup.

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "g", "path", "rect", "circle"]);

// Own drawings on a grid of 24 × 24, as strokes.
const ICONS = {
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  upload: "M12 16V4M7 9l5-5 5 5M4 17v3h16v-3",
  download: "M12 4v12M7 11l5 5 5-5M4 17v3h16v-3",
  search: "M16.500 16.500 21 21M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0",
  chat: "M4 5h16v11H9l-5 4z",
  gear: "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6M12 2.500v3M12 18.500v3M2.500 12h3M18.500 12h3M5.300 5.300l2.100 2.100M16.600 16.600l2.100 2.100M5.300 18.700l2.100-2.100M16.600 7.400l2.100-2.100",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.500 20.500a7.500 7.500 0 0 1 15 0",
  table: "M4 5h16v14H4zM4 10h16M4 14.500h16M10 5v14",
  grid: "M4 4h6.500v6.500H4zM13.500 4H20v6.500h-6.500zM4 13.500h6.500V20H4zM13.500 13.500H20V20h-6.500z",
  rows: "M4 4h5v4H4zM4 10h5v4H4zM4 16h5v4H4zM13 4h7v16h-7z",
  layers: "M12 4l9 5-9 5-9-5zM3.500 13.500 12 18l8.500-4.500",
  share: "M14 5l6 6-6 6v-3.500C9 13.500 6 15 4 19c0-6 4-10 10-10.500z",
  text: "M5 6h14M5 10h14M5 14h14M5 18h8",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 11v5M12 7.500v.010",
  pencil: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  trash: "M4 7h16M9 7V4h6v3M6.500 7l1 13h9l1-13M10 11v5M14 11v5",
  more: "M12 5.500v.010M12 12v.010M12 18.500v.010",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.500l4.500 4.500L19 7.500",
  checks: "M2 12.500l4.500 4.500L15 8.500M11 16l1 1 9.500-9.500",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 7v5.500l3.500 2",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  warning: "M12 4l9.500 16.500h-19zM12 10v5M12 17.800v.010",
  stop: "M7 7h10v10H7z",
  again: "M20 11a8 8 0 1 0-2.300 6M20 5v6h-6",
  left: "M15 5l-7 7 7 7",
  right: "M9 5l7 7-7 7",
  up: "M5 15l7-7 7 7",
  down: "M5 9l7 7 7-7",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  turn: "M4 12a8 8 0 1 1 2.300 5.700M4 19v-5h5",
  attach: "M19 11l-7.500 7.500a4.500 4.500 0 0 1-6.400-6.400L13 4.200a3 3 0 0 1 4.300 4.300L9.500 16.200a1.500 1.500 0 0 1-2.100-2.100L14 7.500",
  send: "M4 4l17 8-17 8 3-8zM7 12h14",
  key: "M11 13.500a4 4 0 1 1-5.700-5.700 4 4 0 0 1 5.700 5.700M11 11h10v3M17 11v3",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.400 1.400M17.600 17.600 19 19M5 19l1.400-1.400M17.600 6.400 19 5",
};

// Make an element: `onclick` and the like listen, `style` and `dataset` take objects, true and false switch attributes.
export function h(tag, attributes = {}, ...children) {
  const element = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false && child !== ""));
  return element;
}

function set(element, name, value) {
  if (value == null || value === false) return;
  if (typeof value === "function") element.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, to] of Object.entries(value)) element.style.setProperty(key, to);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "value" || name === "checked") element[name] = value;
  else element.setAttribute(name, value === true ? "" : value);
}

export function icon(name) {
  return h("svg", { viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" }, h("path", { d: ICONS[name] }));
}

// Keep one child for each item, in order: what is there is moved and updated, never made again.
export function keyed(parent, items, { key, make, update = () => {} }) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let at = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const child = old.get(name) ?? make(item);
    old.delete(name);
    child.dataset.key = name;
    update(child, item);
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
  for (const child of old.values()) child.remove();
}

// Say something to those who listen to the page instead of looking at it.
export function say(text) {
  document.getElementById("said").textContent = text;
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

export function count(number, noun, plural = `${noun}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
}

const STEPS = [[60, "second"], [60, "minute"], [24, "hour"], [7, "day"]];
const AGO = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

// Say how long ago a moment was; after a week its date.
export function ago(moment) {
  let length = (Date.now() - Date.parse(moment)) / 1000;
  if (length < 45) return "just now";
  for (const [many, unit] of STEPS) {
    if (length < many) return AGO.format(-Math.round(length), unit);
    length /= many;
  }
  return new Date(moment).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}

export function moment(value) {
  return h("time", { datetime: value, title: new Date(value).toLocaleString("en") }, ago(value));
}
