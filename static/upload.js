/**
 * Uploading to a case: files, folders and ZIP archives, in small batches, two at a time.
 *
 * An image that the case has already is answered as a duplicate, so sending a batch again after
 * a lost connection does no harm.
 */

const BATCH_FILES = 16;
const BATCH_BYTES = 8 * 1024 * 1024;
const PARALLEL = 2;
const ATTEMPTS = 5;
/** What systems leave in folders; nobody means to send it. */
const LITTER = /^(\..*|Thumbs\.db|desktop\.ini)$/i;

/**
 * @typedef {"waiting" | "uploading" | "accepted" | "duplicate" | "refused" | "unknown" | "failed"} State
 * @typedef {{file: File, state: State, row: HTMLElement, sent: number}} Item
 */

const panel = document.getElementById("upload");
const bar = document.getElementById("upload-bar");
const summary = document.getElementById("upload-summary");
const retry = document.getElementById("upload-retry");
const details = document.getElementById("upload-details");

/** @type {Item[]} */
const items = [];
/** @type {Item[][]} */
const queue = [];
let running = 0;

/* ---- what is shown ---- */

const WORDS = { waiting: "waiting", uploading: "uploading", accepted: "accepted",
  duplicate: "duplicate", refused: "refused", unknown: "see the list", failed: "not sent" };

/** @param {Item} item @param {State} state @param {string} [detail] */
function mark(item, state, detail = "") {
  item.state = state;
  item.row.dataset.state = state;
  const share = item.file.size ? Math.floor((100 * item.sent) / item.file.size) : 100;
  item.row.children[1].textContent = state === "uploading" ? `uploading ${share} %` : WORDS[state];
  item.row.children[2].textContent = detail;
  // What needs a person comes first.
  if (["refused", "unknown", "failed"].includes(state)) item.row.parentElement.prepend(item.row);
}

/** @param {File} file */
function addItem(file) {
  const row = document.createElement("li");
  for (const name of ["name", "state", "detail"]) {
    const span = document.createElement("span");
    span.className = name;
    row.append(span);
  }
  row.children[0].textContent = file.name;
  row.children[0].title = file.webkitRelativePath || file.name;
  document.getElementById("upload-files").append(row);
  const item = { file, state: "waiting", row, sent: 0 };
  items.push(item);
  mark(item, "waiting");
  return item;
}

/** @param {State} state */
const count = (state) => items.filter((item) => item.state === state).length;

function showTotals() {
  bar.max = items.reduce((total, item) => total + item.file.size, 0) || 1;
  bar.value = items.reduce((total, item) => total + item.sent, 0);
  const open = count("waiting") + count("uploading");
  const parts = ["accepted", "duplicate", "refused", "unknown", "failed"]
    .filter((state) => count(state))
    .map((state) => `${count(state)} ${WORDS[state]}`);
  const lead = open ? `Uploading, ${open} of ${items.length} files to go` : `${items.length} files`;
  summary.textContent = [lead, ...parts].join(", ");
  retry.hidden = open > 0 || !count("failed");
  if (count("refused") + count("unknown") + count("failed")) details.open = true;
}

/* ---- sending ---- */

/**
 * Batches in order. An archive goes alone, so that its answer is about it; and no batch holds
 * two files that are shown by one name, because the answer names files.
 * @param {Item[]} added
 */
function batches(added) {
  const made = [];
  let batch = [];
  let bytes = 0;
  const close = () => { if (batch.length) made.push(batch); batch = []; bytes = 0; };
  for (const item of added) {
    const alone = isArchive(item.file);
    const full = batch.length >= BATCH_FILES || bytes + item.file.size > BATCH_BYTES;
    const name = shownName(item.file);
    if (alone || full || batch.some((other) => shownName(other.file) === name)) close();
    batch.push(item);
    bytes += item.file.size;
    if (alone) close();
  }
  close();
  return made;
}

/** @param {File} file */
const isArchive = (file) => /\.zip$/i.test(file.name);

/**
 * The name by which the server's answer calls a file: `shown_name` in `app/services/intake.py`,
 * after the escapes that browsers put into the names of a form.
 * @param {File} file
 */
function shownName(file) {
  const escaped = file.name.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
  const last = escaped.split(/[\\/]/).filter(Boolean).pop() ?? "";
  const shown = last.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\ufffd");
  return Array.from(shown).slice(0, 255).join("") || "unnamed";
}

function pump() {
  while (running < PARALLEL && queue.length) {
    running += 1;
    send(queue.shift()).finally(() => {
      running -= 1;
      showTotals();
      pump();
      if (!running) finish();
    });
  }
  showTotals();
}

/** @param {Item[]} batch */
async function send(batch) {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    for (const item of batch) { item.sent = 0; mark(item, "uploading"); }
    const answer = await post(batch);
    if (answer.status !== 0 && answer.status < 500 && answer.status !== 429) {
      settle(batch, answer);
      return;
    }
    const wait = Math.min(2 ** attempt, 15);
    for (const item of batch) { item.sent = 0; mark(item, "waiting", `no connection; again in ${wait} s`); }
    if (attempt < ATTEMPTS) await new Promise((done) => { setTimeout(done, wait * 1000); });
  }
  for (const item of batch) mark(item, "failed", "The server did not answer.");
}

