/**
 * Uploading to a case: files, folders and ZIP archives, three at a time, in pieces. After a lost
 * connection, or when the page was left and the same file is chosen again, a file goes on where it
 * stopped. What came of each is asked for, and told.
 */

import * as list from "./upload-list.js";
import { sendFile } from "./upload-send.js";

/** @typedef {import("./upload-list.js").Item} Item */

const PARALLEL = 3;
/** What systems leave in folders; nobody means to send it. */
const LITTER = /^(\..*|Thumbs\.db|desktop\.ini)$/i;
const FIRST_POLL_MS = 300;
const LONGEST_POLL_MS = 2000;
const ASKED_AT_ONCE = 100;

const panel = document.getElementById("upload");
const retry = document.getElementById("upload-retry");
const { say } = list;

/** @type {Item[]} */
const queue = [];
/** Sent, and not told of yet: by the key of the delivery. @type {Map<string, Item>} */
const reading = new Map();
let running = 0;
let polling = false;

/* ---- sending ---- */

function pump() {
  while (running < PARALLEL && queue.length) {
    running += 1;
    send(queue.shift()).finally(() => {
      running -= 1;
      pump();
    });
  }
}

/** @param {Item} item */
async function send(item) {
  try {
    const key = await sendFile(item.file, panel.dataset.path, {
      begun: (share) => list.mark(item, "uploading", share ? say("resuming", { percent: list.percent(share) }) : ""),
      progress: (bytes) => list.progress(item, bytes),
      waiting: () => list.mark(item, "paused"),
    });
    list.progress(item, item.file.size);
    list.mark(item, "reading");
    reading.set(key, item);
    poll();
  } catch (problem) {
    refuse(item, problem);
  }
}

/** @param {Item} item @param {{status: number, detail: string}} problem */
function refuse(item, problem) {
  if (problem.status === 401) {
    // The page stays, with what was typed on it: `session.js` asks to sign in beside it.
    list.mark(item, "failed", say("signedOut"));
    document.dispatchEvent(new Event("session-over"));
  } else if (problem.status >= 400 && problem.status < 500) {
    list.progress(item, item.file.size);
    list.mark(item, "refused", problem.detail || say("notTaken"));
    finish();
  } else {
    list.mark(item, "failed", say("noAnswer"));
  }
}

/* ---- what came of it ---- */

async function poll() {
  if (polling) return;
  polling = true;
  let pause = FIRST_POLL_MS;
  while (reading.size) {
    await new Promise((done) => { setTimeout(done, pause); });
    const told = await ask([...reading.keys()].slice(0, ASKED_AT_ONCE));
    pause = told ? FIRST_POLL_MS : Math.min(1.5 * pause, LONGEST_POLL_MS);
    if (told) refreshProgress();
  }
  polling = false;
  finish();
}

