// One listener for all keys of the desk.  A key never fires while the reader types, with Ctrl, Meta
// or Alt, or over a dialog; what is taken goes no further, and neither do the letters that
// Streamlit would take for its own (R reruns, C clears its caches).

const TYPING = "input, textarea, select, [contenteditable=true], [role=slider], [role=option] input";
const STREAMLITS = new Set(["r", "c"]);
const owners = new Map();

// Let an element answer keys for as long as it is on the page; `answer` returns whether it did.
export function onKeys(element, answer) {
  owners.set(element, answer);
}

// A closed drop-down keeps the focus after a choice; its letters are the desk's again.
function isTyping(event) {
  const target = event.target instanceof Element ? event.target.closest(TYPING) : null;
  if (!target) return false;
  const closedMenu =
    target.getAttribute("role") === "combobox" && target.getAttribute("aria-expanded") !== "true";
  return !(closedMenu && event.key.length === 1 && event.key !== " ");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (isTyping(event) || document.querySelector("[role=dialog]:not([data-ecg])")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  let taken = false;
  for (const [element, answer] of owners) {
    if (!element.isConnected) owners.delete(element);
    else if (!taken) taken = answer(key, event);
  }
  if (taken) event.preventDefault();
  if (taken || (owners.size && STREAMLITS.has(key))) event.stopImmediatePropagation();
}

// On the window and capturing: before Streamlit's own shortcuts.
window.addEventListener("keydown", onKey, true);
