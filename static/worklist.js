/**
 * The worklist at the keyboard, and kept up to date.
 *
 * Every five seconds, while the page is looked at, it is loaded again and what changed is put in
 * place: counts, and the cells of rows that are there. Rows never move by themselves; where the
 * list itself has changed, a link says so. Without this module the page is as it was loaded.
 */

const EVERY_MS = 5000;
const LETTERS_KEY = "vexascope.letters";
const HINTS = ["live-changed", "live-offline", "live-failed", "live-loading"];

/** Show one hint, or none. @param {string} [shown] */
function hint(shown) {
  for (const id of HINTS) document.getElementById(id).hidden = id !== shown;
}

/* ---- keys ---- */

const letters = document.getElementById("letter-keys");
const search = document.getElementById("text_sought");

/** @returns {HTMLAnchorElement[]} */
const links = () => [...document.querySelectorAll("#worklist tbody th a")];

/** Go to the case below or above the one that has the focus. @param {1 | -1} step */
function move(step) {
  const all = links();
  const row = document.activeElement?.closest("#worklist tbody tr");
  const from = all.findIndex((link) => link.closest("tr") === row);
  const target = from < 0 ? all[0] : all[from + step];
  target?.focus();
  target?.scrollIntoView({ block: "nearest" });
}

/** @param {KeyboardEvent} event */
function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox]), select, textarea")) return;
  const inList = Boolean(event.target.closest("#worklist tbody"));
  if (inList && event.key === "ArrowDown") move(1);
  else if (inList && event.key === "ArrowUp") move(-1);
  else if (letters.checked && event.key === "j") move(1);
  else if (letters.checked && event.key === "k") move(-1);
  else if (letters.checked && event.key === "/") search.select();
  else return;
  event.preventDefault();
}

/* ---- keeping up to date ---- */

/** @param {Element} there @param {Element} fresh */
function take(there, fresh) {
  if (there.isEqualNode(fresh)) return;
  if (there.contains(document.activeElement)) return;
  there.replaceWith(document.importNode(fresh, true));
}

/** Put each part of the row in place; the one that has the focus stays as it is. */
function takeRow(there, fresh) {
  if (there.children.length !== fresh.children.length) return;
  [...there.children].forEach((cell, index) => take(cell, fresh.children[index]));
}

/** @param {ParentNode} root @returns {string} */
const order = (root) => [...root.querySelectorAll("#worklist tbody tr")].map((row) => row.id).join();

/** @param {Document} fresh */
function show(fresh) {
  const tabs = [...document.querySelectorAll("#tabs .figure")];
  const counts = [...fresh.querySelectorAll("#tabs .figure")];
  tabs.forEach((tab, index) => { if (counts[index]) take(tab, counts[index]); });
  for (const row of document.querySelectorAll("#worklist tbody tr")) {
    const other = fresh.getElementById(row.id);
    if (other) takeRow(row, other);
  }
  const asOf = fresh.getElementById("as-of");
  if (asOf) take(document.getElementById("as-of"), asOf);
  const changed = order(document) !== order(fresh);
  if (document.getElementById("live-changed").hidden === changed) {
    hint(changed ? "live-changed" : undefined);
  } else if (!changed) {
    hint();
  }
}

async function refresh() {
  let answer;
  try {
    answer = await fetch(location.href, { headers: { "HX-Request": "true" } });
  } catch {
    hint("live-offline");
    return;
  }
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) location.assign(elsewhere);
  else if (!answer.ok) hint("live-failed");
  else show(new DOMParser().parseFromString(await answer.text(), "text/html"));
}

let timer = 0;

function schedule() {
  clearTimeout(timer);
  if (document.visibilityState === "visible") timer = setTimeout(turn, EVERY_MS);
}

async function turn() {
  await refresh();
  schedule();
}

if (letters) {
  letters.checked = localStorage.getItem(LETTERS_KEY) !== "off";
  letters.addEventListener("change", () => {
    localStorage.setItem(LETTERS_KEY, letters.checked ? "on" : "off");
  });
  document.addEventListener("keydown", press);
  document.getElementById("filter").addEventListener("submit", () => hint("live-loading"));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") turn();
    else clearTimeout(timer);
  });
  window.addEventListener("online", turn);
  window.addEventListener("offline", () => hint("live-offline"));
  // The way back from another page may show the list as it was when it was left.
  window.addEventListener("pageshow", (event) => { hint(); if (event.persisted) turn(); });
  schedule();
}
