"""The view Population: attribution over many patients, and what one lead alone can do."""

from html import escape
from typing import Any

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.inference import read_card, weights_root
from ecgcore.render import beat_map, charts
from ui.models import words
from ui.models.choice import choose_model
from ui.models.population_file import read_beat, read_population
from ui.tables import format_figure, make_cell, make_figure_cell, make_table, plot, wrap_table

# Zhang et al., iScience 24:102373 (2021): a network of its own for each lead, on CPSC 2018.
PUBLISHED = ("I", "aVR", "V5")
_SHARE, _SIGNED = "Share of the attribution", "For and against"
# Shares drawn without colour and in the full colour; an even part would be 0.083.
_PALE_SHARE, _FULL_SHARE = 0.04, 0.20
_SPLITS = {"val": "validation"}


def show_population() -> None:
    """Show a model's population figures, chosen at the top."""
    name = choose_model("statements")
    if name is None:
        return
    try:
        card = read_card(weights_root() / name)
        found = read_population(card)
    except EcgError as error:
        st.error(str(error))
        return
    if found is None:
        st.info(
            f"Not computed yet: `python -m ecgcore population {name} --write` makes it from the "
            "test records."
        )
        return
    st.subheader("What the model looks at across patients", anchor=False)
    split = _SPLITS.get(found["split"], found["split"])
    st.write(
        f"{found['n']} {split} records of {found['n_patients']} patients. Each figure pools all "
        "records in which the model flags the statement; no individual patient is shown."
    )
    _show_leads(found)
    _show_beat(found)
    _show_single_leads(found)
    with st.expander("How these figures were made"):
        st.markdown("\n".join(f"- {line}" for line in found["how"].values()))


def _select_stated(found: dict[str, Any]) -> dict[str, Any]:
    return {code: each for code, each in found["classes"].items() if "share" in each}


# ---- leads ---------------------------------------------------------------------------------


def _show_leads(found: dict[str, Any]) -> None:
    stated = _select_stated(found)
    if not stated:
        st.info("No statement is flagged in enough records.")
        return
    which = st.segmented_control(
        "Figure",
        [_SHARE, _SIGNED],
        default=_SHARE,
        required=True,
        key="population_figure",
        label_visibility="collapsed",
    )
    st.html(_make_heat(found, stated, signed=which == _SIGNED))
    if which == _SHARE:
        st.caption(
            "Per cent of the mean |SHAP| of a statement; an even share is 8 per lead. "
            "Shares are of the attribution, not of the evidence. Check: removing the three leads "
            "of the largest share lowers the model's logit more than removing three random leads."
        )
    else:
        st.caption(
            "Mean SHAP of each statement, relative to its largest: blue for the statement, orange "
            "against. For and against cancel over time, so the model may still look at a pale "
            "lead."
        )
    few = [words.name_of(c) for c in found["classes"] if c not in stated]
    if few:
        st.caption(f"Flagged in too few records to be shown: {', '.join(few)}.")


def _make_heat(found: dict[str, Any], stated: dict[str, Any], *, signed: bool) -> str:
    head = "".join(f"<th>{escape(lead)}</th>" for lead in found["leads"])
    rows = []
    for code, each in stated.items():
        cells = _make_signed_cells(each["signed"]) if signed else _make_share_cells(each["share"])
        label = f"{escape(words.name_of(code))} <span>{each['n']}</span>"
        sign = "✓" if each["check"]["passed"] else "✗"
        rows.append(f"<tr><th>{label}</th>{cells}<td>{sign}</td></tr>")
    if not signed and found.get("average"):
        mean = _make_share_cells(found["average"]["share"])
        rows.append(f'<tr class="mean"><th>Mean</th>{mean}<td></td></tr>')
    return wrap_table(f"<tr><th></th>{head}<th>check</th></tr>{''.join(rows)}", "ecg-heat")


def _make_share_cells(shares: list[dict[str, float | None]]) -> str:
    out = []
    for one in shares:
        value = one["value"] or 0.0
        depth = min(1.0, max(0.0, (value - _PALE_SHARE) / (_FULL_SHARE - _PALE_SHARE)))
        hint = ""
        if one["low"] is not None and one["high"] is not None:
            hint = f' title="{100 * one["low"]:.1f} to {100 * one["high"]:.1f} %"'
        out.append(
            f'<td{hint} style="background:rgba(33,113,181,{0.85 * depth:.2f})">'
            f"{100 * value:.0f}</td>"
        )
    return "".join(out)


def _make_signed_cells(values: list[float | None]) -> str:
    top = max(abs(v or 0.0) for v in values) or 1.0
    out = []
    for value in values:
        depth = 0.85 * abs(value or 0.0) / top
        colour = "33,113,181" if (value or 0.0) >= 0 else "214,120,20"
        sign = "–" if value is None else f"{100 * value / top:+.0f}"
        out.append(f'<td style="background:rgba({colour},{depth:.2f})">{sign}</td>')
    return "".join(out)


