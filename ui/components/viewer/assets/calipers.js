// Time and voltage calipers in paper coordinates (millimetres, y downwards), so that they stay
// where they are at any zoom.

import { svg } from "./dom.js";

const NUDGE_MM = 0.25;
const STARTING_MM = { time: 20, voltage: 10 };

export class Calipers {
  constructor(sheetElement, onChange) {
    this.onChange = onChange;
    this.sheetElement = sheetElement;
    this.tool = null;
    this.march = false;
    this.pairs = { time: null, voltage: null };
    this.svg = svg("svg", { class: "ecg-calipers", preserveAspectRatio: "none" });
    sheetElement.append(this.svg);
    this.listen();
  }

  setSheet(sheet) {
    this.sheet = sheet;
    this.svg.setAttribute("viewBox", `0 0 ${sheet.width_mm} ${sheet.height_mm}`);
    this.draw();
  }

  shown(kind) {
    return this.pairs[kind] !== null;
  }

  toggle(kind) {
    if (this.pairs[kind]) {
      this.pairs[kind] = null;
      this.tool = null;
      if (kind === "time") this.march = false;
    } else {
      this.pairs[kind] = this.startingPair(kind);
      this.tool = kind;
    }
    this.changed();
  }

  toggleMarch() {
    if (!this.pairs.time) this.toggle("time");
    this.march = !this.march;
    this.changed();
  }

  clear() {
    this.pairs = { time: null, voltage: null };
    this.tool = null;
    this.march = false;
    this.changed();
  }

  changed() {
    this.sheetElement.dataset.tool = this.tool ?? "";
    if (this.sheet) this.draw();
    this.onChange();
  }

  // A pair in the middle of what is on screen.
  startingPair(kind) {
    const scroller = this.sheetElement.parentElement;
    const mmPerPx = this.sheet.width_mm / this.sheetElement.clientWidth;
    const centre =
      kind === "time"
        ? (scroller.scrollLeft + Math.min(scroller.clientWidth, this.sheetElement.clientWidth) / 2) *
          mmPerPx
        : (scroller.scrollTop + Math.min(scroller.clientHeight, this.sheetElement.clientHeight) / 2) *
          mmPerPx;
    const half = STARTING_MM[kind] / 2;
    return [centre - half, centre + half];
  }

  reading(kind) {
    const [a, b] = this.pairs[kind];
    const mm = Math.abs(b - a);
    if (kind === "voltage") {
      if (!this.sheet.mm_per_mv) return `${mm.toFixed(1)} mm (voltage not known)`;
      return `${(mm / this.sheet.mm_per_mv).toFixed(2)} mV`;
    }
    const ms = (mm / this.sheet.mm_per_s) * 1000;
    const rate = ms > 0 ? ` · ${Math.round(60000 / ms)}/min` : "";
    return `${Math.round(ms)} ms${rate}`;
  }

  draw() {
    this.svg.replaceChildren();
    for (const kind of ["time", "voltage"]) {
      if (this.pairs[kind]) this.drawPair(kind);
    }
  }

  drawPair(kind) {
    const { width_mm: width, height_mm: height } = this.sheet;
    const [a, b] = this.pairs[kind];
    const across = (at, attributes) =>
      kind === "time"
        ? svg("line", { x1: at, x2: at, y1: 0, y2: height, ...attributes })
        : svg("line", { x1: 0, x2: width, y1: at, y2: at, ...attributes });
    if (kind === "time" && this.march) this.drawMarch(a, b, across);
    const bar =
      kind === "time"
        ? svg("line", { x1: a, x2: b, y1: this.barAt(kind), y2: this.barAt(kind) })
        : svg("line", { y1: a, y2: b, x1: this.barAt(kind), x2: this.barAt(kind) });
    bar.setAttribute("class", "bar");
    this.svg.append(bar);
    this.handle(bar.cloneNode(), kind, "both");
    this.pairs[kind].forEach((at, index) => {
      this.svg.append(across(at, { class: "line" }));
      const grip = across(at, { tabindex: 0, role: "slider" });
      grip.setAttribute("aria-label", `${kind} caliper, line ${index + 1}`);
      grip.setAttribute("aria-valuetext", this.reading(kind));
      grip.setAttribute("aria-valuenow", at.toFixed(2));
      this.handle(grip, kind, index);
    });
    this.svg.append(this.labelFor(kind));
  }

