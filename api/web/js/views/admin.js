// Administration: a tab each for accounts, queues, jobs and mails; the server checks who asks.

import { Problem } from "../api.js";
import { h } from "../dom.js";
import { link } from "../router.js";
import { me } from "../session.js";
import { accounts } from "./admin/accounts.js";
import { jobs } from "./admin/jobs.js";
import { mails } from "./admin/mails.js";
import { queues } from "./admin/queues.js";

const TABS = [["users", "People", accounts], ["queues", "Queues", queues], ["jobs", "Jobs", jobs], ["mails", "Mails", mails]];

export async function view({ params, query, signal }) {
  if (me().role !== "admin") throw new Problem(403, { detail: "Only administrators can see this." });
  const [name, , make] = TABS.find(([tab]) => tab === params.tab) ?? TABS[0];
  const tabs = h("nav", { class: "tabs", "aria-label": "Administration" },
    TABS.map(([tab, label]) => h("a", { href: link(`/admin/${tab}`), "aria-current": tab === name ? "page" : null }, label)));
  return h("section", { class: "admin" }, h("h1", {}, "Administration"), tabs, await make({ query, signal }));
}
