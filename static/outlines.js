/**
 * The outlines over the larger view of a cell: the key O shows and hides them, and what was
 * chosen holds for the next cell. Without this module the checkbox does the same, cell by cell.
 */

const OUTLINES_KEY = "vexascope.outlines";
const KEYS_KEY = "vexascope.digits";

const boxes = () => document.querySelectorAll("input.outlines-on");
const isTyping = (element) =>
  Boolean(element?.closest("textarea, select, input:not([type='checkbox'], [type='range'])"));

function apply() {
  for (const box of boxes()) box.checked = localStorage.getItem(OUTLINES_KEY) === "on";
}

/** @param {boolean} on */
function keep(on) {
  localStorage.setItem(OUTLINES_KEY, on ? "on" : "off");
  apply();
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("input.outlines-on")) keep(event.target.checked);
});

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.key.toLowerCase() !== "o") return;
  // The gallery's switch for single keys (WCAG 2.1.4) holds here as well.
  if (localStorage.getItem(KEYS_KEY) === "off" || isTyping(document.activeElement)) return;
  const [box] = boxes();
  if (box) keep(!box.checked);
});

document.addEventListener("htmx:afterSwap", apply);
document.addEventListener("cell-shown", apply);
apply();
