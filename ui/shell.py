"""What every page shares: a quiet frame around the paper, and the standing reminder."""

import importlib
import threading

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui.keeping import warm_up as open_store
from ui.reading import reader

_ROUTED, _WANTED = "routed", "wanted_page"
REMINDER = "Research and teaching use. Not a medical device: the reader decides."

# Less air above the paper, no fading of the paper while something is computed, and the dark room
# for everything that is not paper.
_STYLE = """
<style>
.stMainBlockContainer { padding: 3.4rem 1rem 1rem; max-width: none; }
.stApp .stHeading h3 { font-size: 1.2rem; padding: .25rem 0; }
.stApp header[data-testid="stHeader"] { height: 2.9rem; min-height: 2.9rem; }
.st-key-desk_panel { border-top: 1px solid #e6e8ec; padding-top: 8px; }
.st-key-desk { flex-wrap: nowrap; align-items: flex-start; }
.st-key-desk > div:has(> .st-key-desk_left) { min-width: 0; flex: 0 0 auto !important;
  width: var(--ecg-paper-px, 1082px) !important; max-width: calc(100% - 356px) !important; }
.st-key-desk > div:has(> .st-key-desk_rail) { flex: 1 1 340px !important;
  min-width: 340px !important; max-width: 560px !important; width: auto !important; }
.st-key-desk_head { max-width: var(--ecg-paper-px, 100%); }
.st-key-desk_head [data-baseweb="select"] > div { min-height: 1.9rem; height: 1.9rem; }
.st-key-desk_head button { min-height: 1.9rem; padding: 0 .6rem; }
[data-stale="true"] { opacity: 1 !important; transition: none !important; }
html[data-ecg-room="dark"] .stApp, html[data-ecg-room="dark"] header[data-testid="stHeader"]
  { background: #0e1013; color: #cfccc4; }
html[data-ecg-room="dark"] .stApp :is(p, label, h1, h2, h3, li, summary, span, a)
  { color: #cfccc4; }
html[data-ecg-room="dark"] .stApp :is([data-baseweb="select"] > div, button, input, details,
  summary, [data-testid="stPopoverBody"], [data-testid="stFileUploaderDropzone"])
  { background-color: #16191d; color: #cfccc4; border-color: #33373d; }
html[data-ecg-room="dark"] .stApp [data-testid="stAlertContainer"]
  { background-color: #2b2513; color: #f3e3b3; }
html[data-ecg-room="dark"] .stApp [data-testid="stAlertContainer"] :is(p, span) { color: inherit; }
html[data-ecg-room="dark"] .stApp
  [data-testid="stAlertContainer"]:has([data-testid="stAlertContentError"])
  { background-color: #4d1417; color: #ffdcd8; }
html[data-ecg-room="dark"] .stApp
  [data-testid="stAlertContainer"]:has([data-testid="stAlertContentInfo"])
  { background-color: #14283c; color: #cfe3f7; }
html[data-ecg-room="dark"] .stApp :is(.stSelectbox, .stNumberInput, .stTextInput) div
  { border-color: #33373d !important; }
.ecg-table { border-collapse: collapse; font-size: 14px; width: 100%; }
.ecg-table.wide { width: auto; }
.ecg-table td, .ecg-table th { padding: 3px 8px; border-bottom: 1px solid #8883; text-align: left; }
.ecg-table .value { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.ecg-table .spread, .ecg-table .why, .ecg-heat th span { color: #5b6470; font-size: 12.5px; }
.stApp [data-testid="stCaptionContainer"] { color: #5b6470; opacity: 1; }
html[data-ecg-room="dark"] .stApp :is([data-testid="stCaptionContainer"] p, .ecg-table .spread,
  .ecg-table .why, .ecg-heat th span) { color: #a5a198; }
.ecg-table b { color: #b35900; }
html[data-ecg-room="dark"] .ecg-table { color: #cfccc4; }
.ecg-scroll { overflow-x: auto; }
.ecg-scroll .ecg-table td:first-child { min-width: 8.2rem; }
.ecg-scroll .ecg-table.wide td:first-child, .ecg-heat th:first-child { white-space: nowrap; }
.ecg-heat { border-collapse: separate; border-spacing: 2px; font-size: 14px; }
.ecg-heat th { font-weight: 400; padding: 2px 6px; text-align: center; }
.ecg-heat th:first-child { text-align: left; padding-right: 12px; }
.ecg-heat td { min-width: 46px; height: 30px; text-align: center; border-radius: 3px;
  font-variant-numeric: tabular-nums; }
.ecg-heat .mean > * { border-top: 1px solid #8888; border-radius: 0; }
html[data-ecg-room="dark"] :is(.ecg-heat, .ecg-confusion) { color: #cfccc4; }
.ecg-confusion { border-collapse: separate; border-spacing: 4px; font-size: 14px;
  margin-top: 1rem; }
.ecg-confusion th { font-weight: 400; padding: 2px 6px; text-align: left; }
.ecg-confusion td { width: 84px; height: 52px; text-align: center; border-radius: 4px;
  font-variant-numeric: tabular-nums; font-size: 17px; }
html[data-ecg-room="dark"] .stPlotlyChart { filter: invert(.92) hue-rotate(180deg); }
.ecg-light { display: flex; gap: 8px; align-items: baseline; margin: 0; font-size: 14px; }
.ecg-light span { flex: none; width: 11px; height: 11px; border-radius: 50%; }
.ecg-bar { position: relative; display: inline-block; width: 180px; height: 9px;
  background: #8882; border-radius: 5px; }
.ecg-bar i { display: block; height: 100%; background: #4f94c9; border-radius: 5px; }
.ecg-bar u { position: absolute; top: -3px; width: 2px; height: 15px; background: #16181d; }
html[data-ecg-room="dark"] .ecg-light { color: #cfccc4; }
html[data-ecg-room="dark"] .ecg-bar u { background: #cfccc4; }
@media (max-width: 900px) {
  .st-key-desk { flex-wrap: wrap; }
  .st-key-desk > div:has(> :is(.st-key-desk_left, .st-key-desk_rail)) { width: 100% !important;
    flex: 1 1 100% !important; max-width: 100% !important; min-width: 0 !important; }
}
@media (max-width: 640px) {
  .ecg-scroll .ecg-table.wide td:first-child { white-space: normal; }
  [class*="st-key-row_"] { flex-wrap: nowrap !important; overflow-x: auto; padding: 0 36px 4px 0;
    mask-image: linear-gradient(to left, transparent, #000 36px); }
  [class*="st-key-row_"] > * { flex: none; }
}
.ecg-reminder { font-size: 12.5px; color: #5b6470; margin-top: 1.5rem; }
</style>
"""


