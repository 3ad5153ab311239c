"""``predict PATH...``: a trained model's findings."""

import argparse
from collections.abc import Mapping
from typing import Any

from ecgcore.cli.common import add_input_arguments, for_each_recording, quality_json
from ecgcore.inference import LoadedModel, load_model, model_for
from ecgcore.interpret import assess
from ecgcore.leads import canonical_lead
from ecgcore.recording import Recording
from ecgcore.results import Finding, Prediction
from ecgcore.study import Study
from ecgcore.units import format_clock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_input_arguments(parser)
    add_model_arguments(parser)
    parser.add_argument(
        "--windows", action="store_true", help="also the findings of each 10 s window"
    )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--model`` and ``--select-leads``."""
    parser.add_argument(
        "--model",
        metavar="NAME",
        help="a model's name, or its folder; by default the one for one lead or for several, "
        "as each recording has",
    )
    parser.add_argument(
        "--select-leads", type=_parse_leads, metavar="I,II,...", help="use only these leads"
    )


class Models:
    """The model that was named, or for each recording the one that is its default.

    Raises
    ------
    ModelError
        If the named one cannot be loaded.
    """

    def __init__(self, name: str | None) -> None:
        self.named = None if name is None else load_model(name)
        self._loaded: dict[str, LoadedModel] = {}

    def of(self, recording: Recording, leads: tuple[str, ...] | None) -> LoadedModel:
        """Return the model for a recording, each loaded once."""
        if self.named is not None:
            return self.named
        name = model_for(recording, leads)
        if name not in self._loaded:
            self._loaded[name] = load_model(name)
        return self._loaded[name]


def _parse_leads(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("no lead is named; give for example I,II")
    # A name that is not known stays as it is: the recording may have a lead called so.
    return tuple(dict.fromkeys(canonical_lead(name) or name for name in names))


def run(args: argparse.Namespace) -> int:
    """Predict every recording; return the exit status."""
    model = Models(args.model)

    def action(recording: Recording, _file: str, given: argparse.Namespace) -> dict[str, Any]:
        chosen = model.of(recording, given.select_leads)
        found = assess(chosen, Study(recording, leads=given.select_leads), windows=given.windows)
        return describe_model(chosen) | as_json(found, windows=given.windows)

    return for_each_recording(args, action, as_text=as_text)


def describe_model(model: LoadedModel) -> dict[str, str]:
    """Return which network it was: its name, and the digest of its weights."""
    return {"model": model.name, "weights_sha256": model.card.weights_sha256}


def as_json(found: Prediction, *, windows: bool) -> dict[str, Any]:
    """Return a prediction as the command prints it, without the model."""
    out: dict[str, Any] = {
        "leads_used": list(found.leads_used),
        "labels": [_label_json(finding) for finding in found.findings],
        "abstained": found.abstained,
        "abstain_reason": found.abstain_reason,
        "not_assessed": [
            {"start_s": part.start_s, "end_s": part.end_s, "reason": part.reason}
            for part in found.not_assessed
        ],
        "quality": quality_json(found.quality),
    }
    if windows:
        out["windows"] = [
            {"start_s": w.start_s, "end_s": w.end_s, "labels": [_label_json(f) for f in w.findings]}
            for w in found.windows
        ]
    return out


def _label_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "probability": finding.probability,
        "calibrated": finding.calibrated,
        "threshold": finding.threshold,
        "finding": finding.finding,
        "reason": finding.reason,
    }


_WORDS = {True: "flagged", False: "not flagged", None: "not assessed"}


def as_text(result: Mapping[str, Any]) -> str:
    """Return a prediction for reading."""
    lines = [f"{result['file']}  ({result['model']}, leads {', '.join(result['leads_used'])})"]
    for label in result["labels"]:
        mark = "" if label["calibrated"] else "  not calibrated"
        lines.append(
            f"  {label['code']:5s} {label['name']:30s} {label['probability']:.3f}  "
            f"{_WORDS[label['finding']]} (from {label['threshold']:.3f}){mark}"
        )
        if label["reason"]:
            lines.append(f"        {label['reason']}")
    if result["abstained"]:
        lines.append(f"  Abstained: {result['abstain_reason']}")
    lines += [
        f"  Not assessed: {format_clock(part['start_s'])} to {format_clock(part['end_s'])}: "
        f"{part['reason']}"
        for part in result["not_assessed"]
    ]
    lines += [f"  Quality: {reason}" for reason in result["quality"]["reasons"]]
    for window in result.get("windows", ()):
        flagged = [label["code"] for label in window["labels"] if label["finding"]]
        words = ", ".join(flagged) or "nothing flagged"
        lines.append(f"  {window['start_s']:.1f} to {window['end_s']:.1f} s: {words}")
    lines.append("  Research and teaching use, not a medical device.")
    return "\n".join(lines) + "\n"
