// The line between picture and result, to be moved by pointer and keys; where it stands is remembered.

import { h } from "../../dom.js";

const KEY = "sheaf.divider";
const [LEAST, MOST, STEP] = [25, 75, 2];

export function divider(halves, signal) {
  const line = h("div", { class: "divider", role: "separator", tabindex: "0", "aria-orientation": "vertical", "aria-label": "Width of the picture", "aria-valuemin": LEAST, "aria-valuemax": MOST });
  const set = (share) => {
    const kept = Math.round(Math.max(LEAST, Math.min(MOST, share)) * 10) / 10;
    halves.style.setProperty("--left", `${kept}%`);
    line.setAttribute("aria-valuenow", Math.round(kept));
    localStorage.setItem(KEY, kept);
    return kept;
  };
  let share = set(Number(localStorage.getItem(KEY)) || 52);
  const drag = ({ clientX }) => {
    const { left, width } = halves.getBoundingClientRect();
    share = set(((clientX - left) / width) * 100);
  };
  line.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    line.focus();
    line.setPointerCapture(event.pointerId);
    line.addEventListener("pointermove", drag);
    line.addEventListener("lostpointercapture", () => line.removeEventListener("pointermove", drag), { once: true });
  }, { signal });
  line.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: share - STEP, ArrowRight: share + STEP, Home: LEAST, End: MOST }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    share = set(to);
  }, { signal });
  line.addEventListener("dblclick", () => { share = set(52); }, { signal });
  return line;
}
