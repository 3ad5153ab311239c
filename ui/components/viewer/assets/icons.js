// Icons of the toolbar, drawn here: lines on a grid of 20.

import { svg } from "./dom.js";

const PATHS = {
  time: "M4 4v12M16 4v12M4 10h12M6.5 7.5 4 10l2.5 2.5M13.5 7.5 16 10l-2.5 2.5",
  voltage: "M4 4h12M4 16h12M10 4v12M7.5 6.5 10 4l2.5 2.5M7.5 13.5 10 16l2.5-2.5",
  march: "M3 5v10M7.7 5v10M12.3 5v10M17 5v10",
  minus: "M5 10h10",
  plus: "M5 10h10M10 5v10",
  fit: "M3 10h14M5.5 7.5 3 10l2.5 2.5M14.5 7.5 17 10l-2.5 2.5M3 4v2M17 4v2M3 14v2M17 14v2",
  full: "M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4",
  paper: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
  keys: "M7.5 7.6a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1.9-1.1 1.8M10 14.6v.1",
};

export function icon(name) {
  const drawing = svg("svg", { viewBox: "0 0 20 20", width: 18, height: 18, "aria-hidden": "true" });
  drawing.append(
    svg("path", {
      d: PATHS[name],
      fill: "none",
      stroke: "currentColor",
      "stroke-width": 1.6,
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    })
  );
  return drawing;
}
