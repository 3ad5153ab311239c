"""Registration of the app's own browser components with Streamlit.

Streamlit finds file-backed components through installed packages only.  The app is not installed,
it is run from its folder, so it names its asset folders to the component manager itself; plotly.js
is served straight from the installed plotly package: no copy, no request that leaves the machine.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import plotly
import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

_HERE = Path(__file__).resolve().parent
_PLOTLY = Path(plotly.__file__).resolve().parent

VIEWER = "ecg.viewer"
PLACES = "ecg.places"
RAIL = "ecg.rail"
STRIP = "ecg.strip"
PLOTLY = "ecg.plotly"

# What the reader did: ``{"name": "navigate", "start_s": ...}`` and the like.
Act = Callable[[dict[str, Any]], None]


def register() -> None:
    """Tell the running server where the components' files are; cheap when already done."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(VIEWER) is not None:
        return
    own = ComponentManifest(
        name="ecg",
        version="1",
        components=[
            ComponentConfig(name=name, asset_dir=f"{name}/assets")
            for name in ("viewer", "places", "rail", "strip")
        ],
    )
    theirs = ComponentManifest(
        name="ecg",
        version=plotly.__version__,
        components=[ComponentConfig(name="plotly", asset_dir="package_data")],
    )
    manager.register_from_manifest(theirs, _PLOTLY)
    manager.register_from_manifest(own, _HERE)


def mount(name: str, data: dict[str, Any], *, key: str, on_act: Act | None = None) -> None:
    """Show a component, and hand on what the reader does in it.

    Components are declared on each run: Streamlit's tests start a new server for each page.

    Parameters
    ----------
    name : str
        Such as :data:`VIEWER`; its script and style are called after it.
    data : dict
        What its script is given, as JSON.
    key : str
        Of the widget.
    on_act : callable, optional
        Called with what the reader did, before the page reruns.
    """
    register()
    file = name.removeprefix("ecg.")
    declared = st.components.v2.component(
        name, js=f"{file}.js", css=f"{file}.css", isolate_styles=False
    )

    heard_key = f"{key}_heard"

    def hand_on() -> None:
        state = st.session_state.get(key)
        given = state.get("act") if state else None
        for act in _list_new(dict(given), heard_key) if given else ():
            if on_act is not None:
                on_act(act)

    heard = st.session_state.get(heard_key)
    # Streamlit delivers a component's events only where a callback is registered.
    declared(key=key, data={**data, "heard": heard}, on_act_change=hand_on)


def _list_new(given: dict[str, Any], heard_key: str) -> list[dict[str, Any]]:
    """Return the acts in what a component sent that were not handed on before, in their order.

    Of two events that a component sends while a page runs, Streamlit delivers the last: who is
    faster than that sends all that was not heard, numbered.
    """
    if "acts" not in given:
        return [given]
    sender, count = st.session_state.get(heard_key, ("", 0))
    last = count if sender == given["from"] else 0
    new = [act for act in given["acts"] if act["number"] > last]
    if new:
        st.session_state[heard_key] = (given["from"], new[-1]["number"])
    return new
