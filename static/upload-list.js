/** The files of an upload as the page lists them, each with its state, and all of them in numbers. */

/**
 * @typedef {"waiting" | "uploading" | "paused" | "reading" | "accepted" | "duplicate" | "refused" | "failed"} State
 * @typedef {{file: File, state: State, row: HTMLElement, sent: number, images: number}} Item
 */

const panel = document.getElementById("upload");
const bar = document.getElementById("upload-bar");
const summary = document.getElementById("upload-summary");
const retry = document.getElementById("upload-retry");
const details = document.getElementById("upload-details");
const rows = document.getElementById("upload-files");

const { lang } = document.documentElement;
const plural = new Intl.PluralRules(lang);
const whole = new Intl.NumberFormat(lang === "en" ? "en-GB" : lang);
const share = new Intl.NumberFormat(lang === "en" ? "en-GB" : lang, { style: "percent", maximumFractionDigits: 0 });
/** @type {Record<string, string[]>} sentences of the page's language: for one, and for many */
const words = JSON.parse(panel.dataset.words);

/** @type {Item[]} */
export const items = [];

/** @param {string} key @param {Record<string, number | string>} [values] `n` chooses the form */
export function say(key, values = {}) {
  const forms = words[key];
  const text = forms.length > 1 && plural.select(Number(values.n)) !== "one" ? forms[1] : forms[0];
  return text.replace(/\{(\w+)\}/g, (_, name) => (
    typeof values[name] === "number" ? whole.format(values[name]) : values[name]
  ));
}

/** Rounded down: what lacks a byte is not all. @param {number} part 0-1 */
export const percent = (part) => share.format(Math.floor(100 * part) / 100);

/** @param {State} state */
export const count = (state) => items.filter((item) => item.state === state).length;

/** @param {File} file @returns {Item} */
export function add(file) {
  const row = document.createElement("li");
  for (const name of ["name", "state", "detail"]) {
    const span = document.createElement("span");
    span.className = name;
    row.append(span);
  }
  row.children[0].textContent = file.name;
  row.children[0].title = file.webkitRelativePath || file.name;
  rows.append(row);
  const item = { file, state: "waiting", row, sent: 0, images: 0 };
  items.push(item);
  mark(item, "waiting");
  return item;
}

/** @param {Item} item @param {State} state @param {string} [detail] */
export function mark(item, state, detail = "") {
  item.state = state;
  item.row.dataset.state = state;
  item.row.children[1].textContent = state === "uploading"
    ? say("uploading", { percent: percent(item.file.size ? item.sent / item.file.size : 1) }) : say(state);
  item.row.children[2].textContent = detail;
  // What needs a person comes first.
  if (["refused", "failed"].includes(state)) rows.prepend(item.row);
  later();
}

/** @param {Item} item @param {number} bytes */
export function progress(item, bytes) {
  item.sent = Math.min(bytes, item.file.size);
  if (item.state === "waiting" || item.state === "paused") item.state = "uploading";
  if (item.state === "uploading") mark(item, "uploading", item.row.children[2].textContent);
}

let planned = false;
/** Once a frame: two hundred files make many events. */
function later() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => { planned = false; showTotals(); });
}

export function showTotals() {
  bar.max = items.reduce((total, item) => total + item.file.size, 0) || 1;
  bar.value = items.reduce((total, item) => total + item.sent, 0);
  const open = count("waiting") + count("uploading") + count("paused");
  const images = items.reduce((total, item) => total + item.images, 0);
  const parts = [open ? say("toGo", { n: open, all: items.length }) : say("files", { n: items.length })];
  for (const [key, number] of [
    ["nPaused", count("paused")], ["nRead", count("reading")], ["nImages", images],
    ["nDuplicates", count("duplicate")], ["nRefused", count("refused")], ["nFailed", count("failed")],
  ]) if (number) parts.push(say(key, { n: number }));
  const text = parts.join(", ");
  // The line is read aloud when it changes.
  if (summary.textContent !== text) summary.textContent = text;
  retry.hidden = open > 0 || !count("failed");
  if (count("refused") + count("failed")) details.open = true;
}
