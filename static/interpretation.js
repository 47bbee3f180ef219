/**
 * Snippets of the interpretation: a button puts its sentence where the caret is. Without scripts
 * the buttons stay hidden and the text is typed. Leaving the page with unkept words is asked about.
 */
const snippets = () => document.getElementById("snippets");
const field = () => document.getElementById("interpretation-text");

function show() {
  const row = snippets();
  if (row) row.hidden = false;
}

function insert(text) {
  const area = field();
  const before = area.value.slice(0, area.selectionStart);
  const gap = before && !/\s$/.test(before) ? " " : "";
  if (area.value.length + gap.length + text.length > area.maxLength) return;
  area.setRangeText(gap + text, area.selectionStart, area.selectionEnd, "end");
  area.focus();
}

let isKept = false;

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-snippet]");
  if (button) insert(button.dataset.snippet);
});
document.addEventListener("submit", () => {
  isKept = true;
});
window.addEventListener("beforeunload", (event) => {
  const area = field();
  if (area && !isKept && area.value !== area.defaultValue) event.preventDefault();
});
document.addEventListener("htmx:afterSwap", show);
show();
