/** Decisions as a reader means them: a toggle calls or takes back, by what the cells show now. */

import { act } from "./live.js";
import { room, stateOf } from "./state.js";

export const labels = [...document.querySelectorAll("#viewer-acts [data-act='toggle']")].map(
  (button) => button.value,
);

/** If all of them show it: none shall; else all shall. */
export function toggleLabel(cells, label) {
  const all = cells.every((id) => stateOf(id).calls.has(label) && !stateOf(id).excluded);
  act(cells, all ? "uncall" : "call", label);
}

/** If all of them are left out: count them; else leave them out. */
export function toggleExcluded(cells) {
  act(cells, cells.every((id) => stateOf(id).excluded) ? "include" : "exclude");
}

/** @param {string} kind @param {string[]} cells @param {string} [label] */
export function decide(kind, cells, label) {
  if (!cells.length) return;
  switch (kind) {
    case "toggle": toggleLabel(cells, label); break;
    case "exclude": toggleExcluded(cells); break;
    default: act(cells, kind);
  }
}

export const isClosed = () => room.dataset.closed === "yes";
