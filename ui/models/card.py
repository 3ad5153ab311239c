"""The view Cards: purpose, figures, curves of each statement, and where it came from."""

from typing import Any

import streamlit as st

from ecgcore.errors import EcgError
from ecgcore.inference import (
    ModelCard,
    read_card,
    weights_root,
)
from ecgcore.origin import origin
from ui.models import words
from ui.models.card_figures import (
    make_overview,
    show_abstention,
    show_comparison,
    show_few_leads,
    show_map_checks,
    show_refusal,
    show_subgroups,
)
from ui.models.card_statement import show_statement
from ui.models.card_tasks import show_danet_figures, show_other_tasks
from ui.models.choice import choose_model
from ui.tables import format_figure, make_cell, make_figure_cell, make_table


def show_model_card() -> None:
    """Show the card of a model, chosen at the top."""
    name = choose_model()
    if name is None:
        return
    try:
        card = read_card(weights_root() / name)
    except EcgError as error:
        st.error(str(error))
        return
    _show_purpose(card)
    if card.task == "statements":
        _show_statements(card)
    elif card.task == "anomaly":
        _show_anomaly(card)
    else:
        _show_waves(card)
    _show_accesses(card)
    _show_origin(card)


def _show_purpose(card: ModelCard) -> None:
    st.subheader(card.full_name, anchor=False)
    use, limits = st.columns(2, gap="large")
    with use:
        st.markdown("**Intended use**")
        st.write(card.intended_use)
        st.markdown("**Input**")
        st.write(words.describe_input(card))
    with limits:
        st.markdown("**Limitations**")
        lines = [*words.list_exclusions(card), *card.limits, *words.find_weaknesses(card)]
        st.markdown("\n".join(f"- {line}" for line in lines))


def _show_statements(card: ModelCard) -> None:
    metrics = card.metrics
    st.subheader("Performance", anchor=False)
    if "waveform" in card.training:
        show_danet_figures(card)
        return
    if not metrics:
        st.info(f"Not measured yet: `python -m ecgcore evaluate {card.full_name} --write`.")
        return
    mean = metrics["mean"]
    nine = metrics.get("mean_of_nine") or mean
    st.markdown(
        f"On {metrics['n']} test records of {metrics['n_patients']} patients, none used for "
        f"training, thresholds or calibration: mean AUC **{format_figure(nine['auc'])}**, "
        f"mean F1 **{format_figure(nine['f1'])}**, calibration error "
        f"**{format_figure(nine['ece'], 3)}**."
    )
    if len(nine["codes"]) < len(mean["codes"]):
        st.markdown(
            f"These are the nine core statements. Over all {len(mean['codes'])} with enough test "
            f"records, mean AUC {format_figure(mean['auc'])}, mean F1 {format_figure(mean['f1'])}, "
            f"calibration error {format_figure(mean['ece'], 3)}."
        )
    if metrics.get("pooled"):
        st.markdown(metrics["pooled"])
    st.caption(f"In brackets: {metrics['how']['interval']}. Figures at full coverage.")
    st.html(make_overview(card))
    show_comparison(card)
    show_statement(card)
    show_other_tasks(card)
    show_subgroups(card)
    show_few_leads(card)
    show_refusal(card)
    show_abstention(card)
    show_map_checks(card)


def _open_performance(card: ModelCard, key: str) -> Any:
    """Write the heading and how was measured; return the card's figures, or None."""
    st.subheader("Performance", anchor=False)
    found = card.metrics.get(key)
    if not found:
        st.info("Its card holds no figures yet.")
        return None
    st.caption(str(card.metrics.get("how", "")))
    return found


def _show_anomaly(card: ModelCard) -> None:
    rows = _open_performance(card, "rows")
    if rows is None:
        return
    cells = [[make_cell(row["name"]), make_figure_cell(row, 3)] for row in rows]
    st.html(make_table(("On test", "Area under the ROC curve, interval"), cells, wide=True))
    if card.training.get("references"):
        st.caption(
            "With the classifier's features: the score also uses "
            f"{', '.join(card.training['references'])}, which was trained on diagnoses. The other "
            "score was trained on normal ECGs only; the weight of each part was chosen on labelled "
            "ECGs of train and val."
        )


def _show_waves(card: ModelCard) -> None:
    points = _open_performance(card, "points")
    if points is None:
        return
    rows = [
        [
            make_cell(name),
            make_cell(str(found["n"]), "value"),
            make_cell(f"{100 * found['sensitivity']:.1f} %", "value"),
            make_cell(f"{100 * found['ppv']:.1f} %", "value"),
            make_cell(f"{found['mean_ms']:+.1f} ± {found['sd_ms']:.1f} ms", "value"),
        ]
        for name, found in points.items()
    ]
    head = ("Point", "Annotated", "Sensitivity", "PPV", "Error, mean ± SD")
    st.html(make_table(head, rows, wide=True))


def _show_accesses(card: ModelCard) -> None:
    """Show every time that a model was measured on test."""
    found = card.metrics.get("accesses")
    if not found:
        return
    times = "once" if len(found) == 1 else f"{len(found)} times"
    with st.expander(f"Measured on test {times}"):
        rows = [
            [make_cell(each[key]) for key in ("date", "commit", "measured", "decided")]
            for each in found
        ]
        st.html(make_table(("Date", "Commit", "Measured", "Decision"), rows))


def _show_origin(card: ModelCard) -> None:
    st.subheader("Training data", anchor=False)
    rows = [
        [
            make_cell(source.title),
            make_cell(f"{source.records:,}", "value"),
            make_cell(source.licence),
        ]
        for source in card.data
    ]
    if rows:
        st.html(make_table(("Data set", "Training records", "Licence"), rows, wide=True))
    st.write(card.split)
    st.write(f"Thresholds: {card.threshold_rule.rstrip('.')}.")
    st.write(f"Calibration: {card.calibration_rule}")
    st.caption(_describe_training(card))
    st.download_button(
        "Download the card",
        data=card.to_json(**origin(card.weights_sha256)),
        file_name=f"{card.full_name}-card.json",
        mime="application/json",
        on_click="ignore",
        icon=":material/download:",
    )


def _describe_training(card: ModelCard) -> str:
    made = card.training
    parts = [f"Created {card.created}"]
    if "parameters" in made:
        parts.append(f"{made['parameters']:,} parameters")
    if "final_seconds" in made:
        parts.append(f"trained in {made['final_seconds'] / 60:.0f} minutes")
    if "seed" in made:
        parts.append(f"seed {made['seed']}")
    words_of = ", ".join(parts) + f". SHA-256 of the weights {card.weights_sha256[:16]}…"
    if card.distance_sha256:
        words_of += f", of the distances {card.distance_sha256[:16]}…"
    return words_of
