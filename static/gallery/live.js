/**
 * What goes to the server and what comes from it: decisions in their order, others' changes, the
 * numbers. A decision stays in the queue until the server has answered it; sent twice, it is
 * stored once, for it carries a number of its own.
 */

import * as queue from "./queue.js";
import { say } from "./saying.js";
import { cardsOf, confirm, expect, room, said, sequence, settle } from "./state.js";

const POLL_MS = 2000;
const SOON_MS = 250;
const RETRY_MS = 1500;
/** Answers that say nothing of the decision itself: it is sent again. */
const PASSING = new Set([401, 408, 429, 500, 502, 503, 504]);

let isSending = false;
/** Why nothing is sent any more: somebody else is signed in, or it is another reading by now. */
let stopped = "";
/** What keeps everything from getting through, as it was said; empty while nothing does. */
let trouble = "";
let hasRefused = false;
let timer = 0;

export const isIdle = () => isStopped() || queue.isEmpty();
export const isStopped = () => stopped !== "";

/** A random UUID; `crypto.randomUUID` is there over HTTPS alone. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** @param {string} name @param {object | null} body */
async function ask(name, body) {
  const headers = { Accept: "application/json" };
  if (body) headers["Content-Type"] = "application/json";
  return fetch(`${room.dataset.path}/${name}`, {
    method: body ? "POST" : "GET",
    headers,
    body: body && JSON.stringify({ ...body, user: room.dataset.user }),
  });
}

/** Decide on cells: shown at once, confirmed or taken back by the answer. */
export function act(cells, kind, label = null) {
  if (room.dataset.closed === "yes" || stopped) {
    say(stopped || said.saidClosed);
    return;
  }
  if (!cells.length) return;
  const made = { cells, act: kind, label };
  expect(made);
  queue.add({ name: "acts", act: made, action: uuid(), seen: sequence });
  pump();
}

/** Take this reader's last action back. */
export function undo() {
  if (stopped) return;
  queue.add({ name: "undo", act: null, action: uuid() });
  pump();
}

/** Send what a page that was left before had not sent any more. */
export function resume() {
  const { items, hasLost } = queue.restore();
  for (const item of items) if (item.act) expect(item.act);
  if (hasLost) say(said.saidOtherReading);
  if (items.length) pump();
  else pollIn(0);
}

async function pump() {
  if (isSending) return;
  isSending = true;
  while (!queue.isEmpty() && !stopped) {
    const item = queue.first();
    if (await sent(item)) queue.shift();
    else if (!stopped) await new Promise((done) => { setTimeout(done, RETRY_MS); });
  }
  isSending = false;
  recovered();
  pollIn(SOON_MS);
}

/** @returns {Promise<boolean>} Whether the server has answered it, with yes or no. */
async function sent(item) {
  const { act: made, action, seen } = item;
  const { response, answer } = await answered(item.name, { ...made, after: sequence, action, seen });
  if (!response) return false;
  if (response.ok) take(answer);
  else refuse(answer.detail ?? `HTTP ${response.status}`);
  if (made) settle(made);
  return true;
}

/** @returns {Promise<{response?: Response, answer?: object}>} Empty where it must be asked again. */
async function answered(name, body) {
  let response, answer;
  try {
    response = await ask(name, body);
    // What is no JSON has not been written by the server itself, yet its status holds.
    answer = await response.json().catch(() => null);
  } catch {
    waiting(said.saidOffline);
    return {};
  }
  if (PASSING.has(response.status) || (response.ok && !answer)) {
    waiting(response.status === 401 ? said.saidSignedOut : said.saidOffline);
    return {};
  }
  if (answer?.code === "another-user") {
    stop(answer.detail);
    return {};
  }
  return { response, answer: answer ?? {} };
}

/** @param {string} text Why a decision is not stored. */
function refuse(text) {
  hasRefused = true;
  say(`${said.saidRefused} ${text}`);
}

/** @param {string} text Why nothing gets through; said once for each reason. */
function waiting(text) {
  if (trouble !== text) say(text);
  if (!trouble) hasRefused = false;
  trouble = text;
}

/** After trouble: everything is stored, unless something was refused. */
function recovered() {
  if (!trouble || stopped || !queue.isEmpty()) return;
  if (!hasRefused) say(said.saidOnline);
  trouble = "";
}

/** @param {string} text Why this page decides nothing any more; what waits is kept for its user. */
function stop(text) {
  stopped = text;
  say(text);
}

/* ---- what the server says ---- */

/** The numbers are finished texts: they are put where they belong. */
function showNumbers(numbers) {
  for (const place of document.querySelectorAll("[data-number]")) {
    const text = place.dataset.number.split(".").reduce((value, key) => value[key], numbers);
    const shown = text === "" && place.dataset.number === "interval" ? "…" : String(text);
    if (place.textContent !== shown) place.textContent = shown;
  }
  const left = document.querySelector("[data-left]");
  left.dataset.left = numbers.left_count;
  const finish = document.getElementById("finish");
  if (finish) finish.disabled = numbers.left_count > 0;
}

function take(answer) {
  if (answer.reading !== room.dataset.reading) {
    takeAnotherReading(answer.reading);
    return;
  }
  if (!confirm(answer)) return;
  showNumbers(answer.numbers);
  const lines = [...answer.others, answer.said].filter(Boolean);
  if (answer.cell_count > Number(document.getElementById("review").dataset.cells)) {
    lines.push(said.saidNew);
  }
  if (lines.length) say(lines.join(" · "));
  if (answer.others.length) mark(answer.cells);
}

/** A second reader must not go on seeing the first reading, not for a moment. */
function takeAnotherReading(reading) {
  if (reading !== "second") {
    say(said.saidReading);
    return;
  }
  stop(said.saidReading);
  document.getElementById("viewer").close();
  document.getElementById("numbers").replaceChildren();
  document.getElementById("review").replaceChildren();
  location.reload();
}

/** Others' changes are marked until this reader goes there. */
function mark(cells) {
  for (const { id } of cells) {
    for (const card of cardsOf(id)) card.dataset.changed = "yes";
  }
}

/* ---- asking for others' changes ---- */

export function pollIn(delay_ms) {
  clearTimeout(timer);
  if (!stopped) timer = setTimeout(poll, delay_ms);
}

async function poll() {
  if (document.hidden || isSending) return;
  const name = `changes?after=${sequence}&user=${room.dataset.user}`;
  const { response, answer } = await answered(name, null);
  // What was decided meanwhile has an answer of its own.
  if (isSending) return;
  if (response?.ok) take(answer);
  if (response) recovered();
  pollIn(POLL_MS);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) pollIn(0); });
addEventListener("online", () => pollIn(0));
addEventListener("beforeunload", (event) => { if (!isIdle()) event.preventDefault(); });
