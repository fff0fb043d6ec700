// Where files come in: dropped anywhere on the page, as folders too, pasted, or chosen.

import { notify } from "./dialogs.js";
import { count, h, icon } from "./dom.js";
import { add } from "./uploads.js";

// An element with this attribute takes drops itself, as a chat does.
const OWN = "[data-takes-files]";
const PDF = /\.pdf$/i;

const sign = h("div", { class: "drop-sign", hidden: true },
  h("div", {}, icon("upload"), h("strong", {}, "Drop to upload"), h("span", { class: "soft" }, "PDFs, or folders of them")));

// Let people choose files, or a folder.
export function choose({ isFolder = false } = {}) {
  const input = h("input", { type: "file", multiple: true, accept: isFolder ? null : "application/pdf,.pdf", webkitdirectory: isFolder });
  input.addEventListener("change", () => take([...input.files], { isFolder }));
  input.click();
}

// Upload the example that comes with Sheaf.
export async function sample() {
  const answer = await fetch(new URL("../sample.pdf", import.meta.url));
  take([new File([await answer.blob()], "Harvest report.pdf", { type: "application/pdf" })]);
}

// Of a folder only the PDFs are meant; a file that was given by itself is checked and, if need be, refused.
function take(files, { isFolder = false } = {}) {
  const meant = isFolder ? files.filter((file) => PDF.test(file.name) || file.type === "application/pdf") : files;
  const others = files.length - meant.length;
  if (others) notify(`${count(others, "file")} in the folder ${others === 1 ? "is" : "are"} not PDF and ${others === 1 ? "was" : "were"} left out.`);
  if (meant.length) add(meant);
}

async function drop(event) {
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const folders = entries.filter((entry) => entry.isDirectory);
  const folderless = [...event.dataTransfer.files].filter((file) => !folders.some((folder) => folder.name === file.name));
  if (folderless.length) take(folderless);
  if (!folders.length) return;
  const found = (await Promise.all(folders.map(walk))).flat();
  if (found.length) take(found, { isFolder: true });
  else notify("The folder is empty.");
}

async function walk(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) { // A reader gives a hundred at a time, and none at the end.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return (await Promise.all(found.map(walk))).flat();
    found.push(...some);
  }
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files") && !event.target.closest?.(OWN);

// Listen on the whole page until the signal aborts.
export function listen(signal) {
  document.body.append(sign);
  signal.addEventListener("abort", () => sign.remove());
  let depth = 0;
  const show = (isOver) => { depth = isOver ? depth : 0; sign.hidden = !isOver; };
  addEventListener("dragenter", (event) => { if (hasFiles(event)) show((depth += 1) > 0); }, { signal });
  addEventListener("dragleave", () => { if (!sign.hidden) show((depth -= 1) > 0); }, { signal });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); }, { signal });
  addEventListener("drop", (event) => {
    if (!hasFiles(event)) return show(false);
    event.preventDefault();
    show(false);
    drop(event);
  }, { signal });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || event.target.closest?.(OWN)) return;
    event.preventDefault();
    take(files);
  }, { signal });
}
