/**
 * What goes to the server and what comes from it: decisions in their order, others' changes, the
 * numbers. A decision stays in the queue until the server has answered it; sent twice, it is
 * stored once, for it carries a number of its own.
 */

import { cardsOf, confirm, expect, room, said, sequence, settle } from "./state.js";

const POLL_MS = 2000;
const SOON_MS = 250;
const RETRY_MS = 1500;
/** Answers that say nothing of the decision itself: it is sent again. */
const PASSING = new Set([401, 429, 500, 502, 503, 504]);

const queue = [];
let isSending = false;
let isOffline = false;
let timer = 0;

const place = document.getElementById("said");

/** @param {string} text Said aloud by a screen reader, too. */
export function say(text) {
  place.textContent = text;
}

export const isIdle = () => queue.length === 0;

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
    body: body && JSON.stringify(body),
  });
}

/** Decide on cells: shown at once, confirmed or taken back by the answer. */
export function act(cells, kind, label = null) {
  if (room.dataset.closed === "yes") {
    say(said.saidClosed);
    return;
  }
  if (!cells.length) return;
  const made = { cells, act: kind, label };
  expect(made);
  queue.push({ name: "acts", act: made, action: uuid() });
  pump();
}

/** Take this reader's last action back. */
export function undo() {
  queue.push({ name: "undo", act: null, action: uuid() });
  pump();
}

async function pump() {
  if (isSending) return;
  isSending = true;
  while (queue.length) {
    const item = queue[0];
    if (await sent(item)) queue.shift();
    else await new Promise((done) => { setTimeout(done, RETRY_MS); });
  }
  isSending = false;
  pollIn(SOON_MS);
}

/** @returns {Promise<boolean>} Whether the server has answered it, with yes or no. */
async function sent(item) {
  let response;
  try {
    response = await ask(item.name, { ...item.act, after: sequence, action: item.action });
    if (PASSING.has(response.status)) {
      waiting(response.status === 401 ? said.saidSignedOut : said.saidOffline);
      return false;
    }
    const answer = await response.json();
    if (isOffline) say(said.saidOnline);
    isOffline = false;
    if (response.ok) take(answer);
    else say(`${said.saidRefused} ${answer.detail}`);
  } catch {
    waiting(said.saidOffline);
    return false;
  }
  if (item.act) settle(item.act);
  return true;
}

/** @param {string} text Why nothing gets through. */
function waiting(text) {
  if (!isOffline) say(text);
  isOffline = true;
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
  if (!confirm(answer)) return;
  showNumbers(answer.numbers);
  const lines = [...answer.others, answer.said].filter(Boolean);
  if (answer.reading !== room.dataset.reading) lines.push(said.saidReading);
  else if (answer.cell_count > Number(document.getElementById("review").dataset.cells)) {
    lines.push(said.saidNew);
  }
  if (lines.length) say(lines.join(" · "));
  if (answer.others.length) mark(answer.cells);
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
  timer = setTimeout(poll, delay_ms);
}

async function poll() {
  if (document.hidden || isSending) return;
  try {
    const response = await ask(`changes?after=${sequence}`, null);
    if (response.ok) {
      const answer = await response.json();
      if (isOffline) say(said.saidOnline);
      isOffline = false;
      if (!isSending) take(answer);
    } else if (PASSING.has(response.status)) {
      waiting(response.status === 401 ? said.saidSignedOut : said.saidOffline);
    }
  } catch {
    waiting(said.saidOffline);
  }
  if (!isSending) pollIn(POLL_MS);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) pollIn(0); });
addEventListener("online", () => pollIn(0));
addEventListener("beforeunload", (event) => { if (queue.length) event.preventDefault(); });
