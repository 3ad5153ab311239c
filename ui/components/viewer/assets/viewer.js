// The paper viewer: one plotly sheet at a fixed number of pixels a millimetre, in a scrolling
// frame, with calipers, screen calibration, a dark room and an overview of long recordings.
//
// All text reaches the page through textContent or plotly's escaped text; nothing from a file is
// ever HTML.

import { Calipers } from "./calipers.js";
import { Markers } from "./markers.js";
import { Overview } from "./overview.js";
import { ScreenCalibration, storedPxPerMm } from "./calibration.js";
import { element } from "./dom.js";
import { onKeys } from "./keys.js";
import { Toolbar } from "./toolbar.js";

const PLOTLY_URL = new URL("../ecg.plotly/plotly.min.js", import.meta.url).href;
const ZOOM_STEPS_PX_PER_MM = [2, 3, 4, 6, 8, 12, 16];
const DEFAULT_PX_PER_MM = 4;
const SMALLEST_PX_PER_MM = 2;
const NARROW_PX = 900;
const CONFIG = {
  displayModeBar: false,
  doubleClick: false,
  scrollZoom: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  showTips: false,
};
const PYTHON_KEYS = {
  j: "next",
  k: "previous",
  y: "confirm",
  x: "dismiss",
  a: "show_anyway",
  n: "next_place",
  p: "previous_place",
  ".": "next_case",
  ",": "previous_case",
};
const OPACITY = "ecg.opacity";

let plotlyLoading = null;
const viewers = new WeakMap();
let active = null;

function loadPlotly() {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  plotlyLoading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = PLOTLY_URL;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("plotly.js did not load"));
    document.head.append(script);
  });
  return plotlyLoading;
}

class Viewer {
  constructor(parent) {
    this.pxPerMm = DEFAULT_PX_PER_MM;
    this.fitted = true;
    this.trueSize = false;
    this.caseId = null;
    this.drawn = null;
    this.overlay = null;
    this.wanted = null;
    // What was done and Python has not heard of yet: it hears of all, in their order.
    this.id = `${Date.now()}-${Math.random()}`;
    this.acts = [];
    this.actCount = 0;
    this.opacity = Number(window.localStorage.getItem(OPACITY)) || 0.6;
    this.build(parent);
  }

  build(parent) {
    this.root = element("div", "ecg-viewer");
    this.scroller = element("div", "ecg-scroller");
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute("role", "region");
    this.scroller.setAttribute("aria-label", "ECG paper; scroll to move along it");
    this.sheet = element("div", "ecg-sheet");
    this.plot = element("div", "ecg-plot");
    this.sheet.append(this.plot);
    this.note = element("div", "ecg-note");
    this.note.setAttribute("role", "status");
    this.markers = new Markers(this.sheet, (id, x) => this.send("move", { id, x_mm: x }));
    this.calipers = new Calipers(this.sheet, () => this.refreshTools());
    this.scroller.append(this.sheet);
    this.legend = element("div", "ecg-legend");
    this.overview = new Overview((startS) => this.send("navigate", { start_s: startS }));
    this.toolbar = new Toolbar(this);
    this.root.append(
      this.scroller,
      this.overview.root,
      this.toolbar.root,
      this.legend,
      this.note
    );
    this.calibration = new ScreenCalibration(this.root, (px) => this.useTrueSize(px));
    this.enablePanning();
    this.root.addEventListener("pointerdown", () => (active = this), true);
    document.addEventListener("fullscreenchange", () => this.fitted && this.fit());
    onKeys(this.root, (key) => this === current() && Boolean(this.data) && this.answer(key));
    parent.append(this.root);
    this.watchSize(); // of the desk, which is known from here on
  }

  // The reader sees that paper goes on to the right; a fitted sheet follows the window.
  watchSize() {
    this.markCut = () => {
      const { scrollWidth, clientWidth, scrollLeft } = this.scroller;
      this.scroller.toggleAttribute("data-cut", scrollWidth - clientWidth - scrollLeft > 2);
    };
    this.scroller.addEventListener("scroll", this.markCut);
    const sizes = new ResizeObserver(this.markCut);
    sizes.observe(this.scroller);
    sizes.observe(this.sheet);
    new ResizeObserver(() => {
      if (this.fitted && this.data && this.fittingPxPerMm() !== this.pxPerMm) this.fit();
    }).observe(this.root.closest(".st-key-desk") ?? this.root);
  }

