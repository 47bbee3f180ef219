/**
 * The review room: the server sends the cells in their groups, and these modules let a reader
 * decide on them with the keyboard or the pointer. Every cell is a link to a page of its own, so
 * without them nothing is lost but the deciding.
 */

import { decide } from "./deciding.js";
import "./keyboard.js";
import { regroup, resize } from "./layout.js";
import { resume, undo } from "./live.js";
import * as selection from "./selection.js";
import { readGroups } from "./state.js";
import { show } from "./viewer.js";

readGroups();
selection.setTabStops();
resize();
resume();

const first = document.querySelector("li.card a.cell");
if (first && !location.hash && !matchMedia("(pointer: coarse)").matches) {
  first.focus({ preventScroll: true });
}

const select = document.getElementById("select");
/** While it is pressed a click selects: a finger has neither Shift nor Ctrl. */
const selecting = () => select.getAttribute("aria-pressed") === "true";
select.addEventListener("click", () => select.setAttribute("aria-pressed", String(!selecting())));

document.addEventListener("click", (event) => {
  const card = event.target.closest?.("li.card");
  if (!card || event.button) return;
  const toggle = event.target.closest(".toggles button");
  if (toggle) {
    decide("toggle", [card.dataset.cell], toggle.value);
    return;
  }
  if (!event.target.closest("a.cell")) return;
  event.preventDefault();
  if (event.shiftKey) {
    const from = selection.previousCard() ?? card;
    selection.focusCard(card);
    selection.extend(from, card);
  } else if (event.ctrlKey || event.metaKey || selecting()) {
    selection.focusCard(card);
    selection.toggle(card);
  } else show(card);
});

document.getElementById("bulk").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.act === "clear") selection.clear();
  else decide(button.dataset.act, selection.targets(), button.value);
});
document.getElementById("undo").addEventListener("click", undo);
// The classifier is done with new cells: nobody has decided anything on a page without any.
document.body.addEventListener("classified", () => {
  if (!document.querySelector("li.card .toggles")) regroup();
});
