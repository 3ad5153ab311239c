"""Registration of the app's own browser components with Streamlit.

Streamlit finds file-backed components through installed packages only.  The app is not installed,
it is run from its folder, so it names its asset folders to the component manager itself; plotly.js
is served straight from the installed plotly package: no copy, no request that leaves the machine.
"""

from pathlib import Path
from typing import Any

import plotly
import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

_UI = Path(__file__).resolve().parent
_PLOTLY = Path(plotly.__file__).resolve().parent

VIEWER = "ecg.viewer"
FINDINGS = "ecg.findings"
PLOTLY = "ecg.plotly"


def register() -> None:
    """Tell the running server where the components' files are; cheap when already done."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(VIEWER) is not None:
        return
    own = ComponentManifest(
        name="ecg",
        version="1",
        components=[
            ComponentConfig(name="viewer", asset_dir="viewer/assets"),
            ComponentConfig(name="findings", asset_dir="findings/assets"),
        ],
    )
    theirs = ComponentManifest(
        name="ecg",
        version=plotly.__version__,
        components=[ComponentConfig(name="plotly", asset_dir="package_data")],
    )
    manager.register_from_manifest(theirs, _PLOTLY)
    manager.register_from_manifest(own, _UI)


def component(name: str, script: str, style: str) -> Any:
    """Return the mounting command of a component.

    Components are declared on each run: Streamlit's tests start a new server for each page.
    """
    register()
    return st.components.v2.component(name, js=script, css=style, isolate_styles=False)