  // ---- data from Python -------------------------------------------------------------------

  async update(component) {
    this.component = component;
    const data = component.data;
    if (!data || !data.figure) return;
    const [sender, count] = data.heard ?? [];
    if (sender === this.id) this.acts = this.acts.filter((act) => act.number > count);
    const newCase = data.case_id !== this.caseId;
    this.data = data;
    if (newCase) {
      this.caseId = data.case_id;
      this.calipers.clear();
      this.scroller.scrollTo(0, 0);
      this.wanted = null;
      this.fitted = !data.px_per_mm;
      this.trueSize = false;
      if (data.px_per_mm) this.pxPerMm = data.px_per_mm;
    }
    this.takeOverlay(data);
    if (this.fitted) this.pxPerMm = this.fittingPxPerMm();
    this.toolbar.root.hidden = !data.tools;
    this.toolbar.update(data);
    this.calipers.setSheet(data.sheet);
    this.overview.update(data.overview, data.sheet);
    await this.show();
  }

  // What the reader has just chosen stands until Python has heard of it.
  takeOverlay(data) {
    if (this.wanted === null || this.wanted === data.overlay || !data.choices?.length) {
      this.overlay = data.overlay;
      this.wanted = null;
    }
  }

  get layer() {
    return this.data.layers?.[this.overlay] ?? null;
  }

  async show() {
    this.markers.update(this.layer?.markers ?? this.data.markers, this.data.sheet);
    this.drawLegend(this.layer?.legend ?? this.data.legend);
    this.note.textContent = this.layer?.note ?? "";
    this.note.toggleAttribute("data-warning", Boolean(this.layer?.warning));
    if (this.key() !== this.drawn) await this.draw();
    this.refreshTools();
  }

  // What is on the screen: another of these, and it is drawn anew.
  key() {
    const layer = this.layer?.revision ?? "";
    return [this.data.revision, layer, this.pxPerMm, this.dark, this.opacity].join(" ");
  }

  async draw() {
    const Plotly = await loadPlotly();
    // Newer data may have come while plotly was loading: draw what is newest.
    const { data } = this;
    const key = this.key();
    const figure = this.styled(data);
    await Plotly.react(this.plot, figure.data, figure.layout, CONFIG);
    this.sheet.style.width = `${figure.layout.width}px`;
    this.sheet.style.height = `${figure.layout.height}px`;
    this.root.style.setProperty("--ecg-paper-px", `${figure.layout.width + 2}px`);
    // What stands above the desk's paper is as wide as the paper.
    if (data.choices?.length) {
      document.documentElement.style.setProperty("--ecg-paper-px", `${figure.layout.width + 2}px`);
    }
    this.drawn = key;
    this.root.dataset.drawn = data.revision;
    this.root.dataset.pxPerMm = this.pxPerMm;
    this.root.dataset.case = data.case_id;
    this.root.dataset.overlay = this.overlay ?? "";
    this.root.dataset.layer = this.layer?.revision ?? "";
  }

