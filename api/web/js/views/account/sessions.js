// Where one is signed in, and the way to end that.

import { get, remove } from "../../api.js";
import { confirm, notify } from "../../dialogs.js";
import { h, moment } from "../../dom.js";
import { signOut } from "../../session.js";

const BROWSERS = [[/Edg\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\//, "Firefox"], [/Chrome\//, "Chrome"], [/Safari\//, "Safari"], [/curl|python|httpx/i, "A program"]];
const SYSTEMS = [[/iPhone|iPad/, "iOS"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS/, "macOS"], [/Linux/, "Linux"]];

export async function sessionsPart(signal) {
  const place = h("div", {});
  const draw = async () => {
    const { data, total } = await get("/sessions", { query: { limit: 100 }, signal });
    place.replaceChildren(
      h("ul", { class: "entries" }, data.map((session) => row(session, draw))),
      h("p", { class: "actions" },
        total > data.length && h("span", { class: "soft" }, `The newest ${data.length} of ${total}.`),
        h("button", { type: "button", class: "quiet", onclick: everywhere }, "Sign out everywhere")));
  };
  await draw();
  return place;
}

function row(session, draw) {
  const end = async () => {
    await remove(`/sessions/${session.id}`).catch((problem) => problem.status !== 404 && notify(problem.message, { isError: true }));
    await draw();
  };
  return h("li", {},
    h("div", {}, h("strong", {}, named(session.user_agent)), h("p", { class: "soft" }, session.address, " · used ", moment(session.last_used_at))),
    session.current ? h("span", { class: "chip good" }, "here") : h("button", { type: "button", class: "quiet", "aria-label": `Sign out ${named(session.user_agent)}`, onclick: end }, "Sign out"));
}

function named(agent) {
  const first = (table) => table.find(([mark]) => mark.test(agent))?.[1];
  const [browser, system] = [first(BROWSERS), first(SYSTEMS)];
  return browser && system ? `${browser} on ${system}` : browser ?? (agent || "Unknown program");
}

async function everywhere() {
  if (!(await confirm("Sign out everywhere?", "All sessions end, this one too. API keys go on.", "Sign out"))) return;
  await remove("/sessions");
  await signOut();
}
