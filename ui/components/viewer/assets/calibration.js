// Screen calibration: drag an outline to the width of a bank card (ISO/IEC 7810 ID-1), once a
// screen; from then on "True mm" draws millimetres as millimetres.

import { button, element } from "./dom.js";

const CARD_MM = { width: 85.6, height: 53.98 };
const STORE = "ecg.pxPerMm";

// A screen is told apart by its pixel ratio: another zoom of the browser needs another value.
function storeKey() {
  return `${STORE}@${window.devicePixelRatio}`;
}

export function storedPxPerMm() {
  const value = Number(window.localStorage.getItem(storeKey()));
  return value >= 1 && value <= 40 ? value : null;
}

export class ScreenCalibration {
  constructor(root, onDone) {
    this.onDone = onDone;
    this.pxPerMm = storedPxPerMm() ?? 96 / 25.4;
    this.panel = element("div", "ecg-calibration");
    this.panel.hidden = true;
    const text = element("p", "");
    text.textContent =
      "Hold a bank card against the screen and drag the right edge until the outline is as wide as the card.";
    this.card = element("div", "ecg-card");
    this.edge = element("div", "ecg-card-edge");
    this.edge.tabIndex = 0;
    this.edge.setAttribute("role", "slider");
    this.edge.setAttribute("aria-label", "Width of the card");
    this.card.append(this.edge);
    this.panel.append(
      text,
      this.card,
      button("Use this size", "Millimetres are true from now on", () => this.save()),
      button("Cancel", "Leave as it was", () => (this.panel.hidden = true))
    );
    root.append(this.panel);
    this.listen();
    this.draw();
  }

  open() {
    this.panel.hidden = false;
    this.edge.focus();
  }

  draw() {
    this.card.style.width = `${CARD_MM.width * this.pxPerMm}px`;
    this.card.style.height = `${CARD_MM.height * this.pxPerMm}px`;
    this.edge.setAttribute("aria-valuenow", this.pxPerMm.toFixed(3));
  }

  set(widthPx) {
    this.pxPerMm = Math.min(40, Math.max(1, widthPx / CARD_MM.width));
    this.draw();
  }

  save() {
    window.localStorage.setItem(storeKey(), String(this.pxPerMm));
    this.panel.hidden = true;
    this.onDone(this.pxPerMm);
  }

  listen() {
    this.edge.addEventListener("pointerdown", (event) => {
      this.edge.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    this.edge.addEventListener("pointermove", (event) => {
      if (event.buttons) this.set(event.clientX - this.card.getBoundingClientRect().left);
    });
    this.edge.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) this.set(this.card.getBoundingClientRect().width + step);
    });
  }
}
