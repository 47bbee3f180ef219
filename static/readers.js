/**
 * Settling at the keyboard: arrows go from one cell to the next, 1 and 2 follow a reader, Enter
 * (the link itself) opens the cell. Keys work only while the focus is in a cell of the list.
 *
 * Every choice is a button of a form, so without this module nothing is lost but comfort.
 */

const FORWARD = new Set(["ArrowRight", "ArrowDown"]);
const BACK = new Set(["ArrowLeft", "ArrowUp"]);

/** @returns {HTMLLIElement[]} */
const cards = () => [...document.querySelectorAll(".differing > li")];

/** @param {Element | undefined} card */
function focusCard(card) {
  const link = card?.querySelector("a");
  link?.focus();
  link?.scrollIntoView({ block: "nearest" });
}

/** The cell whose choice was sent, by its key: the list is put in place anew after it. */
let sent = "";

/** A digit by the place of its key: on a French keyboard the first one types & unless shifted. */
const keyOf = (event) => /^Digit([1-9])$/.exec(event.code)?.[1] ?? event.key;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const card = event.target.closest(".differing > li");
  if (!card) return;
  const all = cards();
  const index = all.indexOf(card);
  if (FORWARD.has(event.key)) focusCard(all[index + 1]);
  else if (BACK.has(event.key)) focusCard(all[index - 1]);
  else {
    const button = card.querySelector(`button[data-key="${CSS.escape(keyOf(event))}"]`);
    if (!button || event.repeat) return;
    button.click();
  }
  event.preventDefault();
});

document.addEventListener("submit", (event) => {
  sent = event.target.closest(".differing > li")?.id ?? "";
});

/** After a choice: on to the next cell that is not settled, else stay. */
document.addEventListener("htmx:afterSettle", () => {
  if (!sent) return;
  const all = cards();
  const here = all.findIndex((card) => card.id === sent);
  const open = (card) => card.dataset.settled === "no";
  sent = "";
  focusCard(all.slice(here + 1).find(open) ?? all.find(open) ?? all[here]);
});