/** @param {string[]} keys @returns {Promise<number>} how many are settled by the answer */
async function ask(keys) {
  const query = keys.map((key) => `key=${key}`).join("&");
  let outcomes;
  try {
    const answer = await fetch(`${panel.dataset.outcomes}?${query}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return 0;
    outcomes = await answer.json();
  } catch {
    return 0;
  }
  const settled = keys.filter((key) => outcomes[key] && outcomes[key].state !== "waiting");
  for (const key of settled) {
    settle(reading.get(key), outcomes[key]);
    reading.delete(key);
  }
  // The next question is about the others too.
  for (const key of keys) {
    const item = reading.get(key);
    if (item) { reading.delete(key); reading.set(key, item); }
  }
  return settled.length;
}

/** @param {Item} item @param {any} outcome */
function settle(item, outcome) {
  if (outcome.state === "gone") {
    list.mark(item, "failed", say("gone"));
    return;
  }
  item.images = outcome.accepted;
  const single = outcome.accepted + outcome.duplicates + outcome.refused_count === 1;
  if (single && outcome.refused_count) list.mark(item, "refused", outcome.refused[0].detail);
  else if (single && outcome.duplicates) list.mark(item, "duplicate", say("hadAlready"));
  else if (single) list.mark(item, "accepted");
  else list.mark(item, stateOf(outcome), several(outcome));
}

const stateOf = (outcome) => {
  if (outcome.accepted) return "accepted";
  return outcome.duplicates ? "duplicate" : "refused";
};

/** What came of an archive. @param {any} outcome */
function several(outcome) {
  const parts = [say("nImages", { n: outcome.accepted })];
  if (outcome.duplicates) parts.push(say("nDuplicates", { n: outcome.duplicates }));
  if (outcome.refused_count) parts.push(say("nRefused", { n: outcome.refused_count }));
  const reasons = outcome.refused.map((refused) => `${refused.file}: ${refused.detail}`);
  const more = outcome.refused_count - reasons.length;
  if (more) reasons.push(say("moreRefused", { n: more }));
  return [parts.join(", "), ...reasons].join(". ");
}

/** Classification has begun: the progress line asks again by itself until it is done. */
function refreshProgress() {
  const line = document.getElementById("progress");
  if (line) htmx.ajax("GET", line.dataset.path, { source: panel, target: line, swap: "outerHTML" });
}

/** All is told: the new pictures and the deliveries are shown. */
function finish() {
  if (running > 1 || queue.length || reading.size) return;
  htmx.trigger(document.body, "delivered");
  if (list.count("accepted")) htmx.trigger(document.body, "classified");
  // An answer to an earlier question may have overwritten the last one with an older state.
  setTimeout(refreshProgress, 1500);
}

/* ---- choosing ---- */

/** @param {File[]} files */
function add(files) {
  const added = files.filter((file) => !LITTER.test(file.name)).map(list.add);
  if (!added.length) return;
  panel.classList.remove("upload-first");
  document.getElementById("upload-run").hidden = false;
  queue.push(...added);
  pump();
}

/** All files below an entry of a drop. @param {FileSystemEntry} entry @returns {Promise<File[]>} */
async function filesOf(entry) {
  if (entry.isFile) return [await new Promise((done, fail) => { entry.file(done, fail); })];
  const reader = entry.createReader();
  const files = [];
  // A reader gives at most 100 entries at a time.
  for (;;) {
    const entries = await new Promise((done, fail) => { reader.readEntries(done, fail); });
    if (!entries.length) return files;
    for (const child of entries) files.push(...await filesOf(child));
  }
}

/** @param {HTMLInputElement} input */
function take(input) {
  add([...input.files]);
  input.value = "";
}

for (const id of ["choose-files", "choose-folder", "choose-camera"]) {
  const input = document.getElementById(id);
  input.addEventListener("change", () => take(input));
  // Who is quick has chosen before this script was there.
  take(input);
}

function sendFailed() {
  const failed = list.items.filter((item) => item.state === "failed");
  for (const item of failed) list.mark(item, "waiting");
  queue.push(...failed);
  pump();
}

retry.addEventListener("click", sendFailed);
addEventListener("online", sendFailed);
document.addEventListener("session-back", sendFailed);

document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  // Every pasted picture is called image.png.
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", ".");
  add(files.map((file, index) => {
    const name = /^image\.\w+$/.test(file.name)
      ? `${say("pasted")}-${stamp}-${index + 1}.${file.name.split(".").pop()}` : file.name;
    return new File([file], name, { type: file.type, lastModified: file.lastModified });
  }));
});

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  document.body.classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("dropping");
});
document.addEventListener("drop", async (event) => {
  document.body.classList.remove("dropping");
  if (!carriesFiles(event)) return;
  event.preventDefault();
  // The list is emptied when the event has ended, so the entries are taken before any wait.
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const files = [...event.dataTransfer.files];
  const found = await Promise.all(entries.map(filesOf));
  add(entries.length ? found.flat() : files);
});

addEventListener("beforeunload", (event) => {
  if (running || queue.length) event.preventDefault();
});
