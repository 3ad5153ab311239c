// Small helpers to make elements without HTML text.

export function element(tag, className) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  return node;
}

export function button(text, title, onClick) {
  const node = element("button", "ecg-button");
  node.type = "button";
  node.textContent = text;
  node.title = title;
  node.addEventListener("click", onClick);
  return node;
}

export function svg(tag, attributes = {}) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
