// What is reported beside the paper: the text, each statement with its evidence and the reader's
// verdict, and, folded, what is not flagged.  No HTML text anywhere.

import { button, element } from "../ecg.viewer/dom.js";
import { onKeys } from "../ecg.viewer/keys.js";

const rails = new WeakMap();
const COPIED_MS = 1600;

class Rail {
  constructor(parent) {
    this.root = element("section", "ecg-rail");
    this.root.setAttribute("aria-label", "Interpretation");
    this.text = element("p", "ecg-rail-text");
    this.copy = button("Copy", "Copy the interpretation (I)", () => this.copyText());
    this.copy.classList.add("ecg-quiet");
    this.list = element("ul", "ecg-rail-list");
    this.list.setAttribute("aria-label", "Statements");
    this.adding = this.makeAdding();
    this.asides = element("div", "ecg-rail-asides");
    this.remarks = element("div", "ecg-rail-remarks");
    this.comment = this.makeComment();
    const head = element("div", "ecg-rail-head");
    head.append(this.text, this.copy);
    this.root.append(head, this.list, this.adding, this.asides, this.remarks, this.comment);
    onKeys(this.root, (key) => this.answer(key));
    parent.append(this.root);
  }

  answer(key) {
    if (key === "i") this.copyText();
    else if (key === "s") this.adding.input.focus();
    else return false;
    return true;
  }

  send(name, value = {}) {
    this.component.setTriggerValue("act", { name, ...value });
  }

  async copyText() {
    try {
      await navigator.clipboard.writeText(this.data.text);
      this.copy.textContent = "Copied";
    } catch {
      this.copy.textContent = "Copying is not allowed here";
    }
    window.setTimeout(() => (this.copy.textContent = "Copy"), COPIED_MS);
  }

  // ---- adding a statement and a comment ---------------------------------------------------

  makeAdding() {
    const form = element("form", "ecg-rail-add");
    const input = element("input", "");
    input.setAttribute("list", "ecg-terms");
    input.setAttribute("aria-label", "Add a statement");
    input.placeholder = "+ Add a statement (S)";
    const terms = element("datalist", "");
    terms.id = "ecg-terms";
    const wrong = element("span", "ecg-rail-wrong");
    wrong.setAttribute("role", "status");
    form.append(input, terms, wrong);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const wanted = input.value.trim().toLowerCase();
      if (!wanted) return;
      const found =
        this.data.terms.find(([, term]) => term.toLowerCase() === wanted) ??
        this.data.terms.find(([, term]) => term.toLowerCase().startsWith(wanted));
      wrong.textContent = found ? "" : "Not in the list of statements: use the comment.";
      if (!found) return;
      input.value = "";
      input.blur();
      this.send("add", { code: found[0] });
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") input.blur();
    });
    Object.assign(form, { input, terms });
    return form;
  }

  makeComment() {
    const field = element("textarea", "ecg-rail-comment");
    field.rows = 2;
    field.placeholder = "Comment";
    field.setAttribute("aria-label", "Comment");
    field.maxLength = 2000;
    field.addEventListener("change", () => this.send("comment", { text: field.value }));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") field.blur();
    });
    return field;
  }

  // ---- data from Python -------------------------------------------------------------------

  update(component) {
    this.component = component;
    this.data = component.data;
    const { data } = this;
    this.text.textContent = data.text;
    const focused = this.list.contains(document.activeElement)
      ? document.activeElement.dataset.focus
      : null;
    this.list.replaceChildren(...data.rows.map((row) => this.row(row)));
    if (focused) this.list.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
    if (this.adding.terms.childElementCount !== data.terms.length) {
      this.adding.terms.replaceChildren(
        ...data.terms.map(([, term]) => Object.assign(element("option", ""), { value: term }))
      );
    }
    this.showAsides(data);
    this.remarks.replaceChildren(...data.remarks.map((words) => element("p", "", words)));
    if (document.activeElement !== this.comment) this.comment.value = data.comment;
  }

  row(row) {
    const chosen = row.code === this.data.selected;
    const node = element("li", "ecg-statement");
    node.dataset.code = row.code;
    if (row.urgent) node.dataset.urgent = "";
    if (row.verdict) node.dataset.verdict = row.verdict;
    if (chosen) node.dataset.chosen = "";
    const press = element("button", "ecg-statement-press");
    press.type = "button";
    press.setAttribute("aria-pressed", String(chosen));
    press.dataset.focus = row.code;
    const top = element("span", "ecg-statement-top");
    const how = [row.how, row.value].filter(Boolean).join(" ");
    top.append(element("span", "ecg-statement-name", row.name), element("span", "ecg-how", how));
    press.append(top);
    if (row.evidence) press.append(element("span", "ecg-evidence", row.evidence));
    if (row.verdict) {
      const words = row.verdict === "confirmed" ? "Confirmed by you" : "Dismissed by you";
      press.append(element("span", "ecg-verdict", words));
    }
    press.addEventListener("click", () => this.send("select", { code: row.code }));
    node.append(press);
    if (chosen) node.append(this.actions(row));
    return node;
  }

  actions(row) {
    const box = element("div", "ecg-statement-actions");
    if (row.how === "reader") {
      box.append(button("Remove", "Take this statement back", () => this.send("remove", row)));
      return box;
    }
    for (const [verdict, words, key] of [
      ["confirmed", "Confirm", "Y"],
      ["dismissed", "Dismiss", "X"],
    ]) {
      const act = () => this.send("verdict", { code: row.code, verdict });
      const press = button(words, `${words} (${key})`, act);
      const hint = element("kbd", "", key);
      hint.setAttribute("aria-hidden", "true");
      press.append(hint);
      press.setAttribute("aria-pressed", String(row.verdict === verdict));
      press.dataset.focus = `${row.code} ${verdict}`;
      box.append(press);
    }
    return box;
  }

  showAsides({ not_flagged: flagged, not_assessed: assessed, selected }) {
    const parts = [
      ["Not flagged", flagged],
      ["Not assessed", assessed],
    ].filter(([, some]) => some.length);
    this.asides.hidden = !parts.length;
    const open = this.asides.dataset.open === "true";
    const words = parts.map(([name, some]) => `${name} (${some.length})`).join("  ");
    const press = button(words, "Not flagged does not mean absent", () => {
      this.asides.dataset.open = String(this.asides.dataset.open !== "true");
      this.showAsides(this.data);
    });
    press.classList.add("ecg-quiet", "ecg-fold");
    press.setAttribute("aria-expanded", String(open));
    const body = element("div", "ecg-aside-body");
    body.hidden = !open;
    for (const [name, some] of parts) {
      body.append(element("h4", "", name));
      const list = element("ul", "");
      for (const aside of some) {
        const item = element("li", "");
        const choose = button(aside.name, "Show on the paper", () =>
          this.send("select", { code: aside.code })
        );
        choose.classList.add("ecg-quiet");
        choose.setAttribute("aria-pressed", String(aside.code === selected));
        item.append(choose, element("span", "ecg-evidence", aside.words));
        list.append(item);
      }
      body.append(list);
    }
    if (flagged.length) body.append(element("p", "", "Not flagged does not mean absent."));
    this.asides.replaceChildren(press, body);
  }
}

export default function (component) {
  if (!component.data) return;
  const parent = component.parentElement;
  let rail = rails.get(parent);
  if (!rail || !rail.root.isConnected) {
    rail = new Rail(parent);
    rails.set(parent, rail);
  }
  rail.update(component);
}