# ---- the beat ------------------------------------------------------------------------------


def _show_beat(found: dict[str, Any]) -> None:
    stated = _select_stated(found)
    if not stated:
        return
    st.subheader("Within the beat", anchor=False)
    code = st.pills(
        "Statement",
        list(stated),
        default=next((c for c in stated if stated[c]["check"]["passed"]), next(iter(stated))),
        format_func=words.name_of,
        required=True,
        key=f"population_statement_{found['model']}",
        label_visibility="collapsed",
    )
    each = stated[code]
    beat = read_beat(each)
    if beat is None:
        st.info("Not shown: too few patients with such a beat.")
        return
    check = each["check"]
    if not check["passed"]:
        st.warning(
            "The shares of this statement failed their check: removing "
            f"{', '.join(check['leads'])} changes the model's logit by {-check['drop']:+.2f}, "
            f"removing three random leads by {-check['at_random']:+.2f} on average.",
            icon=":material/info:",
        )
        if not st.toggle("Show anyway", key=f"population_failed_{code}"):
            return
    st.write(
        f"{each['n_flagged']} records flagged, {each['n']} explained, of which {each['n_positive']}"
        f" have the statement; beats of {beat.n_patients} patients. "
        + {"simulated": "Too few for a mean beat: drawn on a **simulated** one."}.get(
            beat.source, f"Drawn on the {beat.source}." if beat.source else ""
        )
    )
    left, right = st.columns([1.55, 1], gap="medium")
    with left:
        st.markdown("**How much:** the stronger the blue, the more attribution")
        figure = beat_map.beat_figure(found["times_ms"], beat.size, beat.shape, found["leads"])
        plot(figure, f"beat_{code}")
    with right:
        st.markdown("**Which way:** blue for the statement, orange against")
        plot(
            beat_map.signed_figure(found["times_ms"], beat.signed, found["leads"]),
            f"signed_{code}",
        )
    st.caption(
        "300 ms before to 500 ms after R; each lead in units of its own standard deviation. "
        "Faithful to the model does not mean correct."
    )


# ---- single leads --------------------------------------------------------------------------


def _show_single_leads(found: dict[str, Any]) -> None:
    st.subheader("One lead alone", anchor=False)
    alone = found["single_leads"]
    leads = alone["leads"]
    best = sorted(leads, key=lambda lead: -(leads[lead]["mean_auc"]["value"] or 0.0))[:3]
    published, ours = st.columns(2, gap="large")
    with published:
        st.markdown(f"**Published:** best {', '.join(PUBLISHED)}")
        st.caption(
            "Zhang et al., iScience 24:102373 (2021): one network per lead, trained and tested on "
            "CPSC 2018. Every lead was below twelve leads."
        )
    with ours:
        st.markdown(f"**Here:** best {', '.join(best)}")
        st.caption(
            "One network for any set of leads, given one lead: other data, other design. The "
            "table states how often a lead is among the best three when patients are resampled; "
            "far from 100 %, the order is chance."
        )
    whole = alone["all"]["mean_auc"]
    rows = [_make_row("All leads", whole, strong=True)]
    rows += [_make_row(lead, leads[lead]["mean_auc"], strong=lead in PUBLISHED) for lead in leads]
    left, right = st.columns([1, 1.9], gap="medium")
    with left:
        shown = [row for row in rows if row is not None]
        if shown:
            plot(charts.interval_figure(shown, title="Mean AUC", reference=whole["value"]), "alone")
        st.caption("Dark: all leads, and the published best three.")
    with right:
        st.html(_make_lead_table(alone))
        st.caption("AUC by statement; 95 % intervals, patients resampled.")


def _make_row(label: str, figure: dict[str, float | None], *, strong: bool) -> charts.Row | None:
    value = figure["value"]
    if value is None:
        return None
    return charts.Row(label, value, figure["low"], figure["high"], strong)


def _make_lead_table(alone: dict[str, Any]) -> str:
    codes = list(alone["all"]["classes"])
    rows = []
    for lead, each in [("All leads", alone["all"]), *alone["leads"].items()]:
        among = each.get("among_best")
        rows.append(
            [
                make_cell(lead),
                make_figure_cell(each["mean_auc"]),
                make_cell("" if among is None else f"{100 * among:.0f} %", "value"),
                *(_make_hint_cell(each["classes"][code]) for code in codes),
            ]
        )
    names = (words.shorten(code) for code in codes)
    return make_table(("Lead", "Mean AUC", "Among best 3", *names), rows)


def _make_hint_cell(figure: dict[str, float | None]) -> str:
    value = format_figure(figure).split(" ")[0]
    return f'<td class="value" title="{format_figure(figure)}">{value}</td>'
