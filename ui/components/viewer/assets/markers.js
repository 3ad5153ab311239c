// Wave marks on the paper: short vertical lines that can be dragged along their row, and words
// such as beat types and RR intervals.  Paper coordinates (millimetres, y downwards).

import { svg } from "./dom.js";

const NUDGE_MM = 0.25;

export class Markers {
  constructor(sheetElement, onMove) {
    this.onMove = onMove;
    this.sheetElement = sheetElement;
    this.svg = svg("svg", { class: "ecg-markers", preserveAspectRatio: "none" });
    sheetElement.append(this.svg);
    this.listen();
  }

  update(markers, sheet) {
    // What comes again as it is leaves a mark where it is being dragged.
    const shown = JSON.stringify([markers, sheet]);
    if (shown === this.shown) return;
    this.shown = shown;
    this.sheet = sheet;
    this.svg.setAttribute("viewBox", `0 0 ${sheet.width_mm} ${sheet.height_mm}`);
    const focused = this.svg.contains(document.activeElement)
      ? document.activeElement.dataset.id
      : null;
    this.svg.replaceChildren();
    // What was being dragged is drawn anew, where Python says it stands.
    this.drag = null;
    if (!markers) return;
    for (const word of markers.words) this.svg.append(this.word(word));
    for (const line of markers.lines) this.append(line);
    if (focused) this.gripOf(focused)?.focus();
  }

  gripOf(id) {
    return [...this.svg.querySelectorAll(".mark-grip")].find((grip) => grip.dataset.id === id);
  }

  word({ x_mm, y_mm, text, kind }) {
    const node = svg("text", { x: x_mm, y: this.sheet.height_mm - y_mm, class: `mark-word ${kind}` });
    node.textContent = text;
    return node;
  }

  append(line) {
    const { id, x_mm, low_mm, high_mm, kind, label, edited } = line;
    const ends = { y1: this.sheet.height_mm - high_mm, y2: this.sheet.height_mm - low_mm };
    const visible = svg("line", { x1: x_mm, x2: x_mm, ...ends, class: `mark ${kind}` });
    if (edited) visible.classList.add("edited");
    if (!id) {
      this.svg.append(visible);
      return;
    }
    const grip = svg("line", { x1: x_mm, x2: x_mm, ...ends, class: "mark-grip" });
    grip.dataset.id = id;
    grip.setAttribute("role", "slider");
    grip.setAttribute("aria-label", label);
    grip.setAttribute("aria-valuenow", x_mm.toFixed(2));
    grip.tabIndex = -1;
    const title = svg("title");
    title.textContent = label;
    grip.append(title);
    grip.visible = visible;
    this.svg.append(visible, grip);
  }

  place(grip, x) {
    grip.setAttribute("aria-valuenow", x.toFixed(2));
    for (const node of [grip, grip.visible]) {
      node.setAttribute("x1", x);
      node.setAttribute("x2", x);
    }
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * this.sheet.width_mm;
  }

  listen() {
    this.drag = null;
    this.sheetElement.addEventListener("pointerdown", (event) => {
      const grip = event.target.closest?.(".mark-grip");
      if (!grip || event.button !== 0) return;
      const home = Number(grip.getAttribute("x1"));
      this.drag = { grip, home, offset: home - this.at(event), moved: false };
      grip.focus();
      event.stopImmediatePropagation();
      event.preventDefault();
      this.sheetElement.setPointerCapture(event.pointerId);
    });
    this.sheetElement.addEventListener("pointermove", (event) => {
      if (!this.drag) return;
      this.drag.moved = true;
      this.place(this.drag.grip, this.at(event) + this.drag.offset);
    });
    this.sheetElement.addEventListener("pointerup", () => {
      const { grip, moved } = this.drag ?? {};
      this.drag = null;
      if (moved) this.onMove(grip.dataset.id, Number(grip.getAttribute("x1")));
    });
    this.sheetElement.addEventListener("pointercancel", () => this.release());
    this.svg.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.release();
      const step = { ArrowLeft: -NUDGE_MM, ArrowRight: NUDGE_MM }[event.key];
      const grip = event.target.closest(".mark-grip");
      if (!step || !grip) return;
      event.preventDefault();
      const x = Number(grip.getAttribute("x1")) + step * (event.shiftKey ? 4 : 1);
      this.place(grip, x);
      this.onMove(grip.dataset.id, x);
    });
  }

  // A drag that is given up leaves the mark where it was.
  release() {
    if (this.drag) this.place(this.drag.grip, this.drag.home);
    this.drag = null;
  }
}
