// Small helpers to make elements without HTML text.

export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

export function button(text, title, onClick) {
  const node = element("button", "ecg-button", text);
  node.type = "button";
  node.title = title;
  node.addEventListener("click", onClick);
  return node;
}

// A button with a drawing in place of a word; its name is what a screen reader says.
export function iconButton(drawing, name, key, onClick) {
  const node = button("", key ? `${name} (${key})` : name, onClick);
  node.classList.add("ecg-icon");
  node.setAttribute("aria-label", name);
  node.append(drawing);
  return node;
}

export function svg(tag, attributes = {}) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
