"""Lead Shapley values, drawn where the leads look from."""

import numpy as np
import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.explain import Explainer, describe, rate_faithfulness
from ecgcore.explain.shapley import LIMB_PLANE
from ecgcore.leads import LIMB_6
from ecgcore.render.lead_body import CHEST_DEG, FRONTAL_DEG, chest_figure, frontal_figure
from ecgcore.results import Attribution, LeadValues
from ui import model_answers
from ui.desk.maps import may_show, offer_failed_map, show_checks
from ui.state import OpenCase
from ui.tables import plot
from ui.words import plain

_INDEPENDENT, _PLANE, _LIMB = "Eight leads", "Limb plane and chest", "Each limb lead"
_VIEWS = {
    _INDEPENDENT: "Leads I and II, from which the other limb leads are derived, and the chest "
    "leads: exact Shapley values over all their combinations. Their sum is the logit minus its "
    "mean over the training records.",
    _PLANE: "The limb leads taken together, and each chest lead.",
    _LIMB: "How much each limb lead adds when all chest leads are present. III, aVR, aVL and aVF "
    "carry no information beyond I and II, but the network reads each of them.",
}
_PAIRS = 3


@st.fragment
def show_leads_on_body(case: OpenCase, explainer: Explainer, code: str, at_s: float | None) -> None:
    """Show what each lead is worth to a finding."""
    st.subheader("Contribution of each lead", anchor=False)
    if len(explainer.reading.given.leads) < 2:
        st.caption("Not applicable to a single lead.")
        return
    try:
        with st.spinner("Computing lead contributions …", show_time=False):
            found = model_answers.attribution_of(case, code, "lead_shapley", at_s=at_s)
    except EcgError as error:
        st.info(plain(str(error)))
        return
    if found.lead_values is None or not _check_values(case, found):
        return
    view = st.segmented_control(
        "View",
        list(_VIEWS),
        default=_INDEPENDENT,
        required=True,
        key="explain_lead_view",
        label_visibility="collapsed",
    )
    values = _choose_values(explainer, code, at_s, found.lead_values, view)
    top = max([abs(v) for v in values.values()] or [0.0]) or 1.0
    follow = [n for n in explainer.reading.given.leads if n in LIMB_6 and n not in values]
    frontal, chest, words = st.columns([1, 1, 0.9], gap="medium")
    with frontal:
        st.caption("Frontal plane")
        plot(
            frontal_figure(
                {k: v for k, v in values.items() if k in FRONTAL_DEG}, top=top, follow=follow
            ),
            "explain_frontal",
        )
    with chest:
        st.caption("Chest, seen from above; sternum at the bottom")
        plot(
            chest_figure({k: v for k, v in values.items() if k in CHEST_DEG}, top=top),
            "explain_chest",
        )
    with words:
        _show_words(explainer, found, values, view)


def _check_values(case: OpenCase, found: Attribution) -> bool:
    """Say how the values fared in their checks; return whether they may be shown."""
    light = rate_faithfulness(found.self_check)
    if light.shown:
        return True
    st.caption(plain(light.words))
    offer_failed_map(case, found, "leads")
    return may_show(case, found)


def _choose_values(
    explainer: Explainer, code: str, at_s: float | None, values: LeadValues, view: str
) -> dict[str, float]:
    if view == _LIMB:
        return explainer.limb_values(code, at_s=at_s)
    if view == _PLANE:
        return dict(zip(values.groups, values.group_values.tolist(), strict=True))
    return dict(zip(values.players, values.values.tolist(), strict=True))


def _show_words(
    explainer: Explainer, found: Attribution, values: dict[str, float], view: str
) -> None:
    st.write(plain(describe(explainer, found).sentence))
    if LIMB_PLANE in values:
        st.write(f"Limb leads together: **{values[LIMB_PLANE]:+.2f}**")
    st.caption(f"Blue: for the statement; orange: against; unit: logit. {_VIEWS[view]}")
    if view == _LIMB and not values:
        st.caption("This view needs two limb leads and a chest lead.")
    if found.lead_values is not None and view == _INDEPENDENT:
        for line in describe_pairs(found.lead_values):
            st.caption(plain(line))
    st.caption(plain(rate_faithfulness(found.self_check).words))
    show_checks(found)


def describe_pairs(values: LeadValues) -> list[str]:
    """Return the pairs of leads that interact most, in words."""
    names, table = values.players, np.triu(values.interactions, 1)
    order = np.argsort(-np.abs(table), axis=None)[:_PAIRS]
    lines = []
    for place in order.tolist():
        i, j = divmod(place, len(names))
        size = float(table[i, j])
        if abs(size) < 0.05:
            break
        how = "stronger together" if size > 0 else "largely redundant"
        lines.append(f"{names[i]} and {names[j]}: {size:+.2f}, {how}")
    return lines
