"""What else a network was measured on: single leads, hand-held records, beats, PTB-XL, DANet."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ecgcore.inference import (
    ModelCard,
)
from ecgcore.inference.waveform_words import MAP_WORDS, SET_WORDS, VARIANT_WORDS
from ecgcore.statements import statement
from ui import tables
from ui.systems import words

HANDHELD = {"N": "Normal", "A": statement("AF").term, "O": "Other rhythm", "~": "Unreadable"}


def show_other_tasks(card: ModelCard) -> None:
    """Show the figures of what the network says beside the twelve-lead statements."""
    found = card.metrics.get("sides")
    if not found:
        return
    st.subheader("On one lead, on beats, and beside the statements", anchor=False)
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
        "Published (Zhang et al., 2021; a network of its own for each lead): best I, aVR, V5, and "
        f"each below twelve leads. Here (one network, given one lead): best "
        f"{', '.join(lead for lead, _ in best[:3])}."
    )
    rows = [
        [
            tables.text(lead),
            tables.cell(each["mean_auc"], 3),
            tables.cell(each.get("difference"), 3),
            tables.text(
                f"{100 * each['among_best']:.0f} %" if "among_best" in each else "", "value"
            ),
        ]
        for lead, each in [("All leads", found["all"]), *found["leads"].items()]
    ]
    head = ("Lead", "Mean AUC of nine", "Less all leads", "Among the best three when resampled")
    st.html(tables.table(head, rows, wide=True))


def _make_share(share: float | None) -> str:
    return tables.text("" if share is None else f"{100 * share:.0f} %", "value")


def _show_lead_one(found: Mapping[str, Any]) -> None:
    st.write(
        f"{found['n']} test records of CPSC 2018, lead I alone, without voltage: mean AUC "
        f"**{tables.number(found['mean']['auc'], 3)}**, mean F1 "
        f"**{tables.number(found['mean']['f1'])}**."
    )
    rows = [
        [
            tables.text(words.name_of(code)),
            tables.text(f"{each['n_positive']} of {each['n']}", "value"),
            *(tables.cell(each[key]) for key in ("auc", "f1", "sensitivity", "specificity")),
        ]
        for code, each in found["classes"].items()
    ]
    head = ("Statement", "Positive", "AUC", "F1", "Sensitivity", "Specificity")
    st.html(tables.table(head, rows))
    st.caption(
        "At the thresholds made on twelve leads; where they do not hold on one lead, the app gives "
        "no finding."
    )


def _show_handheld(found: Mapping[str, Any]) -> None:
    mean = found["f1"]["mean of N, A, O"]
    st.write(
        f"{found['n']} test records of CinC 2017, one lead, hand-held: mean F1 of normal, "
        f"fibrillation and other rhythm **{tables.number(mean, 3)}**; fibrillation against all the "
        f"rest, AUC {tables.number(found['af_auc'], 3)}."
    )
    rows = []
    for name, row in found["confusion"].items():
        whole = sum(row.values())
        counts = (
            tables.text(f"{n} ({100 * n / max(whole, 1):.0f} %)", "value") for n in row.values()
        )
        rows.append([tables.text(HANDHELD[name]), tables.cell(found["f1"][name]), *counts])
    head = ("It is", "F1", *(f"called {HANDHELD[name].lower()}" for name in found["confusion"]))
    st.html(tables.table(head, rows))


def _show_beats(found: Mapping[str, Any]) -> None:
    rows = []
    for part, kinds in found.items():
        if part == "by record":
            continue
        for kind, each in kinds.items():
            cells = (tables.cell(each[key], 3) for key in ("f1", "sensitivity", "ppv"))
            rows.append(
                [
                    tables.text(f"{kind.capitalize()}, {part}"),
                    tables.text(f"{each['n']:,}", "value"),
                    *cells,
                ]
            )
    st.write(
        "The second half of MIT-BIH (DS2, other patients than those learned from), beat by beat, "
        "with beats found by the software itself."
    )
    st.html(tables.table(("Kind", "Beats", "F1", "Sensitivity", "PPV"), rows, wide=True))
    with st.expander("By record"):
        st.html(_make_by_record(found["by record"]))


def _make_by_record(found: Mapping[str, Any]) -> str:
    rows = []
    for record, kinds in found.items():
        cells = [tables.text(record)]
        for each in kinds.values():
            cells.append(tables.text(f"{each['n']:.0f}", "value"))
            cells += [
                tables.text("–" if each[key] is None else f"{each[key]:.2f}", "value")
                for key in ("f1", "sensitivity", "ppv")
            ]
        rows.append(cells)
    head = ["Record"]
    for kind in ("Supraventricular", "Ventricular"):
        head += [kind, "F1", "Sens.", "PPV"]
    return tables.table(head, rows)


def _show_ptbxl(found: Mapping[str, Any]) -> None:
    for key, title in (
        ("superclasses", "The five super-classes"),
        ("ptbxl_statements", "The statements that this model has"),
    ):
        part = found[key]
        st.markdown(
            f"**{title}** on {part['n']} records of fold 10: macro AUC "
            f"{tables.number(part['macro_auc'], 3)}"
        )
        rows = [
            [
                tables.text(words.name_of(code)),
                tables.text(f"{each['n_positive']} of {each['n']}", "value"),
                tables.cell(each["auc"], 3),
            ]
            for code, each in part["classes"].items()
        ]
        with st.expander("By class"):
            st.html(tables.table(("Class", "Positive", "AUC"), rows, wide=True))


def _show_seeds(found: Mapping[str, Any]) -> None:
    rows = [
        [
            tables.text("Released" if name == "final-0" else name.replace("final-", "Seed ")),
            *(tables.cell(each["nine"][key], 3) for key in ("auc", "f1")),
            tables.cell(each["all"]["auc"], 3),
            tables.cell(each["lead_one"], 3),
            tables.cell(each["handheld_f1"], 3),
            tables.cell(each["superclasses"], 3),
        ]
        for name, each in found.items()
    ]
    head = (
        "Network", "AUC of nine", "F1 of nine", "AUC of all", "Lead I", "Hand-held F1", "Super",
    )  # fmt: skip
    st.html(tables.table(head, rows))
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
                tables.text(VARIANT_WORDS[variant].format(name=figures.get("body", ""))),
                *(tables.cell(each.get(key), 3) for key in ("auc", "difference", "f1")),
            ]
            for variant, each in figures["variants"].items()
        ]
        st.html(tables.table(("Classifier", "AUC", "Less no module", "F1"), rows, wide=True))
    for name, figures in found["beats"].items():
        st.markdown(
            f"**By beat, {SET_WORDS.get(name, name)}**: {figures['n']} windows of "
            f"{figures['patients']} patients; such beats take {100 * figures['chance']:.0f} % of "
            "the time"
        )
        rows = [
            [
                tables.text(MAP_WORDS[which]),
                *(tables.cell(each.get(key), 3) for key in ("hit", "hit_difference", "mass")),
            ]
            for which, each in figures["maps"].items()
        ]
        head = ("Map", "Highest point on such a beat", "Less Grad-CAM", "Relevance mass")
        st.html(tables.table(head, rows, wide=True))
