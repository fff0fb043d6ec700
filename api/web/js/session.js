// Who is signed in, and the dialog that asks again when a session ends in the middle of work.

import { gate, get, renew, request } from "./api.js";
import { open } from "./dialogs.js";
import { h } from "./dom.js";
import { connect, disconnect, live } from "./live.js";

// Events: `changed` when somebody has signed in or out, `renamed` when the account has changed.
export const session = new EventTarget();
const KNOWN = "sheaf.known";
let user = null;

export const me = () => user;

// Find out who is signed in; null when nobody is, and nobody is asked where nobody ever signed in: browsers log refusals
// as errors. Raises Problem when the server cannot be asked.
export async function recall() {
  if (!localStorage.getItem(KNOWN)) return null;
  const asked = await request("GET", "/users/me", { anonymous: true }).catch(async (problem) => {
    if (problem.status !== 401) throw problem;
    return (await renew()) ? get("/users/me") : null;
  });
  become(asked);
  return user;
}

export async function signIn(email, password) {
  const answer = await request("POST", "/session", { json: { email, password }, anonymous: true });
  if (user && user.id !== answer.user.id) location.reload(); // Nothing of one account is shown to another.
  become(answer.user);
}

export async function signUp({ name, email, password }) {
  await request("POST", "/register", { json: { name, email, password }, anonymous: true });
  await signIn(email, password);
}

export async function signOut() {
  await request("DELETE", "/session", { anonymous: true }).catch(() => null); // It may have ended already.
  become(null);
}

export async function reload() {
  user = await get("/users/me");
  session.dispatchEvent(new Event("renamed"));
}

function become(account) {
  const was = user?.id;
  user = account;
  if (was === account?.id) return;
  if (account) {
    localStorage.setItem(KNOWN, "1");
    connect();
  } else {
    localStorage.removeItem(KNOWN);
    disconnect();
  }
  session.dispatchEvent(new Event("changed"));
}

let asking = null;

// All requests that are refused meanwhile wait for the same dialog and are sent again after it.
gate.signIn = () => {
  asking ??= ask().finally(() => { asking = null; });
  return asking;
};

live.addEventListener("expired", () => { if (user) gate.signIn().then(connect, () => null); });

async function ask() {
  const { form } = await import("./views/sign_in.js");
  const content = (close) => h("div", {},
    h("p", {}, "Your session has ended. Nothing you were doing is lost: sign in, and it goes on."),
    form({ email: user?.email ?? "", done: () => close(true) }));
  if (!(await open("Sign in again", content))) {
    become(null);
    throw new DOMException("Nobody signed in.", "AbortError");
  }
  connect();
}
