// Everybody's accounts: found by name, given a role and a quota, switched off and on, and made.

import { patch, post, request } from "../../api.js";
import { confirm, menu, notify, open } from "../../dialogs.js";
import { h, icon, moment, size } from "../../dom.js";
import { me } from "../../session.js";
import { cell, listing } from "./listing.js";

const PAUSE_MS = 200;
const GIGABYTE = 1e9;
const HEADS = ["Name", "E-mail", "Role", "Storage", "Last seen", "Made", ""];

export async function accounts({ signal }) {
  const list = listing({ path: "/admin/users", heads: HEADS, row, noun: "account", empty: "No account is called so.", signal });
  const box = h("input", { type: "search", placeholder: "Name or e-mail", "aria-label": "Name or e-mail" });
  const look = () => list.look({ q: box.value.trim() });
  let timer = 0;
  box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, PAUSE_MS); }, { signal });
  const make = h("button", { type: "button", onclick: async () => { if (await invite()) look(); } }, icon("plus"), "New account");
  await look();
  return h("div", {}, h("div", { class: "admin-bar" }, box, make), list);
}

function row(user, redraw) {
  const isOwn = user.id === me().id;
  const quota = user.quota == null ? size(user.storage_used) : `${size(user.storage_used)} of ${size(user.quota)}`;
  const change = (wanted, said) => act(() => patch(`/admin/users/${user.id}`, wanted), said, redraw);
  const isAdmin = user.role === "admin";
  return [
    cell(h("strong", {}, user.name), isOwn && h("span", { class: "soft" }, " (you)")),
    cell(user.email, !user.email_verified && h("span", { class: "soft" }, " (not confirmed)")),
    cell(user.active ? h("span", { class: isAdmin ? "chip good" : "chip" }, isAdmin ? "Administrator" : "User") : h("span", { class: "chip bad" }, "Switched off")),
    cell(quota),
    cell(user.last_seen_at ? moment(user.last_seen_at) : "never"),
    cell(moment(user.created_at)),
    cell(menu(`Actions for ${user.name}`, [
      { label: isAdmin ? "Make a user" : "Make an administrator", icon: "person", onclick: () => change({ role: isAdmin ? "user" : "admin" }, `${user.name} is ${isAdmin ? "a user" : "an administrator"} now.`) },
      { label: "Storage …", icon: "table", onclick: async () => { const wanted = await askQuota(user); if (wanted !== null) change({ quota: wanted.bytes }, "The quota was changed."); } },
      { label: "Send a link for a new password", icon: "key", onclick: () => act(() => post("/password/forgot", { email: user.email }), `A link is on its way to ${user.email}.`, redraw) },
      user.active
        ? { label: "Switch off", icon: "stop", isDanger: true, onclick: () => switchOff(user, change) }
        : { label: "Switch on", icon: "check", onclick: () => change({ active: true }, `${user.name} can sign in again.`) },
    ])),
  ];
}

async function act(work, said, redraw) {
  try {
    await work();
    notify(said);
  } catch (problem) {
    notify(problem.message, { isError: true });
  }
  await redraw();
}

async function switchOff(user, change) {
  const sentence = `${user.name} is signed out everywhere and cannot sign in until you switch the account on again. Nothing is deleted.`;
  if (await confirm("Switch this account off?", sentence, "Switch off")) change({ active: false }, `${user.name} was switched off.`);
}

function askQuota(user) {
  return open(`Storage of ${user.name}`, (close) => {
    const box = h("input", { type: "number", min: "0", step: "any", value: user.quota == null ? "" : String(user.quota / GIGABYTE) });
    const submit = (event) => {
      event.preventDefault();
      close({ bytes: box.value === "" ? null : Math.round(Number(box.value) * GIGABYTE) });
    };
    return h("form", { onsubmit: submit }, h("label", {}, "Gigabytes; empty is no limit", box), actions(close, "Save"));
  });
}

function invite() {
  return open("New account", (close) => {
    const field = (name, type, autocomplete) => h("input", { name, type, autocomplete, required: true, minlength: type === "password" ? "8" : null });
    const [name, email, password] = [field("name", "text", "off"), field("email", "email", "off"), field("password", "password", "new-password")];
    const error = h("p", { class: "error", role: "alert" });
    const submit = async (event) => {
      event.preventDefault();
      try {
        const json = { name: name.value, email: email.value, password: password.value };
        await request("POST", "/register", { json });
        notify(`${name.value} can sign in now.`);
        close(true);
      } catch (problem) {
        error.textContent = problem.errors[0]?.detail ?? problem.message;
      }
    };
    return h("form", { onsubmit: submit },
      h("label", {}, "Name", name), h("label", {}, "E-mail", email), h("label", {}, "First password", password), error, actions(close, "Make account"));
  });
}

function actions(close, verb) {
  return h("p", { class: "actions" },
    h("button", { type: "button", class: "quiet", onclick: () => close(null) }, "Cancel"), h("button", {}, verb));
}
