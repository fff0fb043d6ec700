// Where the links of mails lead: an address is confirmed, a forgotten password is replaced.

import { post } from "../api.js";
import { h, icon } from "../dom.js";
import { explain } from "../reasons.js";
import { link } from "../router.js";
import { me, reload } from "../session.js";
import { asking, labelled, secret } from "./sign_in.js";

export async function view({ path, params, signal }) {
  history.replaceState(null, "", "#/"); // A token is as good as a password: it does not stay in the address.
  return path.startsWith("verify-email") ? verified(params.token, signal) : resetting(params.token, signal);
}

async function verified(token, signal) {
  try {
    await post("/email/verify", { token }, { signal, anonymous: true });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    return said("This link does not work", explain(problem).sentence, { isGood: false });
  }
  if (me()) await reload();
  return said("Your address is confirmed", "Mails of Sheaf reach you now.");
}

function resetting(token, signal) {
  const password = secret("new-password");
  const place = h("div", {});
  const act = async () => {
    await post("/password/reset", { token, password: password.input.value }, { anonymous: true });
    place.replaceChildren(...said("Your password is set", "You are signed out everywhere. Sign in with the new one.").childNodes);
  };
  place.append(h("h1", {}, "Set a new password"),
    asking([labelled("New password", password, "At least 8 characters")], { verb: "Set password", act, signal }));
  return h("section", { class: "card narrow" }, place);
}

function said(title, sentence, { isGood = true } = {}) {
  const onward = () => { if (location.hash === "#/") location.reload(); };
  return h("section", { class: "card narrow" },
    h("h1", {}, icon(isGood ? "check" : "warning"), " ", title),
    h("p", {}, sentence),
    h("p", { class: "actions" }, h("a", { class: "button", href: link("/"), onclick: onward }, me() ? "To your documents" : "Sign in")));
}
