// A list of places: one row each.  A listbox: arrow keys move, click chooses.  No HTML text anywhere.

import { element } from "../ecg.viewer/dom.js";

function option(row, selected, choose) {
  const node = element("div", "ecg-place");
  node.setAttribute("role", "option");
  node.setAttribute("aria-selected", String(row.code === selected));
  node.tabIndex = row.code === selected ? 0 : -1;
  node.dataset.code = row.code;
  const top = element("span", "ecg-place-top");
  top.append(element("span", "", row.name), element("span", "ecg-place-value", row.value));
  node.append(top);
  if (row.words) node.append(element("span", "ecg-place-words", row.words));
  node.addEventListener("click", () => choose(row.code));
  return node;
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!data) return;
  const hadFocus = parentElement.contains(document.activeElement);
  let list = parentElement.querySelector(".ecg-places");
  if (!list) {
    list = element("div", "ecg-places");
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", data.label);
    parentElement.append(list);
  }
  const choose = (code) => setTriggerValue("act", { name: "select", code });
  list.replaceChildren(...data.rows.map((row) => option(row, data.selected, choose)));
  list.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const codes = data.rows.map((row) => row.code);
    choose(codes[(codes.indexOf(data.selected) + step + codes.length) % codes.length]);
  };
  if (hadFocus) list.querySelector("[aria-selected=true]")?.focus();
}
