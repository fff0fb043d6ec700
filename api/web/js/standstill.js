// Says when documents wait and nobody is there to read them.

import { get } from "./api.js";
import { strip } from "./dialogs.js";
import { all, documents } from "./documents.js";
import { session } from "./session.js";

const PATIENCE_MS = 5000; // Who waits so long without a word wants to know.
const AGAIN_MS = 15_000;
const TEXT = "Nothing is being read at the moment: no worker is there. What you upload waits, and is read as soon as one is.";
let timer = 0;

const isWaiting = () => all().some(({ status }) => status === "queued" || status === "running");

function watch() {
  if (!isWaiting()) strip("workers", "");
  plan(PATIENCE_MS);
}

function plan(wait) {
  clearTimeout(timer);
  if (isWaiting()) timer = setTimeout(look, wait);
}

async function look() {
  const checks = await get("/readyz").then((answer) => answer.checks, () => null);
  strip("workers", checks?.worker === "none" && isWaiting() ? TEXT : "");
  plan(AGAIN_MS);
}

for (const type of ["listed", "changed"]) documents.addEventListener(type, watch);
session.addEventListener("changed", watch);
watch();
