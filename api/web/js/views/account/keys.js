// API keys: made for programs, shown once, deleted at any time.

import { get, post, remove } from "../../api.js";
import { confirm, notify, open } from "../../dialogs.js";
import { h, icon, moment } from "../../dom.js";
import { me } from "../../session.js";
import { asking, labelled } from "../sign_in.js";

const SCOPES = [
  ["documents:read", "Read documents and search"],
  ["documents:write", "Upload, change and delete documents"],
  ["chat", "Read and write messages"],
  ["admin", "Administer this installation"],
];
const LIVES = [["", "Until it is deleted"], ["30", "30 days"], ["90", "90 days"], ["365", "A year"]];
const DAY_MS = 86_400_000;

export async function keysPart(signal) {
  const place = h("div", {});
  const draw = async () => {
    const { data } = await get("/api-keys", { query: { limit: 100 }, signal });
    place.replaceChildren(
      data.length
        ? h("ul", { class: "entries" }, data.map((key) => row(key, draw)))
        : h("p", { class: "soft" }, "A program signs in with a key: ", h("code", {}, "Authorization: Bearer sheaf_…")),
      h("p", { class: "actions" }, h("button", { type: "button", class: "quiet", onclick: () => make(draw) }, icon("plus"), "New key")));
  };
  await draw();
  return place;
}

function row(key, draw) {
  const end = async () => {
    if (!(await confirm("Delete this key?", `Programs that use “${key.name}” stop working at once.`, "Delete"))) return;
    await remove(`/api-keys/${key.id}`).catch((problem) => problem.status !== 404 && notify(problem.message, { isError: true }));
    await draw();
  };
  const used = key.last_used_at ? [" · used ", moment(key.last_used_at)] : " · never used";
  const ends = key.expires_at && ` · ends ${new Date(key.expires_at).toLocaleDateString("en", { dateStyle: "medium" })}`;
  return h("li", {},
    h("div", {}, h("strong", {}, h("bdi", {}, key.name)), h("p", { class: "soft" }, h("code", {}, `${key.prefix}…`), ` · ${key.scopes.join(", ")}`, used, ends)),
    h("button", { type: "button", class: "quiet", "aria-label": `Delete the key ${key.name}`, onclick: end }, "Delete"));
}

async function make(draw) {
  const made = await open("New API key", (close) => asked(close));
  if (!made) return;
  await Promise.all([draw(), open("Your new key", (close) => shown(made, close))]);
}

function asked(close) {
  const name = h("input", { name: "name", required: true, maxlength: "200", placeholder: "nightly import" });
  const boxes = SCOPES.filter(([scope]) => scope !== "admin" || me().role === "admin").map(([scope, label]) => ({ scope, label, box: h("input", { type: "checkbox", checked: scope.startsWith("documents") }) }));
  const life = h("select", {}, LIVES.map(([value, label]) => h("option", { value }, label)));
  const act = async () => {
    const scopes = boxes.filter(({ box }) => box.checked).map(({ scope }) => scope);
    const expires = life.value ? new Date(Date.now() + Number(life.value) * DAY_MS).toISOString() : null;
    close(await post("/api-keys", { name: name.value, scopes, expires_at: expires }));
  };
  return asking([
    labelled("What is it for?", name),
    h("fieldset", {}, h("legend", {}, "It may"), boxes.map(({ box, label }) => h("label", { class: "inline" }, box, label))),
    labelled("It works", life),
  ], { verb: "Make the key", act });
}

function shown(made, close) {
  const copied = h("span", { class: "soft", role: "status" });
  const copy = async () => {
    await navigator.clipboard?.writeText(made.key).catch(() => null);
    copied.textContent = navigator.clipboard ? "Copied" : "Select it and copy it yourself";
  };
  return h("div", {},
    h("p", {}, "Copy it now: it is not shown again."),
    h("p", { class: "key" }, h("code", {}, made.key)),
    h("p", { class: "actions" },
      h("button", { type: "button", onclick: copy }, icon("copy"), "Copy"),
      h("button", { type: "button", class: "quiet", onclick: () => close(true) }, "Done"), copied));
}