  // The figure with the colours of the room and every size in proportion to the zoom.
  styled(data) {
    const palette = data.palettes[this.dark ? "dark" : "light"];
    const zoom = this.pxPerMm / DEFAULT_PX_PER_MM;
    const paint = {
      trace: palette.ink,
      pulse: palette.ink,
      label: palette.ink,
      header: palette.ink,
      remark: palette.ink,
      footer: palette.faint,
      mark: palette.faint,
      bar: palette.overlay[4],
      "bar against": palette.caliper,
    };
    const layer = this.layer?.traces ?? [];
    const under = layer.filter((trace) => trace.meta.role === "heat");
    const over = layer.filter((trace) => trace.meta.role !== "heat");
    const traces = [...under, ...data.figure.data, ...over].map((trace) => {
      const role = trace.meta.role;
      const out = { ...trace };
      if (out.mode === "lines") {
        const color = role === "level" ? palette.overlay[trace.meta.level] : paint[role];
        out.line = { ...trace.line, color, width: trace.line.width * Math.sqrt(zoom) };
      } else if (out.mode === "text") {
        out.textfont = { size: trace.meta.size * Math.min(zoom, 2), color: paint[role] };
      } else if (role === "heat") {
        out.colorscale = this.colorscale(trace.colorscale, palette);
      }
      if (layer.includes(trace) && (role === "heat" || role === "level")) out.opacity = this.opacity;
      return out;
    });
    const axis = (spec) => ({
      ...spec,
      gridcolor: palette.grid_major,
      minor: { ...spec.minor, gridcolor: palette.grid_minor },
    });
    const layout = {
      ...data.figure.layout,
      width: data.sheet.width_mm * this.pxPerMm,
      height: data.sheet.height_mm * this.pxPerMm,
      paper_bgcolor: palette.paper,
      plot_bgcolor: palette.paper,
      xaxis: axis(data.figure.layout.xaxis),
      yaxis: axis(data.figure.layout.yaxis),
    };
    return { data: traces, layout };
  }

  colorscale(scale, palette) {
    const first = `${palette.overlay[0]}00`;
    return scale.map(([at], i) => [at, i < 2 ? first : palette.overlay[i - 2]]);
  }

  drawLegend(legend) {
    this.legend.replaceChildren();
    if (!legend) return;
    const palette = this.data.palettes[this.dark ? "dark" : "light"];
    const label = element("span", "ecg-legend-label", legend.label);
    if (!legend.high) {
      this.legend.append(label);
      return;
    }
    const low = element("span", "", legend.low);
    const high = element("span", "", legend.high);
    const bar = element("span", "ecg-legend-bar");
    for (const color of palette.overlay) {
      const step = element("span", "");
      step.style.background = color;
      bar.append(step);
    }
    this.legend.append(label, low, bar, high);
  }

  send(name, value = {}) {
    this.acts.push({ number: ++this.actCount, name, ...value });
    this.component?.setTriggerValue("act", { from: this.id, acts: this.acts });
  }

  // ---- overlays ---------------------------------------------------------------------------

  // A layer that is here is drawn at once; Python hears of the choice all the same.
  async chooseOverlay(id) {
    if (!this.data.choices?.some((choice) => choice.id === id)) return;
    this.overlay = this.wanted = id;
    this.send("overlay", { id });
    await this.show();
  }

  setOpacity(opacity) {
    this.opacity = opacity;
    this.show();
  }

  keepOpacity() {
    window.localStorage.setItem(OPACITY, String(this.opacity));
    this.send("setting", { id: "opacity", value: this.opacity });
  }

  // ---- zoom and size ----------------------------------------------------------------------

  // Whole pixels a millimetre, so that every line of the grid falls on a pixel.
  fittingPxPerMm() {
    const full = document.fullscreenElement === this.root;
    const width = (full ? window.innerWidth : this.room()) - 2;
    const fitting = Math.floor(width / this.data.sheet.width_mm);
    const most = full
      ? Math.floor((window.innerHeight - 90) / this.data.sheet.height_mm)
      : ZOOM_STEPS_PX_PER_MM.at(-1);
    return Math.max(SMALLEST_PX_PER_MM, Math.min(fitting, most));
  }

  // On a wide window the rail keeps its room beside the paper.
  room() {
    const desk = this.data.beside_px ? this.root.closest(".st-key-desk") : null;
    if (!desk || window.innerWidth <= NARROW_PX) return this.root.parentElement.clientWidth;
    return desk.clientWidth - this.data.beside_px;
  }

  async fit() {
    await this.zoomTo(this.fittingPxPerMm());
    this.fitted = true;
  }

  zoomBy(direction) {
    const steps = ZOOM_STEPS_PX_PER_MM;
    const next =
      direction > 0
        ? steps.find((step) => step > this.pxPerMm + 0.01)
        : steps.findLast((step) => step < this.pxPerMm - 0.01);
    if (next) this.zoomTo(next);
  }

