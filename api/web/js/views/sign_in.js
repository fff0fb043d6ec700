// Signing in, making an account, and asking for a new password.

import { explain } from "../reasons.js";
import { post } from "../api.js";
import { h, icon } from "../dom.js";
import { signIn, signUp } from "../session.js";

export function view({ signal }) {
  const place = h("div", { class: "entrance-form" });
  const turn = (make) => {
    place.replaceChildren(...make(turn, signal));
    document.title = `${place.querySelector("h1").textContent} · Sheaf`;
    place.querySelector("input")?.focus();
  };
  place.replaceChildren(...signingIn(turn, signal));
  return h("section", { class: "entrance card" }, welcome(), place);
}

function welcome() {
  const point = (drawing, text) => h("li", {}, icon(drawing), h("span", {}, text));
  return h("div", { class: "entrance-welcome" },
    h("p", { class: "brand" }, h("span", { class: "mark" }), "Sheaf"),
    h("p", { class: "entrance-claim" }, "Text, words and tables out of your PDFs."),
    h("ul", {},
      point("upload", "Drop one file or a thousand"),
      point("table", "Tables that open in a spreadsheet"),
      point("search", "Every word found on its page"),
      point("lock", "On your own machine, for you alone")));
}

function signingIn(turn, signal) {
  return [
    h("h1", {}, "Sign in to Sheaf"),
    form({ email: "", done: () => null, signal }),
    h("p", { class: "entrance-other" },
      h("button", { type: "button", class: "link", onclick: () => turn(forgetting) }, "Forgot your password?"),
      h("button", { type: "button", class: "link", onclick: () => turn(registering) }, "Create an account")),
  ];
}

function registering(turn, signal) {
  const name = h("input", { name: "name", autocomplete: "name", required: true });
  const email = h("input", { name: "email", type: "email", autocomplete: "username", required: true });
  const password = secret("new-password");
  const act = () => signUp({ name: name.value, email: email.value, password: password.input.value });
  return [
    h("h1", {}, "Create an account"),
    asking([labelled("Name", name), labelled("E-mail", email), labelled("Password", password, "At least 8 characters")], { verb: "Create account", act, signal }),
    h("p", { class: "entrance-other" }, back(turn)),
    h("details", { class: "soft" }, h("summary", {}, "Setting this up for others?"),
      h("p", {}, "An administrator is made on the server: ", h("code", {}, "./sheaf admin create-user --email E --name N --role admin"))),
  ];
}

function forgetting(turn, signal) {
  const email = h("input", { name: "email", type: "email", autocomplete: "username", required: true });
  const act = async () => {
    const { detail } = await post("/password/forgot", { email: email.value }, { anonymous: true });
    turn(() => [h("h1", {}, "Look into your mail"), h("p", {}, detail, " Its link is good for one hour."), h("p", {}, back(turn))]);
  };
  return [
    h("h1", {}, "Set a new password"),
    h("p", { class: "soft" }, "A link to set another password is mailed to you."),
    asking([labelled("E-mail", email)], { verb: "Send the link", act, signal }),
    h("p", { class: "entrance-other" }, back(turn)),
  ];
}

function back(turn) {
  return h("button", { type: "button", class: "link", onclick: () => turn(signingIn) }, "Back to signing in");
}

// The form by itself, for the page and for the dialog of a session that has ended.
export function form({ email, done, signal }) {
  const name = h("input", { name: "email", type: "email", autocomplete: "username", required: true, value: email });
  const password = secret("current-password");
  const act = async () => {
    await signIn(name.value, password.input.value);
    done();
  };
  return asking([labelled("E-mail", name), labelled("Password", password)], { verb: "Sign in", act, signal, first: password.input });
}

// A field for a password that can be shown.
export function secret(autocomplete) {
  const input = h("input", { name: "password", type: "password", autocomplete, required: true, minlength: autocomplete === "new-password" ? "8" : null });
  const eye = h("button", { type: "button", class: "bare", "aria-label": "Show the password", "aria-pressed": "false" }, "Show");
  eye.addEventListener("click", () => {
    const isShown = input.type === "text";
    input.type = isShown ? "password" : "text";
    eye.setAttribute("aria-pressed", String(!isShown));
    eye.textContent = isShown ? "Show" : "Hide";
  });
  const element = h("span", { class: "secret" }, input, eye);
  element.input = input;
  return element;
}

let labels = 0;

// A field with its label and, below it, what it should be.
export function labelled(text, field, hint = "") {
  const id = `field-${(labels += 1)}`;
  (field.input ?? field).id = id;
  return h("div", { class: "field" }, h("label", { for: id }, text), field, hint && h("p", { class: "hint soft" }, hint));
}

// A form that says what was refused and, when there were too many tries, counts down to the next one.
export function asking(fields, { verb, act, signal, first = null }) {
  const error = h("p", { class: "error", role: "alert" });
  const button = h("button", {}, verb);
  const submit = async (event) => {
    event.preventDefault();
    error.textContent = "";
    button.disabled = true;
    try {
      await act();
      button.disabled = false;
    } catch (problem) {
      button.disabled = false;
      refuse(problem);
    }
  };
  const refuse = (problem) => {
    if (problem.name === "AbortError") return;
    if (problem.status === 429 && problem.retryAfter) return countDown(problem.retryAfter);
    error.textContent = problem.errors?.map((fault) => fault.detail).join(" ") || explain(problem).sentence;
    (first ?? fields[0].querySelector("input")).focus();
  };
  const countDown = (seconds) => {
    error.textContent = "There were too many tries.";
    button.disabled = true;
    const until = Date.now() + seconds * 1000;
    const tick = () => {
      const left = Math.ceil((until - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? `Try again in ${left} s` : verb;
      if (left <= 0) clearInterval(timer);
    };
    const timer = setInterval(tick, 1000);
    signal?.addEventListener("abort", () => clearInterval(timer));
    tick();
  };
  return h("form", { class: "asking", onsubmit: submit }, fields, error, h("p", { class: "actions" }, button));
}
