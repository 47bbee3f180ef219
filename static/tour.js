/**
 * The first-run tour: one of its steps at a time, and Escape to close it for good. Without this
 * module all steps are there at once, and the button closes them.
 */

const STEP_KEY = "vexascope.tour";
const panel = document.getElementById("tour");
const steps = [...panel.querySelectorAll(".tour-steps > li")];
const back = document.getElementById("tour-back");
const on = document.getElementById("tour-on");
const place = document.getElementById("tour-place");
const form = panel.querySelector("form");

let current = Math.min(Number(sessionStorage.getItem(STEP_KEY)) || 0, steps.length - 1);

/** @param {number} index */
function show(index) {
  current = Math.max(0, Math.min(index, steps.length - 1));
  steps.forEach((step, number) => { step.hidden = number !== current; });
  back.disabled = current === 0;
  on.disabled = current === steps.length - 1;
  place.textContent = `${current + 1} / ${steps.length}`;
  sessionStorage.setItem(STEP_KEY, String(current));
}

/** Gone at once; that it was seen is stored meanwhile. */
async function dismiss() {
  const hadFocus = panel.contains(document.activeElement);
  panel.remove();
  sessionStorage.removeItem(STEP_KEY);
  if (hadFocus) document.getElementById("main").focus();
  await fetch(form.action, { method: "POST", redirect: "manual" });
}

const isBusy = (element) =>
  Boolean(element?.closest("input, select, textarea") || document.querySelector("dialog[open]"));

back.addEventListener("click", () => show(current - 1));
on.addEventListener("click", () => show(current + 1));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  dismiss();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !panel.isConnected) return;
  if (!isBusy(document.activeElement)) dismiss();
});

back.hidden = false;
on.hidden = false;
show(current);
