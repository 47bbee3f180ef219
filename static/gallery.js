/**
 * The gallery at the keyboard: arrows move between cells, Enter (the link itself) enlarges,
 * digits go to a group; the size of the pictures; and the larger view of one cell.
 *
 * Every cell is a link to a page of its own, so without this module nothing is lost but comfort.
 */

const SIZE_KEY = "vexascope.tile";
const DIGITS_KEY = "vexascope.digits";
const viewer = document.getElementById("viewer");
const viewerBody = document.getElementById("viewer-body");
const place = document.getElementById("viewer-place");
const previous = document.getElementById("viewer-previous");
const next = document.getElementById("viewer-next");

/** The cell in the larger view: its group and address, which outlive a reload of the gallery. */
let shown = { group: "", href: "" };

/** @param {Element | Document} root @returns {HTMLAnchorElement[]} */
const cellsIn = (root) => [...root.querySelectorAll("a.cell")];

/* ---- size ---- */

const slider = document.getElementById("tile-size");
const kept = localStorage.getItem(SIZE_KEY);
if (kept) slider.value = kept;
else if (matchMedia("(max-width: 620px)").matches) slider.value = "136";

function resize() {
  document.documentElement.style.setProperty("--tile", `${slider.value}px`);
}

resize();
slider.addEventListener("input", () => {
  resize();
  localStorage.setItem(SIZE_KEY, slider.value);
});

/* ---- moving ---- */

/** One stop of the Tab key a group: hundreds of cells would bury what comes after them. */
function setTabStops() {
  for (const list of document.querySelectorAll("ul.cells")) {
    cellsIn(list).forEach((cell, index) => { cell.tabIndex = index === 0 ? 0 : -1; });
  }
}

/** @param {HTMLAnchorElement} cell */
function focusCell(cell) {
  for (const other of cellsIn(cell.closest("ul"))) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
  cell.scrollIntoView({ block: "nearest" });
}

/**
 * The cell above or below: the nearest one in the next row, across groups.
 * @param {HTMLAnchorElement} from @param {1 | -1} direction
 */
function inNextRow(from, direction) {
  const here = from.getBoundingClientRect();
  let best = null;
  let bestDistance = Infinity;
  for (const cell of cellsIn(document)) {
    const box = cell.getBoundingClientRect();
    const down = (box.top - here.top) * direction;
    if (down < 8) continue;
    const distance = down * 1000 + Math.abs(box.left - here.left);
    if (distance < bestDistance) [best, bestDistance] = [cell, distance];
  }
  return best;
}

/** @param {KeyboardEvent} event @param {HTMLAnchorElement} cell */
function target(event, cell) {
  const all = cellsIn(document);
  const index = all.indexOf(cell);
  const group = cellsIn(cell.closest("ul"));
  switch (event.key) {
    case "ArrowRight": return all[index + 1];
    case "ArrowLeft": return all[index - 1];
    case "ArrowDown": return inNextRow(cell, 1);
    case "ArrowUp": return inNextRow(cell, -1);
    case "Home": return group[0];
    case "End": return group.at(-1);
    default: return null;
  }
}

/** @param {string} digit */
function goToGroup(digit) {
  const link = document.querySelectorAll(".groups a")[Number(digit) - 1];
  const group = link && document.querySelector(link.getAttribute("href"));
  if (!group) return;
  group.scrollIntoView();
  const first = group.querySelector("a.cell");
  if (first) first.focus({ preventScroll: true });
}

const isTyping = (element) => Boolean(element?.closest("input, select, textarea, dialog"));
/** Who speaks to the computer may switch the digits off (WCAG 2.1.4). */
const digits = document.getElementById("number-keys");
digits.checked = localStorage.getItem(DIGITS_KEY) !== "off";
digits.addEventListener("change", () => {
  localStorage.setItem(DIGITS_KEY, digits.checked ? "on" : "off");
});

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (viewer.open) {
    if (event.key === "ArrowRight") step(1);
    else if (event.key === "ArrowLeft") step(-1);
    return;
  }
  const focused = document.activeElement;
  if (digits.checked && /^[1-9]$/.test(event.key) && !isTyping(focused)) goToGroup(event.key);
  const cell = focused?.closest("a.cell");
  const goal = cell && target(event, cell);
  if (!goal) return;
  event.preventDefault();
  focusCell(goal);
});

/* ---- the larger view ---- */

/** The links of the group that is shown, as they are now. */
function shownGroup() {
  const group = document.getElementById(shown.group);
  return group ? cellsIn(group) : [];
}

/** @param {HTMLAnchorElement} cell */
function show(cell) {
  const section = cell.closest("section");
  shown = { group: section.id, href: cell.getAttribute("href") };
  const cells = cellsIn(section);
  const index = cells.indexOf(cell);
  const title = section.querySelector("h2").firstChild.textContent.replace(/\s+/g, " ").trim();
  place.textContent = `${title}: ${index + 1} of ${cells.length}`;
  previous.disabled = index === 0;
  next.disabled = index === cells.length - 1;
  htmx.ajax("GET", shown.href, { source: viewerBody, target: viewerBody, swap: "innerHTML" });
  if (!viewer.open) viewer.showModal();
}

/** @param {1 | -1} direction */
function step(direction) {
  const cells = shownGroup();
  const index = cells.findIndex((cell) => cell.getAttribute("href") === shown.href);
  const cell = cells[index + direction];
  if (cell) show(cell);
}

previous.addEventListener("click", () => step(-1));
next.addEventListener("click", () => step(1));
viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
viewer.addEventListener("close", () => {
  viewerBody.replaceChildren();
  const cell = shownGroup().find((item) => item.getAttribute("href") === shown.href);
  if (cell) focusCell(cell);
});

document.addEventListener("click", (event) => {
  const cell = event.target.closest?.("a.cell");
  // A click that asks for a new tab or window keeps its usual meaning.
  if (!cell || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  show(cell);
});

/* ---- after a reload of the gallery ---- */

/** Where the keyboard was: group and address of the focused cell. */
let focusedBefore = null;

document.body.addEventListener("htmx:beforeSwap", () => {
  const cell = document.activeElement?.closest("a.cell");
  focusedBefore = cell && { group: cell.closest("section").id, href: cell.getAttribute("href") };
});

document.body.addEventListener("htmx:afterSettle", () => {
  setTabStops();
  if (!focusedBefore || document.activeElement !== document.body) return;
  const group = document.getElementById(focusedBefore.group);
  const cell = group && cellsIn(group).find((item) => item.getAttribute("href") === focusedBefore.href);
  cell?.focus({ preventScroll: true });
});

setTabStops();
