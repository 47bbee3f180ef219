/**
 * The picture in the larger view: zoom and place, brightness and contrast, heat map, scale bar.
 * All of it is only how the picture is shown; the classifier reads the picture as it is.
 */

import { room, said } from "./state.js";

const MOST_ZOOM = 8;
const STEP = 1.25;
/** Lengths of a scale bar, in micrometres or pixels. */
const LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

const body = document.getElementById("viewer-body");
const viewer = document.getElementById("viewer");
const input = (id) => document.getElementById(id);
const view = { zoom: 1, x: 0, y: 0 };
let address = "";

const set = (name, value) => viewer.style.setProperty(name, value);

/** Hold the picture within its frame, and show it. */
function apply() {
  const stage = body.querySelector(".view-stage");
  const most = stage ? ((view.zoom - 1) * stage.clientWidth) / 2 : 0;
  view.x = Math.min(Math.max(view.x, -most), most);
  view.y = Math.min(Math.max(view.y, -most), most);
  set("--zoom", view.zoom);
  set("--x", `${view.x}px`);
  set("--y", `${view.y}px`);
  set("--brightness", input("brightness").value / 100);
  set("--contrast", input("contrast").value / 100);
  set("--heat", input("heat-opacity").value / 100);
  viewer.toggleAttribute("data-zoomed", view.zoom > 1);
  drawScale();
}

/** @param {"in" | "out" | "zoom-cycle"} how */
export function adjust(how) {
  const factor = how === "out" ? 1 / STEP : STEP;
  view.zoom = how === "zoom-cycle"
    ? (view.zoom >= 4 ? 1 : view.zoom * 2)
    : Math.min(Math.max(view.zoom * factor, 1), MOST_ZOOM);
  apply();
}

export function reset() {
  Object.assign(view, { zoom: 1, x: 0, y: 0 });
  input("brightness").value = 100;
  input("contrast").value = 100;
  apply();
}

/** @param {string} cellAddress Another cell is shown: in place, light and heat map as before. */
export function fresh(cellAddress) {
  address = cellAddress;
  Object.assign(view, { zoom: 1, x: 0, y: 0 });
  apply();
  showHeat();
}

/** H: the next label's heat map, after the last one none. */
export function cycleHeat() {
  const choice = input("heat");
  choice.selectedIndex = (choice.selectedIndex + 1) % choice.options.length;
  showHeat();
}

function showHeat() {
  input("heat-note").hidden = !input("heat").value;
  const frame = body.querySelector(".view-frame");
  if (!frame) return;
  frame.querySelector(".heat")?.remove();
  body.querySelector(".heat-missing")?.remove();
  const label = input("heat").value;
  const picture = frame.querySelector(".view-image");
  if (!label || !picture) return;
  const heat = document.createElement("img");
  heat.className = "heat";
  heat.alt = "";
  heat.width = picture.width;
  heat.height = picture.height;
  heat.addEventListener("error", () => {
    heat.remove();
    const line = document.createElement("p");
    line.className = "heat-missing small";
    line.setAttribute("role", "status");
    line.textContent = said.saidNoHeat;
    frame.closest("figure").append(line);
  });
  heat.src = `${address}/heat/${label}.png?bundle=${room.dataset.heat}`;
  frame.append(heat);
}

/** A bar of a round length; micrometres only where somebody has said how long a pixel is. */
function drawScale() {
  const picture = body.querySelector(".view-image");
  const bar = body.querySelector(".scale-bar");
  if (!picture || !bar) return;
  const width = Number(picture.getAttribute("width"));
  const height = Number(picture.getAttribute("height"));
  const fit = Math.min(picture.clientWidth / width, picture.clientHeight / height);
  const unit = Number(room.dataset.umPerPixel) || 0;
  const shown = (fit * view.zoom) / (unit || 1);
  const length = LENGTHS.findLast((item) => item * shown <= 140) ?? LENGTHS[0];
  bar.style.setProperty("--bar", `${length * shown}px`);
  bar.textContent = `${length}\u202f${unit ? "µm" : "px"}`;
  body.querySelector(".scale-note").hidden = !unit;
  bar.hidden = !Number.isFinite(shown) || shown <= 0;
}

/* ---- hands on the picture ---- */

body.addEventListener("wheel", (event) => {
  if (!event.target.closest(".view-stage")) return;
  event.preventDefault();
  adjust(event.deltaY < 0 ? "in" : "out");
}, { passive: false });

let held = null;
body.addEventListener("pointerdown", (event) => {
  const stage = event.target.closest(".view-stage");
  if (!stage || view.zoom === 1 || event.target.closest("a, button, input")) return;
  held = { x: event.clientX - view.x, y: event.clientY - view.y };
  stage.setPointerCapture(event.pointerId);
  event.preventDefault();
});
body.addEventListener("pointermove", (event) => {
  if (!held) return;
  view.x = event.clientX - held.x;
  view.y = event.clientY - held.y;
  apply();
});
for (const name of ["pointerup", "pointercancel"]) body.addEventListener(name, () => { held = null; });
body.addEventListener("load", (event) => { if (event.target.matches?.(".view-image")) drawScale(); }, true);

for (const id of ["brightness", "contrast", "heat-opacity"]) input(id).addEventListener("input", apply);
input("heat").addEventListener("change", showHeat);
input("zoom-in").addEventListener("click", () => adjust("in"));
input("zoom-out").addEventListener("click", () => adjust("out"));
input("view-reset").addEventListener("click", reset);
addEventListener("resize", drawScale);
