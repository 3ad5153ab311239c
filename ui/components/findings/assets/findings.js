// The list of findings: one row a statement with its probability, its threshold and the reader's
// verdict.  A listbox: arrow keys move, click or Enter chooses.  No HTML text anywhere.

const element = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const VERDICTS = { confirmed: "Confirmed by you.", dismissed: "Dismissed by you." };

function bar(row) {
  const track = element("span", "ecg-bar");
  track.setAttribute("aria-hidden", "true");
  const fill = element("span", "ecg-bar-fill");
  fill.style.width = `${(row.probability * 100).toFixed(1)}%`;
  const mark = element("span", "ecg-bar-threshold");
  mark.style.left = `${(row.threshold * 100).toFixed(1)}%`;
  mark.title = row.threshold_words;
  track.append(fill, mark);
  return track;
}

function option(row, selected, choose, judge) {  // judge: null where nothing is to be judged
  const node = element("div", "ecg-finding");
  node.setAttribute("role", "option");
  node.setAttribute("aria-selected", String(row.code === selected));
  node.tabIndex = row.code === selected ? 0 : -1;
  node.dataset.code = row.code;
  node.dataset.state = row.state;
  if (row.verdict) node.dataset.verdict = row.verdict;
  const top = element("span", "ecg-finding-top");
  top.append(element("span", "ecg-finding-name", row.name), element("span", "ecg-finding-value", row.value));
  const words = row.verdict ? `${row.words} ${VERDICTS[row.verdict]}` : row.words;
  node.append(top);
  if (row.show_bar) node.append(bar(row));
  if (words) node.append(element("span", "ecg-finding-words", words));
  if (row.code === selected && judge) {
    const actions = element("span", "ecg-finding-actions");
    for (const [name, text] of [["confirm", "Confirm (Y)"], ["dismiss", "Dismiss (X)"]]) {
      const press = element("button", "ecg-button", text);
      press.type = "button";
      press.setAttribute("aria-pressed", String((row.verdict ?? "").startsWith(name)));
      press.addEventListener("click", (event) => {
        event.stopPropagation();
        judge(name);
      });
      actions.append(press);
    }
    node.append(actions);
  }
  node.addEventListener("click", () => choose(row.code));
  return node;
}

// The further statements that are not flagged, behind one line, by group.
function fold(rows, selected, words, list, make) {
  const open = list.dataset.open === "true" || rows.some((row) => row.code === selected);
  const box = element("div", "ecg-folded");
  const press = element("button", "ecg-fold", words);
  press.type = "button";
  press.setAttribute("aria-expanded", String(open));
  const body = element("div", "ecg-folded-rows");
  body.hidden = !open;
  press.addEventListener("click", () => {
    body.hidden = !body.hidden;
    list.dataset.open = String(!body.hidden);
    press.setAttribute("aria-expanded", String(!body.hidden));
  });
  for (const name of new Set(rows.map((row) => row.group))) {
    const group = element("div", "ecg-finding-group");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", name);
    group.append(element("span", "ecg-finding-group-name", name));
    group.append(...rows.filter((row) => row.group === name).map(make));
    body.append(group);
  }
  box.append(press, body);
  return box;
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!data) return;
  const hadFocus = parentElement.contains(document.activeElement);
  let list = parentElement.querySelector(".ecg-findings");
  if (!list) {
    list = element("div", "ecg-findings");
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", data.label ?? "Findings");
    parentElement.append(list);
  }
  const choose = (code) => setTriggerValue("act", { name: "select", code });
  const judge = data.judged === false ? null : (name) => setTriggerValue("act", { name });
  const make = (row) => option(row, data.selected, choose, judge);
  const folded = data.rows.filter((row) => row.folded);
  list.replaceChildren(...data.rows.filter((row) => !row.folded).map(make));
  if (folded.length) list.append(fold(folded, data.selected, data.folded_words, list, make));
  list.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const shown = list.querySelector(".ecg-folded-rows")?.hidden
      ? data.rows.filter((row) => !row.folded)
      : data.rows;
    const codes = shown.map((row) => row.code);
    const next = codes[(codes.indexOf(data.selected) + step + codes.length) % codes.length];
    choose(next);
  };
  if (hadFocus) list.querySelector("[aria-selected=true]")?.focus();
}