def apply_style() -> None:
    """Apply the app's style."""
    st.html(_STYLE)


def enter_through_app(page: str) -> None:
    """Send a page that was opened by its address through the entry point, if it did not come by it.

    Until the entry point has run once on a server, Streamlit runs the files of ``pages/`` by
    themselves: without frame, style and whatever else stands in ``app.py``.
    """
    if not st.session_state.get(_ROUTED):
        st.session_state[_WANTED] = page
        st.switch_page("app.py")


def take_wanted_page() -> str | None:
    """Note that the entry point ran; return the page that a reader came for, once."""
    st.session_state[_ROUTED] = True
    wanted: str | None = st.session_state.pop(_WANTED, None)
    return wanted


def rerun_part() -> None:
    """Draw the fragment that is running anew; the whole page where that is what runs."""
    context = get_script_run_ctx()
    alone = context is not None and bool(context.fragment_ids_this_run)
    st.rerun(scope="fragment" if alone else "app")


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Start what takes seconds while the first reader still looks at the worklist."""
    uploads = reader()
    # Plotly looks at a pandas that another thread has half imported, and fails: it comes first.
    importlib.import_module("pandas")

    def work() -> None:
        importlib.import_module("ecgcore.explain")  # torch and all that needs it
        uploads.start()

    open_store()
    threading.Thread(target=work, name="warm-up", daemon=True).start()


def show_footer() -> None:
    """Print the reminder that stands on every page."""
    st.html(f'<p class="ecg-reminder">{REMINDER}</p>')
