/**
 * What was decided and is not answered yet, oldest first. It outlives a reload of the page, for
 * the same user, case and reading alone.
 */

import { room } from "./state.js";

/** @typedef {{name: string, act: import("./state.js").Act | null, action: string, seen?: number}} Item */

const KEY = `vexascope.queue.${room.dataset.user}.${room.dataset.path}`;
/** @type {Item[]} */
const items = [];

function keep() {
  try {
    if (items.length) sessionStorage.setItem(KEY, JSON.stringify({ reading: room.dataset.reading, items }));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without room for it the queue lives as long as the page.
  }
}

export const isEmpty = () => items.length === 0;
export const first = () => items[0];

/** @param {Item} item */
export function add(item) {
  items.push(item);
  keep();
}

export function shift() {
  items.shift();
  keep();
}

/** @returns {{items: Item[], hasLost: boolean}} What waits; what belongs to another reading is lost. */
export function restore() {
  const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  if (!kept) return { items, hasLost: false };
  const isOfReading = kept.reading === room.dataset.reading;
  if (isOfReading) items.push(...kept.items);
  keep();
  return { items, hasLost: !isOfReading };
}
