"""Leads: what each lead adds to the chosen statement, beside its name and on the body."""

import numpy as np
import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import describe, rate_faithfulness
from ecgcore.render.overlay import Overlay
from ecgcore.results import Attribution
from ecgcore.statements import statement
from ui import model_answers
from ui.components.viewer import Legend
from ui.desk.desk import Desk, Drawing
from ui.desk.explain_leads import show_leads_on_body
from ui.desk.maps import may_show, offer_failed_map
from ui.words import plain

_METHOD = "lead_shapley"
_OPACITY = 0.35


def draw(desk: Desk) -> Drawing:
    """Return the value of each lead as a bar, and the leads shaded by it."""
    found = _find(desk)
    if isinstance(found, str):
        return Drawing(note=found)
    values = found.lead_values
    if values is None or not may_show(desk.case, found):
        words = rate_faithfulness(found.self_check).words
        return Drawing(note=f"Lead values are hidden: {words} Press A to show them.")
    failed = not rate_faithfulness(found.self_check).shown
    shares = dict(zip(values.players, values.values.tolist(), strict=True))
    recording = desk.case.recording
    sizes = np.array([max(shares.get(lead, 0.0), 0.0) for lead in recording.leads])
    top = max([abs(v) for v in shares.values()] or [0.0]) or 1.0
    name = statement(found.label).term
    rows = np.repeat((sizes / top).astype(np.float32)[:, None], recording.n_samples, axis=1)
    best = sorted(shares, key=lambda lead: -shares[lead])[:3]
    said = ", ".join(f"{lead} {shares[lead]:+.2f}" for lead in best)
    return Drawing(
        Overlay(rows, recording.leads, recording.fs_hz, "heat", _OPACITY, top=1.0),
        Legend(f"What each lead adds to “{name}” (Shapley value, logit): {said}", "less", "more"),
        shares=shares,
        note=f"Not reliable: {rate_faithfulness(found.self_check).words}" if failed else "",
        warning=failed,
        printed=(f"Shading: what each lead adds to “{name}” (Shapley values, logit): {said}.",),
    )


def _find(desk: Desk) -> Attribution | str:
    if len(desk.case.recording.leads) < 2:
        return "Lead importance does not apply to a single lead."
    code, chosen = desk.heard, desk.case.selected
    if code is None and chosen is not None:
        term = statement(chosen).term
        return f"{term} is decided by measurement; the network does not assess it."
    if code is None:
        return "Lead importance needs a statement that the network assesses; none is stated here."
    return desk.attribution(code, _METHOD)


def show_panel(desk: Desk) -> None:
    """Say in words which leads count."""
    found = _find(desk)
    if isinstance(found, str):
        st.caption(plain(found))
        return
    light = rate_faithfulness(found.self_check)
    st.caption(plain(light.words))
    if not light.shown:
        offer_failed_map(desk.case, found, "desk_leads")
    if may_show(desk.case, found):
        st.write(plain(describe(model_answers.explainer_of(desk.case), found).sentence))


def show_details(desk: Desk) -> None:
    """Show the values on the body, and which leads work together."""
    code = desk.heard
    if code is None or isinstance(_find(desk), str):
        return
    try:
        show_leads_on_body(desk.case, model_answers.explainer_of(desk.case), code, None)
    except EcgError as error:
        st.info(plain(str(error)))
