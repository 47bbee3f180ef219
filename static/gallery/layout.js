/** Size of the pictures, order of the cells, and the groups sorted anew. */

import { isIdle, isStopped, pollIn } from "./live.js";
import { say } from "./saying.js";
import * as selection from "./selection.js";
import { readGroups, room } from "./state.js";

const SIZE_KEY = "vexascope.tile";
/** Above this size, in CSS pixels, the small pictures would be blurred. */
const SMALL_PX = 176;
const WAIT_MS = 50;

const slider = document.getElementById("tile-size");
const order = document.getElementById("order");
const kept = localStorage.getItem(SIZE_KEY);
if (kept) slider.value = kept;
else if (matchMedia("(max-width: 620px)").matches) slider.value = "136";

export function resize() {
  document.documentElement.style.setProperty("--tile", `${slider.value}px`);
  if (Number(slider.value) <= SMALL_PX) return;
  for (const picture of document.querySelectorAll("a.cell img[src$='size=160']")) {
    picture.src = picture.getAttribute("src").replace("size=160", "size=256");
  }
}

slider.addEventListener("input", () => {
  resize();
  localStorage.setItem(SIZE_KEY, slider.value);
});

/** Where the keyboard is after the groups are new: the same cell, in the same group if it can. */
function restore(cell, group) {
  const all = selection.cardsIn(document).filter((card) => card.dataset.cell === cell);
  const card = all.find((item) => item.closest("section").id === group) ?? all[0];
  if (card) selection.focusCard(card);
}

/** Sort the cells into their groups as they stand now; what is under way arrives first. */
export async function regroup() {
  if (isStopped()) return;
  while (!isIdle()) await new Promise((done) => { setTimeout(done, WAIT_MS); });
  // Focus goes back where it is lost: who sorts by the list above stays there (WCAG 3.2.2).
  const isInside = Boolean(document.activeElement?.closest("#review"));
  const card = selection.focusedCard() ?? selection.currentCard();
  const [cell, group] = [card?.dataset.cell, card?.closest("section").id];
  selection.clear();
  const address = `${room.dataset.path}?order=${order.value}`;
  await htmx.ajax("GET", address, { source: room, target: "#review", swap: "outerHTML" });
  readGroups();
  selection.setTabStops();
  resize();
  if (cell && isInside) restore(cell, group);
  say("");
  pollIn(0);
}

order.addEventListener("change", regroup);
order.form.addEventListener("submit", (event) => {
  event.preventDefault();
  regroup();
});
