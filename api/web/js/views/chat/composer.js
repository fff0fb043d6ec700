// The place to write: it grows, keeps drafts for each person, takes documents along, and says when it is too long.

import { get } from "../../api.js";
import { menu, notify } from "../../dialogs.js";
import { h, icon } from "../../dom.js";
import { send } from "../../live.js";
import { post } from "../../outbox.js";
import { me } from "../../session.js";
import { pick } from "./picker.js";

const MOST = 8000;
const COUNTED_FROM = 7500;
const TYPING_MS = 3000;
const isTouched = matchMedia("(pointer: coarse)").matches;

export class Composer {
  constructor({ peer, documentId, signal }) {
    Object.assign(this, { peer, signal, attached: [], typedAt: 0 });
    this.draft = `sheaf.draft.${me().id}.${peer.id}`;
    this.box = h("textarea", {
      rows: "1", "aria-label": `Message to ${peer.name}`, placeholder: "Write a message", value: localStorage.getItem(this.draft) ?? "",
    });
    this.chips = h("ul", { class: "chips", "aria-label": "Attached" });
    this.left = h("p", { class: "left", role: "status" });
    this.closed = h("p", { class: "soft closed", hidden: true });
    this.submit = h("button", { class: "send", "aria-label": "Send" }, icon("send"));
    const sources = [
      { label: "One of your documents …", icon: "file", onclick: () => this.pick() },
      { label: "A PDF from your disk …", icon: "upload", onclick: () => this.choose() },
    ];
    this.form = h("form", { class: "composer" }, this.chips, this.left,
      h("div", { class: "line" }, menu("Attach a document", sources, { face: icon("attach") }), this.box, this.submit));
    this.element = h("div", {}, this.form, this.closed);
    this.attend();
    if (documentId) this.attachById(documentId);
    requestAnimationFrame(() => {
      this.grow();
      if (!isTouched) this.box.focus();
    });
  }

  attend() {
    const { signal } = this;
    this.box.addEventListener("input", () => this.typed(), { signal });
    this.box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || isTouched) return;
      event.preventDefault();
      this.form.requestSubmit();
    }, { signal });
    this.box.addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      this.attachFiles(event.clipboardData.files);
    }, { signal });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.post(); }, { signal });
  }

  typed() {
    this.grow();
    if (this.box.value) localStorage.setItem(this.draft, this.box.value);
    else localStorage.removeItem(this.draft);
    if (!this.box.value || Date.now() - this.typedAt < TYPING_MS) return;
    this.typedAt = Date.now();
    send({ type: "typing", peer_id: this.peer.id });
  }

  grow() {
    this.box.style.setProperty("height", "auto");
    this.box.style.setProperty("height", `${this.box.scrollHeight + 2}px`);
    const length = this.box.value.length;
    const over = length - MOST;
    this.left.textContent = over > 0 ? `${over} characters too many` : length > COUNTED_FROM ? `${-over} characters left` : "";
    this.left.classList.toggle("error", over > 0);
    this.submit.disabled = over > 0;
  }

  // Each further document gets a message of its own: one message carries one.
  post() {
    const text = this.box.value.trim();
    if ((!text && !this.attached.length) || this.submit.disabled) return;
    const [first, ...others] = this.attached;
    post(this.peer.id, { content: text || first.name, documentId: first?.id, file: first?.file });
    for (const other of others) post(this.peer.id, { content: other.name, documentId: other.id, file: other.file });
    this.attached = [];
    this.box.value = "";
    this.typedAt = 0;
    this.drawChips();
    this.typed();
    this.box.focus();
  }

  attach(one) {
    this.attached.push(one);
    this.drawChips();
    this.box.focus();
  }

  attachFiles(files) {
    for (const file of files) {
      if (/\.pdf$/i.test(file.name) || file.type === "application/pdf") this.attach({ file, name: file.name });
      else notify(`${file.name} is no PDF, so it cannot be sent here.`, { isError: true });
    }
  }

  async attachById(id) {
    const card = await get(`/documents/${id}`, { signal: this.signal }).catch(() => null);
    if (card) this.attach({ id, name: card.filename });
  }

  async pick() {
    const card = await pick();
    if (card) this.attach({ id: card.id, name: card.filename });
  }

  choose() {
    const input = h("input", { type: "file", multiple: true, accept: "application/pdf,.pdf" });
    input.addEventListener("change", () => this.attachFiles(input.files));
    input.click();
  }

  drawChips() {
    const drop = (one) => {
      this.attached = this.attached.filter((other) => other !== one);
      this.drawChips();
      this.box.focus();
    };
    const own = this.peer.id === me().id;
    this.chips.replaceChildren(...this.attached.map((one) => h("li", { class: "chip" }, icon("file"), h("span", {}, one.name),
      h("button", { type: "button", class: "bare", "aria-label": `Do not attach ${one.name}`, onclick: () => drop(one) }, icon("close")))));
    if (this.attached.length && !own) this.chips.append(h("li", { class: "soft grants" }, `${this.peer.name} will be able to read ${this.attached.length > 1 ? "them" : "it"}.`));
  }

  // Say why nothing can be written here, or with null that something can.
  close(why) {
    this.form.hidden = Boolean(why);
    this.closed.hidden = !why;
    this.closed.textContent = why ?? "";
  }
}
