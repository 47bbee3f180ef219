/** The larger view of one cell: next and previous, decisions, and what is loaded beside it. */

import { decide } from "./deciding.js";
import { undo } from "./live.js";
import { adjust, fresh, reset } from "./picture.js";
import { sayAgain } from "./saying.js";
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
/** What is being asked for; another cell makes it worthless. */
let loading = new AbortController();
let history = new AbortController();

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
  // Keys act on this cell from now on: the one before must not be seen any more.
  body.replaceChildren(small(card));
  paintActs();
  if (!viewer.open) {
    viewer.showModal();
    sayAgain();
  }
  load(card);
}

/** The card's own small picture in the place of the large one. */
function small(card) {
  const [view, figure, facts, title] = ["div", "figure", "div", "h2"].map((name) => document.createElement(name));
  [view.className, figure.className, facts.className] = ["view", "view-picture", "view-facts"];
  figure.append(card.querySelector("a.cell img").cloneNode());
  title.textContent = card.querySelector("a.cell b").textContent;
  facts.append(title);
  view.append(figure, facts);
  return view;
}

/** @param {AbortSignal} signal @returns {Promise<HTMLElement>} The cell's view as the server has it. */
async function viewOf(card, signal) {
  const response = await fetch(linkOf(card).href, { headers: { "HX-Request": "true" }, signal });
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  return new DOMParser().parseFromString(await response.text(), "text/html").body;
}

async function load(card) {
  loading.abort();
  history.abort();
  loading = new AbortController();
  const { signal } = loading;
  try {
    const view = await viewOf(card, signal);
    if (signal.aborted) return;
    body.replaceChildren(...view.childNodes);
  } catch {
    if (!signal.aborted) body.textContent = said.saidNoView;
    return;
  }
  htmx.process(body);
  fresh(linkOf(card).href);
  document.dispatchEvent(new CustomEvent("cell-shown"));
  // It may have been decided on while it was on its way.
  const state = stateOf(card.dataset.cell);
  if (state) paintVerdict(state);
}

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
  for (const button of acts.querySelectorAll("button:not([data-act='undo'])")) {
    button.disabled = !canDecide;
    if (!canDecide) continue;
    if (button.dataset.act === "toggle") button.setAttribute("aria-pressed", String(state.calls.has(button.value)));
    if (button.dataset.act === "exclude") button.setAttribute("aria-pressed", String(Boolean(state.excluded)));
  }
  const line = document.getElementById("viewer-state");
  line.textContent = canDecide ? [state.initials, state.excluded, state.was].filter(Boolean).join(" · ") : "";
}

/** What the facts beside the picture say of the decision. */
function paintVerdict(state) {
  const verdict = body.querySelector(".view-verdict");
  if (!verdict) return;
  verdict.textContent = state.summary;
  for (const row of body.querySelectorAll("tr[data-label]")) {
    if (row.dataset.label === "pmn") continue;
    const isCalled = state.calls.has(row.dataset.label);
    row.classList.toggle("called", isCalled);
    row.querySelector(".mark").textContent = isCalled ? "●" : "○";
  }
}

/** The history of its decisions comes from the server. */
async function loadHistory() {
  const here = body.querySelector(".history");
  if (!here) return;
  history.abort();
  history = new AbortController();
  const { signal } = history;
  const view = await viewOf(shown, signal).catch(() => null);
  const fetched = view?.querySelector(".history");
  if (fetched && !signal.aborted) here.replaceWith(fetched);
}

acts.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !shown) return;
  if (button.dataset.act === "undo") {
    undo();
    return;
  }
  decide(button.dataset.act, [shownCell()], button.value);
  if (button.dataset.act === "confirm") step(1);
});
document.addEventListener("cell-painted", (event) => {
  if (!viewer.open || event.detail !== shownCell()) return;
  paintActs();
  const state = stateOf(shownCell());
  if (state.pending) return;
  paintVerdict(state);
  loadHistory();
});

/** A click leaves the keyboard where Space confirms; who came by Tab stays on the button. */
function stepByButton(event, direction) {
  step(direction);
  if (event.detail) body.focus({ preventScroll: true });
}
previous.addEventListener("click", (event) => stepByButton(event, -1));
next.addEventListener("click", (event) => stepByButton(event, 1));
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
viewer.addEventListener("close", () => {
  loading.abort();
  history.abort();
  body.replaceChildren();
  reset();
  sayAgain();
  if (shown?.isConnected) focusCard(shown);
});