  async zoomTo(pxPerMm, trueSize = false) {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.scroller;
    const centreX = (scrollLeft + clientWidth / 2) / this.pxPerMm;
    const centreY = (scrollTop + clientHeight / 2) / this.pxPerMm;
    this.pxPerMm = pxPerMm;
    this.trueSize = trueSize;
    this.fitted = false;
    if (this.data) await this.draw();
    this.scroller.scrollTo(
      centreX * pxPerMm - clientWidth / 2,
      centreY * pxPerMm - clientHeight / 2
    );
    this.refreshTools();
  }

  toggleTrueSize() {
    if (this.trueSize) this.fit();
    else if (storedPxPerMm()) this.useTrueSize(storedPxPerMm());
    else this.calibration.open();
  }

  useTrueSize(pxPerMm) {
    this.zoomTo(pxPerMm, true);
  }

  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }

  // ---- room and panning -------------------------------------------------------------------

  get dark() {
    return document.documentElement.dataset.ecgRoom === "dark";
  }

  async toggleDark() {
    document.documentElement.dataset.ecgRoom = this.dark ? "light" : "dark";
    await this.draw();
    this.drawLegend(this.layer?.legend ?? this.data.legend);
    this.overview.draw();
    this.refreshTools();
  }

  enablePanning() {
    let from = null;
    this.sheet.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch" || this.calipers.tool) return;
      from = [event.clientX, event.clientY, this.scroller.scrollLeft, this.scroller.scrollTop];
      this.sheet.setPointerCapture(event.pointerId);
    });
    this.sheet.addEventListener("pointermove", (event) => {
      if (!from) return;
      this.scroller.scrollTo(from[2] + from[0] - event.clientX, from[3] + from[1] - event.clientY);
    });
    const stop = () => (from = null);
    this.sheet.addEventListener("pointerup", stop);
    this.sheet.addEventListener("pointercancel", stop);
  }

  refreshTools() {
    const { calipers, dark, trueSize, overlay, opacity } = this;
    const percent = Math.round((this.pxPerMm / DEFAULT_PX_PER_MM) * 100);
    const zoom = trueSize ? "true millimetres" : `${percent} %`;
    this.toolbar.refresh({ calipers, dark, trueSize, overlay, opacity, zoom });
  }

  // ---- keyboard ---------------------------------------------------------------------------

  answer(key) {
    const actions = {
      "+": () => this.zoomBy(1),
      "=": () => this.zoomBy(1),
      "-": () => this.zoomBy(-1),
      0: () => this.fit(),
      t: () => this.calipers.toggle("time"),
      v: () => this.calipers.toggle("voltage"),
      m: () => this.calipers.toggleMarch(),
      f: () => this.toggleFullScreen(),
      Escape: () => this.toolbar.close() || this.calipers.clear(),
      d: () => this.toggleDark(),
      l: () => this.toolbar.toggle(this.toolbar.menu),
      "?": () => this.toolbar.toggle(this.toolbar.help),
      ArrowLeft: () => this.move(-1),
      ArrowRight: () => this.move(1),
    };
    const pages = { Home: 0, End: Infinity };
    const choice = this.data.choices?.find((one) => one.key === key);
    if (choice) this.chooseOverlay(choice.id);
    else if (PYTHON_KEYS[key]) this.send(PYTHON_KEYS[key]);
    else if (actions[key]) actions[key]();
    else if (key in pages && this.data.overview) this.overview.goTo(pages[key]);
    else return false;
    return true;
  }

  move(direction) {
    if (this.overview.page(direction)) return;
    this.scroller.scrollBy({ left: direction * 25 * this.pxPerMm, behavior: "smooth" });
  }
}

function current() {
  return active?.root.isConnected ? active : null;
}

export default function (component) {
  const parent = component.parentElement;
  let viewer = viewers.get(parent);
  if (!viewer || !viewer.root.isConnected) {
    viewer = new Viewer(parent);
    viewers.set(parent, viewer);
    if (!active?.root.isConnected) active = viewer;
  }
  viewer.update(component);
}
