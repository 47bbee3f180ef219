/**
 * The end of a session, seen from a page: work at the page is told to the server, the person is
 * warned before the page has been idle for too long, and after its end the page stays as it is
 * behind a question, so that nothing typed is lost. Windows of one browser tell each other.
 */

const TOLD_EVERY_MS = 30 * 1000;
const CHECKED_EVERY_MS = 1000;
const KEY = "vexascope.last-act";

const page = document.body;
// The server hears of an act, and writes it down, a little later than it happens.
const givenMs = Number(page.dataset.idleS) * 1000;
const idleMs = givenMs - Math.min(2 * TOLD_EVERY_MS, givenMs / 10);
const warnedBeforeMs = Math.min(2 * 60 * 1000, idleMs / 4);
const dialog = document.getElementById("session-end");
const channel = new BroadcastChannel("vexascope.session");
const again = document.getElementById("signed-in-again");

let told = Date.now();

const lastAct = () => Math.max(Number(localStorage.getItem(KEY)) || 0, opened);
const opened = Date.now();
const isOver = () => dialog.dataset.state === "over";

/** Another person's page, or none: what stands on this one is not for their eyes. */
function goOn(user) {
  if (user !== page.dataset.user) location.reload();
  note();
  show("");
  document.dispatchEvent(new Event("session-back"));
}

/** @param {"" | "soon" | "over"} state */
function show(state) {
  if (dialog.dataset.state === state) return;
  dialog.dataset.state = state;
  for (const part of dialog.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== state;
  if (!state) dialog.close();
  else if (!dialog.open) dialog.showModal();
}

function note() {
  localStorage.setItem(KEY, String(Date.now()));
}

/** The person did something that asks the server for nothing. */
async function act() {
  if (isOver()) return;
  note();
  if (Date.now() - told < TOLD_EVERY_MS) return;
  told = Date.now();
  const answer = await fetch("/session/alive", {
    method: "POST", headers: { accept: "application/json" },
  }).catch(() => null);
  if (answer?.status === 401) show("over");
}

function check() {
  if (isOver()) return;
  const left = lastAct() + idleMs - Date.now();
  if (left <= 0) show("over");
  else show(left < warnedBeforeMs ? "soon" : "");
}

if (again) {
  channel.postMessage({ user: again.dataset.user });
} else {
  channel.addEventListener("message", (event) => goOn(event.data.user));
  for (const kind of ["keydown", "pointerdown", "wheel"]) {
    document.addEventListener(kind, (event) => {
      if (!dialog.open) act();
      else if (isOver() && !dialog.contains(event.target)) event.preventDefault();
    }, { capture: true, passive: kind === "wheel" });
  }
  // Escape closes what warns, and not what has ended.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (!isOver()) stay();
  });
  document.getElementById("session-stay").addEventListener("click", stay);
  document.addEventListener("session-over", () => show("over"));
  setInterval(check, CHECKED_EVERY_MS);
}

function stay() {
  show("");
  told = 0;
  act();
}
note();
