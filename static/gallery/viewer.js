/** The larger view of one cell: next and previous, decisions, and what is loaded beside it. */

import { decide } from "./deciding.js";
import { adjust, fresh, reset } from "./picture.js";
import { cardsIn, focusCard, linkOf } from "./selection.js";
import { said, stateOf } from "./state.js";

const viewer = document.getElementById("viewer");
const body = document.getElementById("viewer-body");
const acts = document.getElementById("viewer-acts");
const place = document.getElementById("viewer-place");
const previous = document.getElementById("viewer-previous");
const next = document.getElementById("viewer-next");

/** The card that is shown; its group says what is next. */
let shown = null;

export const isOpen = () => viewer.open;
export const shownCell = () => shown?.dataset.cell ?? "";

const group = () => (shown?.isConnected ? cardsIn(shown.closest("section")) : []);

/** @param {HTMLElement} card */
export function show(card) {
  shown = card;
  const cards = group();
  const index = cards.indexOf(card);
  const title = card.closest("section").querySelector("h2").firstChild.textContent.trim();
  place.textContent = `${title}: ${index + 1} ${said.saidPlace} ${cards.length}`;
  previous.disabled = index === 0;
  next.disabled = index === cards.length - 1;
  paintActs();
  if (!viewer.open) viewer.showModal();
  load(linkOf(card).href);
}

async function load(address) {
  await htmx.ajax("GET", address, { source: body, target: body, swap: "innerHTML" }).catch(() => {
    body.textContent = said.saidNoView;
  });
}

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target === body && shown) fresh(linkOf(shown).href);
});
document.body.addEventListener("htmx:responseError", (event) => {
  if (event.detail.target === body) body.textContent = said.saidNoView;
});
document.body.addEventListener("htmx:sendError", (event) => {
  if (event.detail.target === body) body.textContent = said.saidNoView;
});

/** @param {1 | -1} direction @returns {boolean} */
export function step(direction) {
  const cards = group();
  const card = cards[cards.indexOf(shown) + direction];
  if (card) show(card);
  return Boolean(card);
}

/** Z in the open view: closer, and from the closest back to the whole. */
export const zoomFurther = () => adjust("zoom-cycle");

function paintActs() {
  const state = stateOf(shownCell());
  const canDecide = Boolean(state && shown.querySelector(".toggles"));
  for (const button of acts.querySelectorAll("button")) {
    button.disabled = !canDecide;
    if (!canDecide) continue;
    if (button.dataset.act === "toggle") button.setAttribute("aria-pressed", String(state.calls.has(button.value)));
    if (button.dataset.act === "exclude") button.setAttribute("aria-pressed", String(Boolean(state.excluded)));
  }
  const line = document.getElementById("viewer-state");
  line.textContent = canDecide ? [state.initials, state.excluded, state.was].filter(Boolean).join(" · ") : "";
}

/** What the facts beside the picture say of the decision; its history comes from the server. */
function paintFacts(state) {
  const verdict = body.querySelector(".view-verdict");
  if (!verdict) return;
  verdict.textContent = state.summary;
  for (const row of body.querySelectorAll("tr[data-label]")) {
    if (row.dataset.label === "pmn") continue;
    const isCalled = state.calls.has(row.dataset.label);
    row.classList.toggle("called", isCalled);
    row.querySelector(".mark").textContent = isCalled ? "●" : "○";
  }
  const options = { source: body, target: "#viewer-body .history", select: ".history", swap: "outerHTML" };
  htmx.ajax("GET", linkOf(shown).href, options).catch(() => {});
}

acts.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !shown) return;
  decide(button.dataset.act, [shownCell()], button.value);
  if (button.dataset.act === "confirm") step(1);
});
document.addEventListener("cell-painted", (event) => {
  if (!viewer.open || event.detail !== shownCell()) return;
  paintActs();
  const state = stateOf(shownCell());
  if (!state.pending) paintFacts(state);
});
previous.addEventListener("click", () => step(-1));
next.addEventListener("click", () => step(1));
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
viewer.addEventListener("close", () => {
  body.replaceChildren();
  reset();
  if (shown?.isConnected) focusCard(shown);
});