/**
 * @param {Item[]} batch
 * @returns {Promise<{status: number, body: any}>} status 0: no answer
 */
function post(batch) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    for (const item of batch) form.append("files", item.file, item.file.name);
    request.open("POST", panel.dataset.path);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => { spread(batch, event.loaded); showTotals(); });
    request.addEventListener("load", () => done({ status: request.status, body: request.response }));
    for (const name of ["error", "abort", "timeout"]) {
      request.addEventListener(name, () => done({ status: 0, body: null }));
    }
    request.send(form);
  });
}

/** The request's bytes, dealt out to its files in order. @param {Item[]} batch @param {number} loaded */
function spread(batch, loaded) {
  let left = loaded;
  for (const item of batch) {
    item.sent = Math.min(item.file.size, Math.max(0, left));
    left -= item.file.size;
    mark(item, "uploading");
  }
}

/** @param {Item[]} batch @param {{status: number, body: any}} answer */
function settle(batch, answer) {
  if (answer.status === 401) {
    leaving = true;
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
    return;
  }
  for (const item of batch) item.sent = item.file.size;
  if (answer.status < 300 && answer.body) accept(batch, answer.body);
  else refuse(batch, answer.body);
  refreshProgress();
}

/** @param {Item[]} batch @param {any} upload the API's `UploadRead` */
function accept(batch, upload) {
  if (batch.length === 1 && isArchive(batch[0].file)) {
    const detail = [`${upload.accepted_count} images accepted`];
    if (upload.duplicates.length) detail.push(`${upload.duplicates.length} duplicates`);
    if (upload.refused.length) detail.push(`${upload.refused.length} refused: ${reasons(upload.refused)}`);
    const state = upload.accepted_count || !upload.duplicates.length ? "accepted" : "duplicate";
    mark(batch[0], state, detail.join(", "));
    return;
  }
  const refused = new Map(upload.refused.map((item) => [item.file, item.detail]));
  const duplicates = new Set(upload.duplicates);
  const rest = [];
  for (const item of batch) {
    const name = shownName(item.file);
    if (refused.has(name)) mark(item, "refused", refused.get(name));
    else if (duplicates.has(name)) mark(item, "duplicate", "The case has this image already.");
    else rest.push(item);
  }
  settleRest(rest, batch, upload);
}

/**
 * The files that the answer does not name: accepted, but only if all counts agree. Otherwise one
 * of them was refused, or was there already, under a name that is not known here.
 * @param {Item[]} rest @param {Item[]} batch @param {any} upload
 */
function settleRest(rest, batch, upload) {
  const named = upload.refused.length + upload.duplicates.length;
  const agree = rest.length === upload.accepted_count && named === batch.length - rest.length;
  for (const item of rest) {
    if (agree) mark(item, "accepted");
    else mark(item, "unknown", unmatched(batch, upload));
  }
}

/** What the answer says of names that are not in the batch. @param {Item[]} batch @param {any} upload */
function unmatched(batch, upload) {
  const sent = new Set(batch.map((item) => shownName(item.file)));
  const refused = upload.refused.filter((item) => !sent.has(item.file));
  const detail = [
    `The answer does not name this file, and of ${batch.length} files ${upload.accepted_count}`
    + " were accepted. Look for it among the pictures of the case.",
  ];
  if (refused.length) detail.push(`Refused: ${reasons(refused)}`);
  return detail.join(" ");
}

/** @param {Item[]} batch @param {any} problem */
function refuse(batch, problem) {
  const refused = new Map((problem?.refused ?? []).map((item) => [item.file, item.detail]));
  for (const item of batch) {
    mark(item, "refused", refused.get(shownName(item.file)) ?? problem?.detail ?? "The server refused it.");
  }
}

/** @param {{file: string, detail: string}[]} refused */
function reasons(refused) {
  const shown = refused.slice(0, 5).map((item) => `${item.file}: ${item.detail}`);
  if (refused.length > shown.length) shown.push(`and ${refused.length - shown.length} more`);
  return shown.join(" ");
}

/** Classification has begun: the progress line asks again by itself until it is done. */
function refreshProgress() {
  const line = document.getElementById("progress");
  htmx.ajax("GET", line.dataset.path, { source: panel, target: line, swap: "outerHTML" });
}

/** All is sent: the new pictures are shown at once, among those that wait. */
function finish() {
  if (count("accepted")) htmx.trigger(document.body, "classified");
  // An answer to an earlier question may have overwritten the last one with an older state.
  setTimeout(refreshProgress, 1500);
}

/* ---- choosing ---- */

/** @param {File[]} files */
function add(files) {
  const added = files.filter((file) => !LITTER.test(file.name)).map(addItem);
  if (!added.length) return;
  panel.classList.remove("upload-first");
  document.getElementById("upload-run").hidden = false;
  queue.push(...batches(added));
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

for (const id of ["choose-files", "choose-folder"]) {
  const input = document.getElementById(id);
  input.addEventListener("change", () => { add([...input.files]); input.value = ""; });
}

retry.addEventListener("click", () => {
  queue.push(...batches(items.filter((item) => item.state === "failed")));
  pump();
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

let leaving = false;
addEventListener("beforeunload", (event) => {
  if (!leaving && (running || queue.length)) event.preventDefault();
});
