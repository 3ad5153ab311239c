// The measurements above the paper.  Each is a button: it shows the marks that it was measured at.

const element = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};

function cell(value, press) {
  const node = element("button", "ecg-value");
  node.type = "button";
  node.title = value.words;
  node.dataset.name = value.id;
  if (value.arrow) node.dataset.out = value.arrow;
  const number = element("span", "ecg-value-number", value.text);
  if (value.unit) number.append(element("small", "", ` ${value.unit}`));
  if (value.arrow) {
    const arrow = element("b", "", ` ${value.arrow}`);
    arrow.setAttribute("aria-label", value.arrow === "↑" ? "above reference" : "below reference");
    arrow.setAttribute("role", "img");
    number.append(arrow);
  }
  if (value.edited) number.append(element("small", "", " edited"));
  node.append(element("span", "ecg-value-label", value.label), number);
  node.addEventListener("click", () => press(value.id));
  return node;
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!data) return;
  let strip = parentElement.querySelector(".ecg-strip");
  if (!strip) {
    strip = element("div", "ecg-strip");
    strip.setAttribute("role", "group");
    strip.setAttribute("aria-label", "Measurements");
    parentElement.append(strip);
  }
  const press = (id) => setTriggerValue("act", { name: "measurement", id });
  strip.replaceChildren(...data.values.map((value) => cell(value, press)));
}
