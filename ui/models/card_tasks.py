"""What else a network was measured on: single leads, hand-held records, beats, PTB-XL, DANet."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ecgcore.inference import (
    ModelCard,
)
from ecgcore.inference.waveform_words import MAP_WORDS, SET_WORDS, VARIANT_WORDS
from ecgcore.statements import statement
from ui.models import words
from ui.tables import format_figure, make_cell, make_figure_cell, make_table

HANDHELD = {"N": "Normal", "A": statement("AF").term, "O": "Other rhythm", "~": "Unreadable"}


def show_other_tasks(card: ModelCard) -> None:
    """Show the figures of what the network says beside the twelve-lead statements."""
    found = card.metrics.get("sides")
    if not found:
        return
    st.subheader("Single leads, beats and other data sets", anchor=False)
    names: dict[str, Callable[[], None]] = {
        "Each lead alone": lambda: _show_single_leads(card),
        "Lead I": lambda: _show_lead_one(found["lead_one"]),
        "Hand-held": lambda: _show_handheld(found["handheld"]),
        "Beats": lambda: _show_beats(found["beats"]),
        "PTB-XL": lambda: _show_ptbxl(found),
    }
    if len(card.metrics.get("seeds", {})) > 1:
        names["Other seeds"] = lambda: _show_seeds(card.metrics["seeds"])
    for tab, show in zip(st.tabs(list(names)), names.values(), strict=True):
        with tab:
            show()


def _show_single_leads(card: ModelCard) -> None:
    found = card.metrics.get("single_leads")
    if not found:
        return
    best = sorted(found["leads"].items(), key=lambda item: -(item[1]["mean_auc"]["value"] or 0))
    st.write(
        "Published (Zhang et al., 2021; one network per lead): best I, aVR, V5, each below twelve "
        f"leads. Here (one network, given one lead): best "
        f"{', '.join(lead for lead, _ in best[:3])}."
    )
    rows = [
        [
            make_cell(lead),
            make_figure_cell(each["mean_auc"], 3),
            make_figure_cell(each.get("difference"), 3),
            make_cell(f"{100 * each['among_best']:.0f} %" if "among_best" in each else "", "value"),
        ]
        for lead, each in [("All leads", found["all"]), *found["leads"].items()]
    ]
    head = ("Lead", "Mean AUC of nine", "vs all leads", "Among best three when resampled")
    st.html(make_table(head, rows, wide=True))


def _make_share(share: float | None) -> str:
    return make_cell("" if share is None else f"{100 * share:.0f} %", "value")


def _show_lead_one(found: Mapping[str, Any]) -> None:
    st.write(
        f"{found['n']} test records of CPSC 2018, lead I alone, without voltage: mean AUC "
        f"**{format_figure(found['mean']['auc'], 3)}**, mean F1 "
        f"**{format_figure(found['mean']['f1'])}**."
    )
    rows = [
        [
            make_cell(words.name_of(code)),
            make_cell(f"{each['n_positive']} of {each['n']}", "value"),
            *(make_figure_cell(each[key]) for key in ("auc", "f1", "sensitivity", "specificity")),
        ]
        for code, each in found["classes"].items()
    ]
    head = ("Statement", "Positive", "AUC", "F1", "Sensitivity", "Specificity")
    st.html(make_table(head, rows))
    st.caption(
        "At the thresholds of twelve leads; where these do not hold on one lead, no finding is "
        "given."
    )


def _show_handheld(found: Mapping[str, Any]) -> None:
    mean = found["f1"]["mean of N, A, O"]
    st.write(
        f"{found['n']} test records of CinC 2017, one lead, hand-held: mean F1 of normal, "
        f"atrial fibrillation and other rhythm **{format_figure(mean, 3)}**; atrial fibrillation "
        f"vs the rest, AUC {format_figure(found['af_auc'], 3)}."
    )
    rows = []
    for name, row in found["confusion"].items():
        whole = sum(row.values())
        counts = (
            make_cell(f"{n} ({100 * n / max(whole, 1):.0f} %)", "value") for n in row.values()
        )
        rows.append([make_cell(HANDHELD[name]), make_figure_cell(found["f1"][name]), *counts])
    head = ("Truth", "F1", *(f"called {HANDHELD[name].lower()}" for name in found["confusion"]))
    st.html(make_table(head, rows))


def _show_beats(found: Mapping[str, Any]) -> None:
    rows = []
    for part, kinds in found.items():
        if part == "by record":
            continue
        for kind, each in kinds.items():
            cells = (make_figure_cell(each[key], 3) for key in ("f1", "sensitivity", "ppv"))
            rows.append(
                [
                    make_cell(f"{kind.capitalize()}, {part}"),
                    make_cell(f"{each['n']:,}", "value"),
                    *cells,
                ]
            )
    st.write(
        "MIT-BIH DS2 (no patient of the training set), beat by beat, with beats detected by the "
        "software."
    )
    st.html(make_table(("Kind", "Beats", "F1", "Sensitivity", "PPV"), rows, wide=True))
    with st.expander("By record"):
        st.html(_make_by_record(found["by record"]))


def _make_by_record(found: Mapping[str, Any]) -> str:
    rows = []
    for record, kinds in found.items():
        cells = [make_cell(record)]
        for each in kinds.values():
            cells.append(make_cell(f"{each['n']:.0f}", "value"))
            cells += [
                make_cell("–" if each[key] is None else f"{each[key]:.2f}", "value")
                for key in ("f1", "sensitivity", "ppv")
            ]
        rows.append(cells)
    head = ["Record"]
    for kind in ("Supraventricular", "Ventricular"):
        head += [kind, "F1", "Sens.", "PPV"]
    return make_table(head, rows)


def _show_ptbxl(found: Mapping[str, Any]) -> None:
    for key, title in (
        ("superclasses", "The five superclasses"),
        ("ptbxl_statements", "The statements of this model"),
    ):
        part = found[key]
        st.markdown(
            f"**{title}** on {part['n']} records of fold 10: macro AUC "
            f"{format_figure(part['macro_auc'], 3)}"
        )
        rows = [
            [
                make_cell(words.name_of(code)),
                make_cell(f"{each['n_positive']} of {each['n']}", "value"),
                make_figure_cell(each["auc"], 3),
            ]
            for code, each in part["classes"].items()
        ]
        with st.expander("By class"):
            st.html(make_table(("Class", "Positive", "AUC"), rows, wide=True))


def _show_seeds(found: Mapping[str, Any]) -> None:
    rows = [
        [
            make_cell("Released" if name == "final-0" else name.replace("final-", "Seed ")),
            *(make_figure_cell(each["nine"][key], 3) for key in ("auc", "f1")),
            make_figure_cell(each["all"]["auc"], 3),
            make_figure_cell(each["lead_one"], 3),
            make_figure_cell(each["handheld_f1"], 3),
            make_figure_cell(each["superclasses"], 3),
        ]
        for name, each in found.items()
    ]
    head = (
        "Network", "AUC of nine", "F1 of nine", "AUC of all", "Lead I", "Hand-held F1", "Super",
    )  # fmt: skip
    st.html(make_table(head, rows))
    st.caption("The same recipe from other seeds, with the released network's thresholds.")


def show_danet_figures(card: ModelCard) -> None:
    """Show whether a waveform network is an aid, and its figures against its controls."""
    st.write(card.training["waveform"]["aid_words"])
    found = card.metrics.get("waveform")
    if not found:
        return
    st.caption(str(card.metrics["how"]))
    for name, figures in found["records"].items():
        st.markdown(
            f"**{SET_WORDS.get(name, name)}**: {figures['n']} records of {figures['patients']} "
            f"patients, {figures['positives']} with the statement"
        )
        rows = [
            [
                make_cell(VARIANT_WORDS[variant].format(name=figures.get("body", ""))),
                *(make_figure_cell(each.get(key), 3) for key in ("auc", "difference", "f1")),
            ]
            for variant, each in figures["variants"].items()
        ]
        st.html(make_table(("Classifier", "AUC", "vs no module", "F1"), rows, wide=True))
    for name, figures in found["beats"].items():
        st.markdown(
            f"**By beat, {SET_WORDS.get(name, name)}**: {figures['n']} windows of "
            f"{figures['patients']} patients; such beats take {100 * figures['chance']:.0f} % of "
            "the time"
        )
        rows = [
            [
                make_cell(MAP_WORDS[which]),
                *(make_figure_cell(each.get(key), 3) for key in ("hit", "hit_difference", "mass")),
            ]
            for which, each in figures["maps"].items()
        ]
        head = ("Map", "Highest point on such a beat", "vs Grad-CAM", "Relevance mass")
        st.html(make_table(head, rows, wide=True))
