/**
 * What every cell is held for: as the server has confirmed it, and as it will be once what was
 * decided here has arrived. Cards only show it.
 */

/** @typedef {{calls: Set<string>, excluded: string, initials: string, reader: string,
 *   was: string, summary: string, pending: boolean}} State */
/** @typedef {{cells: string[], act: string, label: string | null}} Act */

export const room = document.getElementById("room");
/** Sentences of the page's language. */
export const said = room.dataset;

/** @type {Map<string, State>} */
const confirmed = new Map();
/** @type {Act[]} Decisions that the server has not confirmed, oldest first. */
const pending = [];
/** @type {Map<string, HTMLElement[]>} A cell stands in the group of each of its abnormalities. */
const cards = new Map();
/** Of the last decision that this page shows. */
export let sequence = 0;

/** @param {string} id */
export const cardsOf = (id) => cards.get(id) ?? [];

const textOf = (card, selector) => card.querySelector(selector)?.textContent ?? "";

/** Read the groups as the server has sent them. */
export function readGroups() {
  confirmed.clear();
  cards.clear();
  for (const card of document.querySelectorAll("li.card")) {
    const id = card.dataset.cell;
    cards.set(id, [...cardsOf(id), card]);
    confirmed.set(id, {
      calls: new Set(card.dataset.calls.split(" ").filter(Boolean)),
      excluded: textOf(card, ".card-excluded"),
      initials: textOf(card, ".card-by"),
      reader: card.querySelector(".card-by")?.title ?? "",
      was: textOf(card, ".card-was"),
      summary: textOf(card, ".card-summary"),
      pending: false,
    });
  }
  sequence = Number(document.getElementById("review").dataset.sequence);
  paint(pending.flatMap((act) => act.cells));
}

/** @param {State} state @param {Act} act @returns {State} What the server will say. */
function decided(state, act) {
  const made = { ...state, calls: new Set(state.calls), initials: "…", pending: true };
  switch (act.act) {
    case "call": made.calls.add(act.label); made.excluded = ""; break;
    case "uncall": made.calls.delete(act.label); break;
    case "normal": made.calls.clear(); made.excluded = ""; break;
    case "include": made.excluded = ""; break;
    case "exclude": made.excluded ||= said.saidLeftOut; break;
    default: break;
  }
  return made;
}

/** @param {string} id @returns {State | undefined} */
export function stateOf(id) {
  const state = confirmed.get(id);
  if (!state) return undefined;
  return pending.reduce((held, act) => (act.cells.includes(id) ? decided(held, act) : held), state);
}

/** @param {Element} card @param {string} selector @param {string} text */
function put(card, selector, text) {
  const place = card.querySelector(selector);
  if (place && place.textContent !== text) place.textContent = text;
}

/** @param {Iterable<string>} ids Cells whose cards are to be drawn again. */
export function paint(ids) {
  for (const id of new Set(ids)) {
    const state = stateOf(id);
    if (!state) continue;
    for (const card of cardsOf(id)) {
      card.dataset.calls = [...state.calls].join(" ");
      card.toggleAttribute("data-pending", state.pending);
      for (const button of card.querySelectorAll(".toggles button")) {
        button.setAttribute("aria-pressed", String(state.calls.has(button.value)));
      }
      put(card, ".card-excluded", state.excluded);
      put(card, ".card-was", state.was);
      put(card, ".card-by", state.initials);
      put(card, ".card-summary", state.summary);
      const by = card.querySelector(".card-by");
      if (by) by.title = state.reader;
    }
    document.dispatchEvent(new CustomEvent("cell-painted", { detail: id }));
  }
}

/** @param {Act} act Show it at once. */
export function expect(act) {
  pending.push(act);
  paint(act.cells);
}

/** @param {Act} act It is stored, or refused: what the server says holds. */
export function settle(act) {
  const index = pending.indexOf(act);
  if (index >= 0) pending.splice(index, 1);
  paint(act.cells);
}

/**
 * Take over what the server says, unless something newer is known already.
 * @returns {boolean} Whether it was taken over.
 */
export function confirm(answer) {
  if (answer.sequence < sequence) return false;
  sequence = answer.sequence;
  for (const cell of answer.cells) {
    if (!confirmed.has(cell.id)) continue;
    confirmed.set(cell.id, { ...cell, calls: new Set(cell.calls), pending: false });
  }
  paint(answer.cells.map((cell) => cell.id));
  return true;
}
