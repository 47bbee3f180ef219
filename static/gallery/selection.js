/**
 * Which cell has the keyboard, and which cells are selected.
 *
 * Each group is one stop of the Tab key: hundreds of cells would bury what comes after them. The
 * toggles of the cell that has the keyboard are stops as well.
 */

import { cardsOf, said, stateOf } from "./state.js";

const selected = new Set();
let anchor = null;
let current = null;
let previous = null;

const bulk = document.getElementById("bulk");
const bulkCount = document.getElementById("bulk-count");

/** @param {Element | Document} root @returns {HTMLElement[]} */
export const cardsIn = (root) => [...root.querySelectorAll("li.card")];
export const linkOf = (card) => card.querySelector("a.cell");

/** The card that has the keyboard. @returns {HTMLElement | null} */
export const focusedCard = () => document.activeElement?.closest?.("li.card") ?? null;
/** The card that had it last. @returns {HTMLElement | null} */
export const currentCard = () => (current?.isConnected ? current : null);

/** The card before it: where a range begins that ends with a click. */
export const previousCard = () => (previous?.isConnected ? previous : null);

function stops(card, index) {
  linkOf(card).tabIndex = index;
  for (const button of card.querySelectorAll(".toggles button")) button.tabIndex = index;
}

export function setTabStops() {
  for (const list of document.querySelectorAll("ul.cells")) {
    const first = list.querySelector("li.card");
    if (first) linkOf(first).tabIndex = 0;
  }
}

document.addEventListener("focusin", (event) => {
  const card = event.target.closest?.("li.card");
  if (!card || card === current) return;
  const list = card.closest("ul");
  for (const other of list.querySelectorAll("a.cell[tabindex='0']")) stops(other.closest("li"), -1);
  if (current?.isConnected && current.closest("ul") === list) stops(current, -1);
  stops(card, 0);
  if (current) delete current.dataset.current;
  [previous, current] = [current, card];
  card.dataset.current = "yes";
  delete card.dataset.changed;
});

/** @param {HTMLElement} card */
export function focusCard(card) {
  linkOf(card).focus({ preventScroll: true });
  card.scrollIntoView({ block: "nearest" });
}

/** The cell above or below: the nearest one in the next row, across groups. */
function inNextRow(from, direction) {
  const here = from.getBoundingClientRect();
  let best = null;
  let bestDistance = Infinity;
  for (const card of cardsIn(document)) {
    const box = card.getBoundingClientRect();
    const down = (box.top - here.top) * direction;
    if (down < 8) continue;
    const distance = down * 1000 + Math.abs(box.left - here.left);
    if (distance < bestDistance) [best, bestDistance] = [card, distance];
  }
  return best;
}

/** @param {string} key @param {HTMLElement} card @returns {HTMLElement | null | undefined} */
export function neighbour(key, card) {
  const all = cardsIn(document);
  const index = all.indexOf(card);
  const group = cardsIn(card.closest("ul"));
  switch (key) {
    case "ArrowRight": return all[index + 1];
    case "ArrowLeft": return all[index - 1];
    case "ArrowDown": return inNextRow(card, 1);
    case "ArrowUp": return inNextRow(card, -1);
    case "Home": return group[0];
    case "End": return group.at(-1);
    default: return null;
  }
}

/* ---- the selection: cells, in every group where they stand ---- */

function mark(id) {
  for (const card of cardsOf(id)) card.toggleAttribute("data-selected", selected.has(id));
}

function show() {
  bulk.hidden = selected.size === 0;
  bulkCount.textContent = `${said.saidSelected} ${selected.size}`;
}

export function clear() {
  const before = [...selected];
  selected.clear();
  anchor = null;
  before.forEach(mark);
  show();
}

/** From the anchor to a card, as they stand on the page. */
export function extend(from, to) {
  anchor = anchor?.isConnected ? anchor : from;
  const all = cardsIn(document);
  const ends = [all.indexOf(anchor), all.indexOf(to)].sort((one, other) => one - other);
  const before = [...selected];
  selected.clear();
  for (const card of all.slice(ends[0], ends[1] + 1)) {
    if (stateOf(card.dataset.cell) && card.querySelector(".toggles")) selected.add(card.dataset.cell);
  }
  new Set([...before, ...selected]).forEach(mark);
  show();
}

export function toggle(card) {
  const id = card.dataset.cell;
  if (!selected.delete(id) && card.querySelector(".toggles")) selected.add(id);
  anchor = card;
  mark(id);
  show();
}

/** The cells that a key acts on: the selection, else the cell that has the keyboard. */
export function targets() {
  if (selected.size) return [...selected];
  const card = focusedCard() ?? currentCard();
  return card?.querySelector(".toggles") ? [card.dataset.cell] : [];
}

export const hasSelection = () => selected.size > 0;
