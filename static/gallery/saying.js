/** What the page says to its reader, aloud too: over the open view, else above the cells. */

const viewer = document.getElementById("viewer");
const above = document.getElementById("said");
const inViewer = document.getElementById("viewer-said");

/** @param {string} text */
export function say(text) {
  const [seen, covered] = viewer.open ? [inViewer, above] : [above, inViewer];
  if (seen.textContent !== text) seen.textContent = text;
  covered.textContent = "";
}

/** The view was opened or closed: what was said stays in sight. */
export function sayAgain() {
  say(above.textContent || inViewer.textContent);
}
