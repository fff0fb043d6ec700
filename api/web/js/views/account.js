// One's own account: who one is, what one uses, where one is signed in, and what programs may do in one's name.

import { get, patch, post } from "../api.js";
import { notify } from "../dialogs.js";
import { count, h, icon, size } from "../dom.js";
import { reload } from "../session.js";
import { keysPart } from "./account/keys.js";
import { sessionsPart } from "./account/sessions.js";
import { asking, labelled, secret } from "./sign_in.js";

const THEMES = [["system", "As the system"], ["light", "Light"], ["dark", "Dark"]];

export async function view({ signal }) {
  const [account, limits] = await Promise.all([get("/users/me", { signal }), get("/limits", { signal })]);
  return h("section", { class: "account" },
    h("h1", {}, "Account"),
    h("div", { class: "account-parts" },
      part("You", profile(account, signal)),
      part("Storage", usage(limits)),
      part("Password", changingPassword(signal)),
      part("Appearance and notices", preferences()),
      part("Where you are signed in", await sessionsPart(signal), "wide-part"),
      part("API keys", await keysPart(signal), "wide-part")));
}

function part(title, content, style = "") {
  const id = `part-${title.toLowerCase().replaceAll(" ", "-")}`;
  return h("section", { class: `card ${style}`, "aria-labelledby": id }, h("h2", { id }, title), content);
}

function profile(account, signal) {
  const name = h("input", { name: "name", autocomplete: "name", required: true, maxlength: "200", value: account.name });
  const act = async () => {
    await patch("/users/me", { name: name.value });
    await reload();
    notify("Your name was changed.");
  };
  return [asking([labelled("Name", name)], { verb: "Save", act, signal }), address(account)];
}

function address({ email, email_verified: isVerified }) {
  if (isVerified) return h("p", { class: "fact" }, email, h("span", { class: "chip good" }, icon("check"), "confirmed"));
  const resend = async () => {
    const { detail } = await post("/email/verify/resend").catch((problem) => ({ detail: problem.message }));
    notify(detail);
  };
  return h("p", { class: "fact" }, email, h("span", { class: "chip warn" }, icon("warning"), "not confirmed"),
    h("button", { type: "button", class: "link", onclick: resend }, "Send the link again"));
}

function usage({ quota, max_upload_bytes: most, max_pages: pages }) {
  const { storage, storage_used: used, pages_per_day: daily, pages_last_day: today, open_jobs: open, open_jobs_used: working } = quota;
  return [
    h("p", {}, h("strong", {}, size(used)), storage == null ? " used" : ` of ${size(storage)} used`),
    storage == null ? "" : h("progress", { max: storage || 1, value: used, "aria-label": "Storage used" }),
    h("ul", { class: "facts-list soft" },
      h("li", {}, `${count(today, "page")} read within a day`, daily == null ? "" : `, of ${daily.toLocaleString("en")}`),
      h("li", {}, `${working.toLocaleString("en")} of ${count(open, "document")} being read at once`),
      h("li", {}, `A file may have ${size(most)} and ${count(pages, "page")}`)),
  ];
}

function changingPassword(signal) {
  const [old, fresh] = [secret("current-password"), secret("new-password")];
  const act = async () => {
    await post("/password/change", { old: old.input.value, new: fresh.input.value });
    for (const field of [old, fresh]) field.input.value = "";
    notify("Your password was changed; your other sessions have ended.");
  };
  return asking([labelled("Password now", old), labelled("New password", fresh, "At least 8 characters")], { verb: "Change password", act, signal });
}

function preferences() {
  const chosen = document.documentElement.dataset.theme;
  const themes = THEMES.map(([value, label]) => h("label", { class: "inline" },
    h("input", { type: "radio", name: "theme", value, checked: value === chosen, onchange: () => dress(value) }), label));
  const mail = h("input", { type: "checkbox", checked: Boolean(localStorage.getItem("sheaf.notify")) });
  mail.addEventListener("change", () => (mail.checked ? localStorage.setItem("sheaf.notify", "email") : localStorage.removeItem("sheaf.notify")));
  return [
    h("fieldset", {}, h("legend", {}, "Colours"), themes),
    h("label", { class: "inline" }, mail, "Mail me when a file that I upload in this browser has been read"),
  ];
}

function dress(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem("sheaf.theme", theme);
}

