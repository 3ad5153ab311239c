// The paper viewer: one plotly sheet at a fixed number of pixels a millimetre, in a scrolling
// frame, with calipers, screen calibration, a dark room and an overview of long recordings.
//
// All text reaches the page through textContent or plotly's escaped text; nothing from a file is
// ever HTML.

import { Calipers } from "./calipers.js";
import { Markers } from "./markers.js";
import { Overview } from "./overview.js";
import { ScreenCalibration, storedPxPerMm } from "./calibration.js";
import { button, element } from "./dom.js";

const PLOTLY_URL = new URL("../ecg.plotly/plotly.min.js", import.meta.url).href;
const ZOOM_STEPS_PX_PER_MM = [2, 3, 4, 6, 8, 12, 16];
const DEFAULT_PX_PER_MM = 4;
const CONFIG = {
  displayModeBar: false,
  doubleClick: false,
  scrollZoom: false,
  showSendToCloud: false,
  plotlyServerURL: "",
  showTips: false,
};
const KEYS = [
  ["+  −  0", "zoom in, out, back to 100 %"],
  ["C  V  M", "time caliper, voltage caliper, march"],
  ["Esc", "put the calipers away"],
  ["O", "hide or show the overlay"],
  ["←  →", "earlier or later (long recordings), or move along the paper"],
  ["Home  End", "first or last page"],
  ["J  K", "next or previous finding"],
  ["Y  X", "confirm or dismiss the chosen finding"],
  ["D", "dark room"],
];
const PYTHON_KEYS = { j: "next", k: "previous", y: "confirm", x: "dismiss" };

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
    this.trueSize = false;
    this.overlayHidden = false;
    this.caseId = null;
    this.drawn = null;
    this.build(parent);
  }

  build(parent) {
    this.root = element("div", "ecg-viewer");
    this.toolbar = element("div", "ecg-toolbar");
    this.toolbar.setAttribute("role", "toolbar");
    this.toolbar.setAttribute("aria-label", "Paper tools");
    this.scroller = element("div", "ecg-scroller");
    this.scroller.tabIndex = 0;
    this.scroller.setAttribute("aria-label", "ECG paper; scroll to move along it");
    this.sheet = element("div", "ecg-sheet");
    this.plot = element("div", "ecg-plot");
    this.sheet.append(this.plot);
    this.markers = new Markers(this.sheet, (id, x) => this.send("move", { id, x_mm: x }));
    this.calipers = new Calipers(this.sheet, () => this.refreshTools());
    this.scroller.append(this.sheet);
    this.legend = element("div", "ecg-legend");
    this.overview = new Overview((startS) => this.send("navigate", { start_s: startS }));
    this.root.append(this.toolbar, this.scroller, this.overview.root, this.legend);
    this.calibration = new ScreenCalibration(this.root, (px) => this.useTrueSize(px));
    this.buildToolbar();
    this.enablePanning();
    this.markCut = () => {
      const { scrollWidth, clientWidth, scrollLeft } = this.scroller;
      this.scroller.toggleAttribute("data-cut", scrollWidth - clientWidth - scrollLeft > 2);
    };
    this.scroller.addEventListener("scroll", this.markCut);
    const sizes = new ResizeObserver(this.markCut);
    sizes.observe(this.scroller);
    sizes.observe(this.sheet);
    this.root.addEventListener("pointerdown", () => (active = this), true);
    parent.append(this.root);
  }

  buildToolbar() {
    this.zoomLabel = button("100 %", "Back to 100 % (0)", () => this.zoomTo(DEFAULT_PX_PER_MM));
    this.tools = {
      time: button("Time caliper", "Measure time and rate (C)", () => this.calipers.toggle("time")),
      voltage: button("Voltage caliper", "Measure voltage (V)", () =>
        this.calipers.toggle("voltage")
      ),
      march: button("March", "Repeat the interval along the paper (M)", () =>
        this.calipers.toggleMarch()
      ),
      dark: button("Dark room", "Light on dark, for a dark room (D)", () => this.toggleDark()),
      size: button("True mm", "Make millimetres true on this screen", () => this.toggleTrueSize()),
      keys: button("Keys", "Keyboard", () => this.help.toggleAttribute("hidden")),
    };
    const group = (...items) => {
      const span = element("span", "ecg-group");
      span.append(...items);
      return span;
    };
    this.help = element("dl", "ecg-help");
    this.help.hidden = true;
    for (const [key, text] of KEYS) {
      const term = element("dt", "");
      term.textContent = key;
      const description = element("dd", "");
      description.textContent = text;
      this.help.append(term, description);
    }
    this.scale = element("span", "ecg-scale");
    this.toolbar.append(
      group(
        button("−", "Zoom out (−)", () => this.zoomBy(-1)),
        this.zoomLabel,
        button("+", "Zoom in (+)", () => this.zoomBy(1))
      ),
      group(this.tools.time, this.tools.voltage, this.tools.march),
      group(this.tools.dark, this.tools.size, this.tools.keys),
      this.scale,
      this.help
    );
  }

  // ---- data from Python -------------------------------------------------------------------

  async update(component) {
    this.component = component;
    const data = component.data;
    if (!data || !data.figure) return;
    const newCase = data.case_id !== this.caseId;
    if (data.px_per_mm && this.caseId === null) this.pxPerMm = data.px_per_mm;
    this.data = data;
    if (newCase) {
      this.caseId = data.case_id;
      this.calipers.clear();
      this.scroller.scrollTo(0, 0);
    }
    this.toolbar.hidden = !data.tools;
    this.calipers.setSheet(data.sheet);
    this.markers.update(data.markers, data.sheet);
    this.overview.update(data.overview, data.sheet);
    this.drawLegend(data.legend);
    if (data.revision !== this.drawn) await this.draw();
    this.refreshTools();
  }

  async draw() {
    const Plotly = await loadPlotly();
    // Newer data may have come while plotly was loading: draw what is newest.
    const { data, revision } = { data: this.data, revision: this.data.revision };
    const figure = this.styled(data);
    await Plotly.react(this.plot, figure.data, figure.layout, CONFIG);
    this.sheet.style.width = `${figure.layout.width}px`;
    this.sheet.style.height = `${figure.layout.height}px`;
    this.drawn = revision;
    this.root.dataset.drawn = revision;
    this.root.dataset.pxPerMm = this.pxPerMm;
    this.root.dataset.case = data.case_id;
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
    };
    const traces = data.figure.data.map((trace) => {
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
      if (role === "heat" || role === "level") out.visible = !this.overlayHidden;
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
    const label = element("span", "ecg-legend-label");
    label.textContent = legend.label;
    const low = element("span", "");
    low.textContent = legend.low;
    const high = element("span", "");
    high.textContent = legend.high;
    const bar = element("span", "ecg-legend-bar");
    for (const color of palette.overlay) {
      const step = element("span", "");
      step.style.background = color;
      bar.append(step);
    }
    this.legend.append(label, low, bar, high);
  }

  send(name, value = {}) {
    this.component?.setTriggerValue("act", { name, ...value });
  }

  // ---- zoom and size ----------------------------------------------------------------------

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
    if (this.data) await this.draw();
    this.scroller.scrollTo(
      centreX * pxPerMm - clientWidth / 2,
      centreY * pxPerMm - clientHeight / 2
    );
    this.refreshTools();
  }

  toggleTrueSize() {
    if (this.trueSize) this.zoomTo(DEFAULT_PX_PER_MM);
    else if (storedPxPerMm()) this.useTrueSize(storedPxPerMm());
    else this.calibration.open();
  }

  useTrueSize(pxPerMm) {
    this.zoomTo(pxPerMm, true);
  }

  // ---- room, overlay, panning -------------------------------------------------------------

  get dark() {
    return document.documentElement.dataset.ecgRoom === "dark";
  }

  async toggleDark() {
    document.documentElement.dataset.ecgRoom = this.dark ? "light" : "dark";
    await this.draw();
    this.drawLegend(this.data.legend);
    this.overview.draw();
    this.refreshTools();
  }

  async toggleOverlay() {
    this.overlayHidden = !this.overlayHidden;
    await this.draw();
    this.legend.toggleAttribute("data-hidden", this.overlayHidden);
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
    const pressed = (tool, on) => this.tools[tool].setAttribute("aria-pressed", String(on));
    pressed("time", this.calipers.shown("time"));
    pressed("voltage", this.calipers.shown("voltage"));
    pressed("march", this.calipers.march);
    pressed("dark", this.dark);
    pressed("size", this.trueSize);
    this.tools.march.disabled = !this.calipers.shown("time");
    this.zoomLabel.textContent = this.trueSize
      ? "true mm"
      : `${Math.round((this.pxPerMm / DEFAULT_PX_PER_MM) * 100)} %`;
    const sheet = this.data?.sheet;
    if (!sheet) return;
    const voltage = sheet.mm_per_mv ? `${sheet.mm_per_mv} mm/mV` : "voltage not known";
    this.scale.textContent = `${sheet.mm_per_s} mm/s · ${voltage}`;
  }

  // ---- keyboard ---------------------------------------------------------------------------

  key(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const actions = {
      "+": () => this.zoomBy(1),
      "=": () => this.zoomBy(1),
      "-": () => this.zoomBy(-1),
      0: () => this.zoomTo(DEFAULT_PX_PER_MM),
      c: () => this.calipers.toggle("time"),
      v: () => this.calipers.toggle("voltage"),
      m: () => this.calipers.toggleMarch(),
      Escape: () => this.calipers.clear(),
      o: () => this.toggleOverlay(),
      d: () => this.toggleDark(),
      "?": () => this.help.toggleAttribute("hidden"),
      ArrowLeft: () => this.move(-1),
      ArrowRight: () => this.move(1),
      Home: () => this.overview.goTo(0),
      End: () => this.overview.goTo(Infinity),
    };
    if (PYTHON_KEYS[key]) this.send(PYTHON_KEYS[key]);
    else if (actions[key]) actions[key]();
    else return false;
    return true;
  }

  move(direction) {
    if (this.overview.page(direction)) return;
    this.scroller.scrollBy({ left: direction * 25 * this.pxPerMm, behavior: "smooth" });
  }
}

const TYPING = "input, textarea, select, [contenteditable=true], [role=slider]";

// A closed drop-down keeps the focus after a choice; its letters are the viewer's again.
function isTyping(event) {
  const target = event.target instanceof Element ? event.target.closest(TYPING) : null;
  if (!target) return false;
  const closedMenu =
    target.getAttribute("role") === "combobox" && target.getAttribute("aria-expanded") !== "true";
  return !(closedMenu && event.key.length === 1 && event.key !== " ");
}

// On the window and capturing: before Streamlit's own shortcuts (C clears its cache).
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event)) return;
  if (document.querySelector("[role=dialog]")) return;
  const viewer = active?.root.isConnected ? active : null;
  if (!viewer || !viewer.data) return;
  if (viewer.key(event)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}
window.addEventListener("keydown", onKey, true);

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
