// A long list of which only what can be seen is in the page: items have heights of their own, guessed until they are.

const MARGIN = 1.0; // Screens above and below that are kept ready.

// `make(index) → element` makes an item; it may tell later that it has grown, its height is watched.
export class LazyList {
  constructor(scroller, { guess, make, gap = 0, signal }) {
    Object.assign(this, { scroller, guess, make, gap, heights: new Map(), items: new Map(), length: 0 });
    this.before = document.createElement("div");
    this.after = document.createElement("div");
    scroller.replaceChildren(this.before, this.after);
    this.sizes = new ResizeObserver((entries) => this.measured(entries));
    this.goal = null;
    this.frame = new ResizeObserver(() => { this.draw(); this.pursue(); });
    this.frame.observe(scroller);
    scroller.addEventListener("scroll", () => this.soon(), { signal, passive: true });
    for (const name of ["wheel", "pointerdown", "keydown", "touchstart"]) {
      scroller.addEventListener(name, () => { this.goal = null; }, { signal, passive: true });
    }
    signal.addEventListener("abort", () => { this.sizes.disconnect(); this.frame.disconnect(); });
  }

  // Show so many items; with `anew` those that are there are made again.
  show(length, { anew = false } = {}) {
    this.length = length;
    for (const [index, item] of this.items) if (anew || index >= length) this.drop(index, item);
    if (anew) this.heights.clear();
    this.draw();
  }

  height(index) { return (this.heights.get(index) ?? this.guess) + this.gap; }

  top(index) {
    let sum = 0;
    for (let at = 0; at < index; at += 1) sum += this.height(at);
    return sum;
  }

  soon() { this.pending ??= requestAnimationFrame(() => { this.pending = null; this.draw(); }); }

  draw() {
    const { scrollTop, clientHeight } = this.scroller;
    if (!clientHeight) return;
    const from = scrollTop - clientHeight * MARGIN;
    const upto = scrollTop + clientHeight * (1 + MARGIN);
    let [y, first, start, last, end] = [0, null, 0, -1, 0];
    for (let at = 0; at < this.length; at += 1) {
      const height = this.height(at);
      if (y + height > from && y < upto) {
        if (first === null) [first, start] = [at, y];
        [last, end] = [at, y + height];
      }
      y += height;
    }
    this.place(first ?? 0, last);
    this.before.style.setProperty("height", `${start}px`);
    this.after.style.setProperty("height", `${Math.max(0, y - end)}px`);
  }

  place(first, last) {
    for (const [index, item] of this.items) if (index < first || index > last) this.drop(index, item);
    let next = this.before.nextElementSibling;
    for (let at = first; at <= last; at += 1) {
      let item = this.items.get(at);
      if (!item) {
        item = this.make(at);
        item.dataset.index = at;
        this.items.set(at, item);
        this.scroller.insertBefore(item, next);
        this.sizes.observe(item);
      }
      next = item.nextElementSibling;
    }
  }

  drop(index, item) {
    if (item.contains(document.activeElement)) return; // What has the focus is not taken away.
    this.sizes.unobserve(item);
    item.remove();
    this.items.delete(index);
  }

  measured(entries) {
    let changed = false;
    for (const { target } of entries) {
      if (!target.isConnected || !target.offsetHeight) continue;
      const index = Number(target.dataset.index);
      changed ||= this.heights.get(index) !== target.offsetHeight;
      this.heights.set(index, target.offsetHeight);
    }
    if (!changed) return;
    this.draw();
    this.pursue();
  }

  // What was reached stays where it is while items around it get their real heights, until somebody scrolls.
  pursue() {
    if (this.goal && this.goal.index < this.length) this.scrollTo(this.goal);
  }

  // Scroll so that an item can be seen; `where` is "start" or "nearest".
  reach(index, where = "start") {
    this.goal = { index, where };
    this.scrollTo(this.goal);
  }

  scrollTo({ index, where }) {
    const top = this.top(index);
    const { scrollTop, clientHeight } = this.scroller;
    const isSeen = top >= scrollTop && top + this.height(index) <= scrollTop + clientHeight;
    if (!clientHeight || (where === "nearest" && isSeen)) return;
    this.scroller.scrollTop = where === "nearest" && top > scrollTop ? top + this.height(index) - clientHeight : top;
    this.draw();
  }
}
