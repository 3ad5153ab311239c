"""What a printed sheet says: alarms, findings, what is not assessed, the map, and its origin."""

from collections.abc import Mapping

from ecgcore.explain import rate_faithfulness
from ecgcore.inference.card import ModelCard
from ecgcore.origin import SOFTWARE
from ecgcore.recording import Recording
from ecgcore.results import Attribution, Prediction
from ecgcore.signal.quality_words import lost_lead
from ecgcore.statements import statement, table_digest
from ecgcore.units import format_clock
from ui.desk.findings import format_value, sort_findings
from ui.desk.paper import Shading

# So much of a digest tells two files or tables apart on one sheet of paper.
SHORT_DIGEST = 16
_OVERLAY_WORDS = {"heat": "Shading", "trace": "Coloured trace"}


def format_findings(prediction: Prediction | str, verdicts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the findings as they are printed: the reader's word first, then the model's."""
    lines = []
    for word in ("confirmed", "dismissed"):
        said = [statement(code).term for code, given in verdicts.items() if given == word]
        if said:
            lines.append(f"Reader {word}: {', '.join(said)}")
    if isinstance(prediction, str):
        return (*lines, prediction)
    found = sort_findings(prediction.findings)
    if prediction.abstained:
        lines.append(f"The model abstains: {prediction.abstain_reason}")
    flagged = [
        f"{f.name} ({format_value(f)})" if f.calibrated else f.name
        for f in found
        if f.finding and f.code not in verdicts
    ]
    if flagged:
        lines.append(f"Suggested by {prediction.model}, not yet reviewed: {', '.join(flagged)}")
    lines += list_unassessed(prediction)
    unknown = [f.name for f in found if f.finding is None and f.code not in verdicts]
    if unknown and not prediction.abstained:
        lines.append(f"Cannot be assessed: {', '.join(unknown)}")
    lines += [lost_lead(lead) for lead in prediction.quality.bad_leads]
    return (*lines, "Not flagged does not mean absent.")


def list_unassessed(prediction: Prediction) -> list[str]:
    """Return one line for each stretch about which the model says nothing."""
    return [
        f"Not assessed, {format_clock(part.start_s)} to {format_clock(part.end_s)}: {part.reason}"
        for part in prediction.not_assessed
    ]


def describe_map(shading: Shading, attribution: Attribution) -> tuple[str, ...]:
    """Return what the colours mean, and how far they can be trusted."""
    kind, legend = _OVERLAY_WORDS[shading.overlay.style], shading.legend
    light = rate_faithfulness(attribution.self_check)
    words = f"{legend.label} (light: {legend.low}, dark: {legend.high})"
    return (f"{kind}: {words}. {light.words}",)


def describe_origin(recording: Recording, card: ModelCard | None) -> tuple[str, ...]:
    """Return from what and by what a sheet was made."""
    provenance = recording.provenance
    kind = "simulated ECG" if provenance.simulated else provenance.format
    source = f"Source: {kind or 'no file'}"
    if provenance.sha256:
        source += f", SHA-256 {provenance.sha256}"
    software = f"{SOFTWARE}   statement table SHA-256 {table_digest()[:SHORT_DIGEST]}"
    if card is None:
        return source, f"Software: {software}"
    return (
        source,
        f"Model: {card.full_name}, SHA-256 of its weights {card.weights_sha256}",
        f"Software: {software}",
    )
