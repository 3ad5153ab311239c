// What stands under the paper: the overlay chooser, and the tools as icons with a menu.

import { button, element, iconButton } from "./dom.js";
import { icon } from "./icons.js";

const KEYS = [
  ["1 – 6", "overlay: none, why, leads, unusual, attention, waves"],
  ["J  K", "next or previous statement"],
  ["Y  X", "confirm or dismiss the chosen statement"],
  ["A", "show a map that failed its check all the same"],
  ["S", "add a statement"],
  ["I", "copy the interpretation"],
  ["N  P", "next or previous place or event"],
  [".  ,", "next or previous case"],
  ["T  V  M", "time caliper, voltage caliper, march"],
  ["Esc", "put the calipers away"],
  ["+  −  0", "zoom in, out, fit to width"],
  ["F", "full screen"],
  ["←  →", "earlier or later (long recordings), or move along the paper"],
  ["Home  End", "first or last page (long recordings)"],
  ["D", "dark room"],
  ["L", "layout, speed, gain, filter, shading"],
  ["?", "this list"],
];

export class Toolbar {
  constructor(viewer) {
    this.viewer = viewer;
    this.root = element("div", "ecg-toolbar");
    this.choices = element("div", "ecg-group ecg-choices");
    this.choices.setAttribute("role", "group");
    this.choices.setAttribute("aria-label", "Overlay");
    this.opacity = this.makeOpacity();
    const tools = element("div", "ecg-tools");
    tools.setAttribute("role", "toolbar");
    tools.setAttribute("aria-label", "Paper tools");
    this.tools = this.makeTools();
    // One group of icons: measuring, size, display.
    const icons = element("span", "ecg-group");
    icons.append(...Object.values(this.tools));
    for (const first of ["minus", "full"]) this.tools[first].classList.add("ecg-apart");
    tools.append(icons);
    this.menu = element("div", "ecg-menu");
    this.help = this.makeHelp();
    for (const panel of [this.menu, this.help]) panel.hidden = true;
    this.root.append(this.choices, this.opacity, tools, this.menu, this.help);
    this.closeOnClickElsewhere();
    // In a field of the menu no key is the desk's: this one is the menu's own.
    this.menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.close();
      this.tools.paper.focus();
    });
  }

  makeTools() {
    const { viewer } = this;
    const make = (name, label, key, act) => iconButton(icon(name), label, key, act);
    const tools = {
      time: make("time", "Time caliper", "T", () => viewer.calipers.toggle("time")),
      voltage: make("voltage", "Voltage caliper", "V", () => viewer.calipers.toggle("voltage")),
      march: make("march", "March the interval", "M", () => viewer.calipers.toggleMarch()),
      minus: make("minus", "Zoom out", "−", () => viewer.zoomBy(-1)),
      fit: make("fit", "Fit to width", "0", () => viewer.fit()),
      plus: make("plus", "Zoom in", "+", () => viewer.zoomBy(1)),
      full: make("full", "Full screen", "F", () => viewer.toggleFullScreen()),
      paper: make("paper", "Paper and display", "L", () => this.toggle(this.menu)),
      keys: make("keys", "Keyboard", "?", () => this.toggle(this.help)),
    };
    for (const name of ["paper", "keys"]) tools[name].setAttribute("aria-expanded", "false");
    return tools;
  }

  makeHelp() {
    const list = element("dl", "ecg-help");
    for (const [key, text] of KEYS) {
      list.append(element("dt", "", key), element("dd", "", text));
    }
    return list;
  }

  makeOpacity() {
    const label = element("label", "ecg-opacity");
    const slider = element("input", "");
    Object.assign(slider, { type: "range", min: 10, max: 100, step: 10 });
    slider.setAttribute("aria-label", "Opacity of the overlay");
    slider.title = "Opacity of the overlay";
    slider.addEventListener("input", () => this.viewer.setOpacity(slider.value / 100));
    slider.addEventListener("change", () => this.viewer.keepOpacity());
    label.append(slider);
    label.slider = slider;
    return label;
  }

  toggle(panel) {
    const open = panel.hidden;
    for (const one of [this.menu, this.help]) one.hidden = !(one === panel && open);
    this.tools.paper.setAttribute("aria-expanded", String(!this.menu.hidden));
    this.tools.keys.setAttribute("aria-expanded", String(!this.help.hidden));
    if (open) panel.querySelector("select, button")?.focus();
  }

  close() {
    const open = [this.menu, this.help].some((panel) => !panel.hidden);
    for (const panel of [this.menu, this.help]) if (!panel.hidden) this.toggle(panel);
    return open;
  }

  closeOnClickElsewhere() {
    document.addEventListener("pointerdown", (event) => {
      if (this.root.isConnected && !this.root.contains(event.target)) this.close();
    });
  }

  // ---- data from Python -------------------------------------------------------------------

  update(data) {
    this.showChoices(data.choices ?? []);
    this.showMenu(data.menu ?? []);
  }

  showChoices(choices) {
    this.choices.hidden = !choices.length;
    const made = choices.map(({ id, key, label, title }) => {
      const press = button(label, title, () => this.viewer.chooseOverlay(id));
      press.setAttribute("aria-label", label);
      press.dataset.overlay = id;
      const hint = element("kbd", "", key);
      hint.setAttribute("aria-hidden", "true");
      press.append(hint);
      return press;
    });
    if (JSON.stringify(choices) !== this.shownChoices) this.choices.replaceChildren(...made);
    this.shownChoices = JSON.stringify(choices);
  }

  showMenu(fields) {
    const { viewer } = this;
    const focused = this.menu.contains(document.activeElement) ? document.activeElement.name : null;
    const rows = fields.map(({ id, label, options, value }) => {
      const row = element("label", "ecg-menu-row");
      const select = element("select", "");
      select.name = id;
      for (const [key, words] of options) {
        const option = element("option", "", words);
        option.value = key;
        option.selected = key === value;
        select.append(option);
      }
      select.addEventListener("change", () => viewer.send("setting", { id, value: select.value }));
      row.append(element("span", "", label), select);
      return row;
    });
    const actions = element("div", "ecg-menu-actions");
    this.dark = button("Dark room", "Light on dark, for a dark room (D)", () => viewer.toggleDark());
    this.size = button("True millimetres", "Make millimetres true on this screen", () => {
      this.close();
      viewer.toggleTrueSize();
    });
    actions.append(this.dark, this.size);
    this.menu.replaceChildren(...rows, actions);
    if (focused) this.menu.querySelector(`[name="${focused}"]`)?.focus();
  }

  refresh({ calipers, dark, trueSize, overlay, opacity, zoom }) {
    const press = (node, on) => node?.setAttribute("aria-pressed", String(on));
    press(this.tools.time, calipers.shown("time"));
    press(this.tools.voltage, calipers.shown("voltage"));
    press(this.tools.march, calipers.march);
    press(this.dark, dark);
    press(this.size, trueSize);
    this.tools.march.disabled = !calipers.shown("time");
    this.tools.fit.title = `Fit to width (0); now ${zoom}`;
    this.opacity.hidden = !this.choices.childElementCount || overlay === "none";
    this.opacity.slider.value = Math.round(opacity * 100);
    for (const choice of this.choices.children) press(choice, choice.dataset.overlay === overlay);
  }
}
