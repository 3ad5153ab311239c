// A strip of the whole recording with a window on what is shown; click, drag or page to move.

import { element } from "./dom.js";

const HEIGHT_PX = 44;
// Colour, top and height by kind of event; Okabe and Ito's colours.
const TICKS = {
  rhythm: ["#0072b2aa", 0, 5],
  run: ["#b3261e", 0, HEIGHT_PX],
  ventricular: ["#d55e00", 36, 8],
  supraventricular: ["#0072b2", 36, 8],
  pause: ["#8a4f8f", 0, 10],
};

export class Overview {
  constructor(onNavigate) {
    this.onNavigate = onNavigate;
    this.root = element("div", "ecg-overview");
    this.root.hidden = true;
    this.canvas = element("canvas", "");
    this.label = element("span", "ecg-overview-label");
    this.root.append(this.canvas, this.label);
    this.waiting = null;
    this.listen();
    new ResizeObserver(() => this.draw()).observe(this.root);
  }

  update(overview, sheet) {
    this.data = overview;
    this.root.hidden = !overview;
    if (!overview) return;
    this.startS = sheet.start_s;
    this.seconds = sheet.seconds;
    const next = this.queued;
    this.waiting = null;
    this.queued = null;
    if (next !== null && next !== undefined && next !== this.startS) this.goTo(next);
    this.draw();
  }

  // Envelope: pairs of minimum and maximum, one byte each, 0 at the bottom.
  envelope() {
    if (this.decodedFrom !== this.data.envelope) {
      this.decodedFrom = this.data.envelope;
      this.bytes = Uint8Array.from(atob(this.data.envelope), (c) => c.charCodeAt(0));
    }
    return this.bytes;
  }

  draw() {
    if (!this.data || this.root.hidden) return;
    const width = this.root.clientWidth;
    if (!width) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = width * ratio;
    this.canvas.height = HEIGHT_PX * ratio;
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const dark = document.documentElement.dataset.ecgRoom === "dark";
    pen.fillStyle = dark ? "#14171b" : "#faf7f5";
    pen.fillRect(0, 0, width, HEIGHT_PX);
    const bytes = this.envelope();
    const n = bytes.length / 2;
    pen.fillStyle = dark ? "#8f8b83" : "#8a8f98";
    for (let x = 0; x < width; x++) {
      const bin = Math.min(n - 1, Math.floor((x / width) * n));
      const low = HEIGHT_PX - (bytes[2 * bin] / 255) * HEIGHT_PX;
      const high = HEIGHT_PX - (bytes[2 * bin + 1] / 255) * HEIGHT_PX;
      pen.fillRect(x, high, 1, Math.max(1, low - high));
    }
    this.drawTicks(pen, width);
    const start = this.waiting ?? this.startS;
    const left = (start / this.data.duration_s) * width;
    const span = Math.max(3, (this.seconds / this.data.duration_s) * width);
    pen.fillStyle = dark ? "#4aa3e044" : "#2171b533";
    pen.fillRect(left, 0, span, HEIGHT_PX);
    pen.strokeStyle = dark ? "#4aa3e0" : "#2171b5";
    pen.strokeRect(left + 0.5, 0.5, span, HEIGHT_PX - 1);
    this.label.textContent = `${clock(start)} – ${clock(
      Math.min(start + this.seconds, this.data.duration_s)
    )} of ${clock(this.data.duration_s)}`;
  }

  // Events: urgent ones and runs over the trace's full height, single beats below it.
  drawTicks(pen, width) {
    const perS = width / this.data.duration_s;
    for (const [startS, stopS, kind] of this.data.ticks ?? []) {
      const [color, top, height] = TICKS[kind] ?? TICKS.rhythm;
      pen.fillStyle = color;
      pen.fillRect(startS * perS, top, Math.max(1.5, (stopS - startS) * perS), height);
    }
  }

  // One request at a time; the last wish is kept until the answer to the one before has come.
  goTo(startS) {
    if (!this.data) return;
    const last = Math.max(0, this.data.duration_s - this.seconds);
    const wanted = Math.min(Math.max(0, startS), last);
    if (wanted === (this.waiting ?? this.startS)) return;
    if (this.waiting !== null) this.queued = wanted;
    else {
      this.waiting = wanted;
      this.onNavigate(wanted);
    }
    this.draw();
  }

  page(direction) {
    if (!this.data) return false;
    this.goTo((this.queued ?? this.waiting ?? this.startS) + direction * this.seconds);
    return true;
  }

  listen() {
    const at = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return ((event.clientX - box.left) / box.width) * this.data.duration_s - this.seconds / 2;
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.goTo(at(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) this.goTo(at(event));
    });
  }
}

function clock(seconds) {
  const s = Math.floor(seconds);
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(s / 3600);
  const minutes = Math.floor(s / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(s % 60)}` : `${minutes}:${two(s % 60)}`;
}
