/** The keys of the review room. Those of one letter can be switched off (WCAG 2.1.4). */

import { decide, labels } from "./deciding.js";
import { undo } from "./live.js";
import { regroup } from "./layout.js";
import { adjust, cycleHeat, reset } from "./picture.js";
import * as selection from "./selection.js";
import * as viewer from "./viewer.js";

const KEYS_KEY = "vexascope.digits";
const help = document.getElementById("keys");
const keysOn = document.getElementById("number-keys");
keysOn.checked = localStorage.getItem(KEYS_KEY) !== "off";
keysOn.addEventListener("change", () => {
  localStorage.setItem(KEYS_KEY, keysOn.checked ? "on" : "off");
});
document.getElementById("show-keys").addEventListener("click", () => help.showModal());

const isTyping = (element) =>
  Boolean(element?.closest("textarea, select, input:not([type='checkbox'], [type='range'])"));

const targets = () => (viewer.isOpen() ? [viewer.shownCell()] : selection.targets());

function next() {
  if (viewer.isOpen()) {
    viewer.step(1);
    return;
  }
  const card = selection.focusedCard() ?? selection.currentCard();
  const goal = card && !selection.hasSelection() && selection.neighbour("ArrowRight", card);
  if (goal) selection.focusCard(goal);
}

function confirmAndGoOn() {
  decide("confirm", targets());
  next();
}

function zoom() {
  if (viewer.isOpen()) {
    viewer.zoomFurther();
    return;
  }
  const card = selection.focusedCard() ?? selection.currentCard();
  if (card) viewer.show(card);
}

/** Single keys, with what they do. */
const SINGLE = {
  n: () => decide("normal", targets()),
  x: () => decide("exclude", targets()),
  c: confirmAndGoOn,
  u: undo,
  g: () => { if (!viewer.isOpen()) regroup(); },
  z: zoom,
  h: () => { if (viewer.isOpen()) cycleHeat(); },
  r: () => { if (viewer.isOpen()) reset(); },
  "+": () => { if (viewer.isOpen()) adjust("in"); },
  "-": () => { if (viewer.isOpen()) adjust("out"); },
  "?": () => help.showModal(),
  "/": () => help.showModal(),
  "[": () => goToGroup(-1),
  "]": () => goToGroup(1),
};

/** @param {number} index From 0. */
function goToGroupAt(index) {
  const group = document.querySelectorAll("section.group")[index];
  if (!group) return;
  group.scrollIntoView();
  const [first] = selection.cardsIn(group);
  if (first) selection.linkOf(first).focus({ preventScroll: true });
}

/** The next or previous group that has cells. */
function goToGroup(direction) {
  const groups = [...document.querySelectorAll("section.group")];
  const card = selection.focusedCard() ?? selection.currentCard();
  let index = groups.indexOf(card?.closest("section"));
  do index += direction; while (groups[index] && !selection.cardsIn(groups[index]).length);
  if (groups[index]) goToGroupAt(index);
}

/** @returns {boolean} Whether the key was one of these. */
function move(event) {
  if (viewer.isOpen()) {
    if (event.target.matches?.("input[type='range']")) return false;
    if (event.key === "ArrowRight") viewer.step(1);
    else if (event.key === "ArrowLeft") viewer.step(-1);
    else return false;
    return true;
  }
  const card = selection.focusedCard();
  const goal = card && selection.neighbour(event.key, card);
  if (!goal) return false;
  selection.focusCard(goal);
  if (event.shiftKey) selection.extend(card, goal);
  // Else a key would act on cells that are out of sight.
  else selection.clear();
  return true;
}

/** Which digit a key stands for: on a French keyboard the first one types & unless shifted. */
function digitOf(event) {
  if (isAltGr(event)) return 0;
  const byPlace = /^Digit([1-9])$/.exec(event.code)?.[1];
  return Number(byPlace ?? event.key) || 0;
}

/** Types a sign; on Windows it is told as Ctrl and Alt. */
const isAltGr = (event) => event.getModifierState("AltGraph");

function single(event) {
  if (!keysOn.checked) return false;
  const digit = digitOf(event);
  if (digit >= 1 && digit <= labels.length) {
    decide("toggle", targets(), labels[digit - 1]);
    return true;
  }
  const does = SINGLE[event.key.toLowerCase()];
  if (!does) return false;
  does();
  return true;
}

/** Space confirms, but where it presses a button or scrolls the page. */
function space(event) {
  if (event.key !== " " || event.target.closest?.("button, input, summary, select")) return false;
  if (!viewer.isOpen() && !selection.focusedCard()) return false;
  confirmAndGoOn();
  return true;
}

/** A Space that is held down must not scroll away what it has confirmed. */
function keepStill(event) {
  const isOnCell = viewer.isOpen() || selection.focusedCard();
  if (event.key === " " && isOnCell && !event.target.closest?.("button, input")) event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  if (help.open || isTyping(event.target)) return;
  if ((event.ctrlKey || event.metaKey) && !isAltGr(event)) return;
  // Brackets need Alt on a French Mac.
  if (event.altKey && !isAltGr(event) && !"[]".includes(event.key)) {
    if (!/^Digit[1-9]$/.test(event.code) || viewer.isOpen()) return;
    goToGroupAt(Number(event.code.slice(-1)) - 1);
    event.preventDefault();
    return;
  }
  if (event.key === "Escape" && !viewer.isOpen()) selection.clear();
  if (move(event)) event.preventDefault();
  // A key that is held down decides once.
  else if (event.repeat) keepStill(event);
  else if (space(event) || single(event)) event.preventDefault();
});