  barAt(kind) {
    const scroller = this.sheetElement.parentElement;
    const mmPerPx = this.sheet.width_mm / (this.sheetElement.clientWidth || 1);
    return kind === "time"
      ? scroller.scrollTop * mmPerPx + 9
      : scroller.scrollLeft * mmPerPx + 9;
  }

  labelFor(kind) {
    const [a, b] = this.pairs[kind];
    const text = svg("text", { class: "reading" });
    text.textContent = this.reading(kind);
    text.setAttribute("data-kind", kind);
    if (kind === "time") {
      text.setAttribute("x", (a + b) / 2);
      text.setAttribute("y", this.barAt(kind) - 1.5);
      text.setAttribute("text-anchor", "middle");
    } else {
      text.setAttribute("x", this.barAt(kind) + 1.5);
      text.setAttribute("y", (a + b) / 2 + 1.2);
    }
    return text;
  }

  drawMarch(a, b, across) {
    const step = Math.abs(b - a);
    if (step < 1) return;
    for (let at = Math.min(a, b) - step; at > 0; at -= step)
      this.svg.append(across(at, { class: "march" }));
    for (let at = Math.max(a, b) + step; at < this.sheet.width_mm; at += step)
      this.svg.append(across(at, { class: "march" }));
  }

  handle(node, kind, which) {
    node.setAttribute("class", `grip ${kind}`);
    node.dataset.kind = kind;
    node.dataset.which = which;
    this.svg.append(node);
  }

  // ---- pointer and keyboard ---------------------------------------------------------------

  at(event, kind) {
    const box = this.svg.getBoundingClientRect();
    return kind === "time"
      ? ((event.clientX - box.left) / box.width) * this.sheet.width_mm
      : ((event.clientY - box.top) / box.height) * this.sheet.height_mm;
  }

  listen() {
    let drag = null;
    this.sheetElement.addEventListener("pointerdown", (event) => {
      const grip = event.target.closest?.(".grip");
      if (grip) {
        const kind = grip.dataset.kind;
        drag = { kind, which: grip.dataset.which, from: this.at(event, kind) };
        drag.pair = [...this.pairs[kind]];
      } else if (this.tool && event.button === 0) {
        const kind = this.tool;
        const at = this.at(event, kind);
        this.pairs[kind] = [at, at];
        drag = { kind, which: "1", from: at, pair: [at, at] };
      } else return;
      event.stopImmediatePropagation();
      event.preventDefault();
      this.sheetElement.setPointerCapture(event.pointerId);
    });
    this.sheetElement.addEventListener("pointermove", (event) => {
      if (!drag) return;
      const moved = this.at(event, drag.kind) - drag.from;
      this.pairs[drag.kind] = drag.pair.map((value, index) =>
        drag.which === "both" || drag.which === String(index) ? value + moved : value
      );
      this.draw();
    });
    const stop = () => {
      if (!drag) return;
      drag = null;
      this.changed();
    };
    this.sheetElement.addEventListener("pointerup", stop);
    this.sheetElement.addEventListener("pointercancel", stop);
    this.svg.addEventListener("keydown", (event) => this.nudge(event));
  }

  nudge(event) {
    const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    const { kind, which } = event.target.dataset ?? {};
    if (!step || !kind) return;
    event.preventDefault();
    const mm = step * (event.shiftKey ? 1 : NUDGE_MM);
    this.pairs[kind][Number(which)] += mm;
    this.draw();
    this.svg.querySelector(`.grip[data-kind=${kind}][data-which="${which}"]`)?.focus();
  }
}
