// Your documents as the page knows them: loaded once, then kept by the news of the live connection.

import { get } from "./api.js";
import { live } from "./live.js";
import { session } from "./session.js";

const AT_ONCE = 100;
const MOST = 2000; // More are not loaded by themselves; they are found by their names.
const GATHER_MS = 120;
const FEW = 8;
const STALE_MS = 60_000;

// Events: `changed` with the ids whose rows look different as `detail`, `listed` when there are others than before.
export const documents = new EventTarget();
export const known = { total: 0, asOf: null, problem: null, isWhole: false };

const cards = new Map();
const hidden = new Set();
const fresh = new Set(); // What came while the list was being loaded is not missing from it.
let loading = null;
let generation = 0;

export const find = (id) => cards.get(id);
export const all = () => [...cards.values()].filter((card) => !hidden.has(card.id));

// Load the list again, a part at a time; those that are there stay until it has come.
export function load() {
  loading ??= walk(generation).finally(() => { loading = null; });
  return loading;
}

// Load it unless that has been done a moment ago.
export function refresh() {
  return known.isWhole && Date.now() - known.asOf < STALE_MS ? Promise.resolve() : load();
}

async function walk(mine) {
  const seen = new Set();
  try {
    let cursor = null;
    do {
      const part = await get("/documents", { query: { limit: AT_ONCE, cursor } });
      if (mine !== generation) return;
      for (const card of part.data) {
        seen.add(card.id);
        keep(card);
      }
      Object.assign(known, { total: part.total, asOf: Date.now(), problem: null });
      tell("listed");
      cursor = seen.size < MOST ? part.next : null;
    } while (cursor);
    for (const id of cards.keys()) if (!seen.has(id) && !fresh.has(id)) cards.delete(id);
    known.isWhole = true;
  } catch (problem) {
    if (problem.name === "AbortError") return;
    known.problem = problem;
  }
  fresh.clear();
  tell("listed");
}

// Take what the API has just answered about a document.
export function put(card) {
  const isNew = !cards.has(card.id);
  if (!keep(card)) return;
  if (loading) fresh.add(card.id);
  if (isNew) known.total += 1;
  tell(isNew ? "listed" : "changed", [card.id]);
}

// Take a job that the API has just queued for a document.
export function putJob(job) {
  const card = cards.get(job.document_id);
  if (card) put({ ...card, job, status: job.state });
}

export function drop(ids) {
  for (const id of ids) if (cards.delete(id)) known.total -= 1;
  tell("listed");
}

// Hide documents that are about to be deleted, or show them again.
export function hide(ids, isHidden = true) {
  for (const id of ids) hidden[isHidden ? "add" : "delete"](id);
  tell("listed");
}

// Answers and news cross each other on their way: what is older than what is known is not taken.
function keep(card) {
  if (cards.get(card.id)?.rev > card.rev) return false;
  cards.set(card.id, card);
  return true;
}

const changed = new Set();
let timer = 0;

function hear({ detail: news }) {
  if (news.kind !== "extraction" || !news.document_id) return;
  const card = cards.get(news.document_id);
  if (card && card.rev > news.rev) return;
  const isTick = card && card.job.id === news.job_id && card.status === news.state && news.state === "running";
  if (card) put(advanced(card, news));
  if (!isTick) ask(news.document_id);
}

function advanced(card, { job_id: id, state, rev, pages_done, pages_failed, pages_total }) {
  const job = { ...card.job, id, state, progress: { pages_done, pages_failed, pages_total } };
  if (["queued", "running"].includes(state)) return { ...card, rev, status: state, job };
  return { ...card, job: { ...job, state: card.job.state } }; // It reads on until the API has told what was found.
}

// Ask about a few documents one by one; about many, or about one that may not be ours, by the list.
function ask(id) {
  changed.add(id);
  timer ||= setTimeout(async () => {
    timer = 0;
    const ids = [...changed];
    changed.clear();
    if (ids.length <= FEW && ids.every((one) => cards.has(one))) return ids.forEach(look);
    const part = await get("/documents", { query: { limit: AT_ONCE } }).catch(() => null);
    const listed = new Set(part?.data.map((card) => card.id));
    part?.data.forEach(put);
    ids.filter((one) => cards.has(one) && !listed.has(one)).forEach(look);
  }, GATHER_MS);
}

// Ask about one document; one that is gone leaves the list.
export async function look(id) {
  try {
    put(await get(`/documents/${id}`));
  } catch (problem) {
    if (problem.status === 404) drop([id]);
  }
}

function tell(type, detail = null) {
  documents.dispatchEvent(new CustomEvent(type, { detail }));
}

function forget() {
  generation += 1;
  loading = null;
  cards.clear();
  hidden.clear();
  Object.assign(known, { total: 0, asOf: null, problem: null, isWhole: false });
}

live.addEventListener("job", hear);
live.addEventListener("gap", load);
let wasDown = false;
live.addEventListener("down", () => { wasDown = true; });
live.addEventListener("up", async () => {
  if (wasDown && known.asOf) load();
  wasDown = false;
  await loading; // It may have been answered before news could come of what it shows at work.
  for (const card of cards.values()) if (!card.job.done) ask(card.id);
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && known.asOf) refresh(); });
session.addEventListener("changed", forget);
