"""``explain PATH --label CODE``: where a model looked for one statement."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecgcore.cli.common import add_input_arguments, for_each_recording, write_npz
from ecgcore.cli.predict import Models, add_model_arguments, describe_model
from ecgcore.errors import EcgError
from ecgcore.explain import METHODS, Description, Explainer, describe, rate_faithfulness
from ecgcore.explain.explainer import WINDOWS
from ecgcore.recording import Recording
from ecgcore.results import Attribution, LeadValues
from ecgcore.study import Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_input_arguments(parser, several=False)
    add_model_arguments(parser)
    parser.add_argument("--label", required=True, metavar="CODE", help="for example AF")
    parser.add_argument("--method", required=True, choices=sorted(METHODS))
    parser.add_argument("--out", required=True, metavar="FILE.npz", help="file for the map")
    parser.add_argument(
        "--windows",
        choices=WINDOWS,
        default="all",
        help="of a recording of over 60 s: all its windows (default), or the highest alone",
    )


def run(args: argparse.Namespace) -> int:
    """Explain one recording; return the exit status."""
    models = Models(args.model)
    out = Path(args.out)
    if out.suffix != ".npz":
        raise EcgError(f"{args.out}: the map is written as .npz; give a name that ends so.")

    def action(recording: Recording, _file: str, given: argparse.Namespace) -> dict[str, Any]:
        model = models.of(recording, given.select_leads)
        explainer = Explainer(model, Study(recording, leads=given.select_leads))
        found = explainer.explain(given.label, given.method, windows=given.windows)
        made_by = describe_model(model)
        arrays = {"attribution": found.values, "leads": found.leads, "fs_hz": found.fs_hz}
        write_npz(out, arrays, digest=recording.provenance.sha256, model=made_by)
        return made_by | as_json(found, describe(explainer, found))

    return for_each_recording(args, action, as_text=as_text)


def as_json(found: Attribution, said: Description) -> dict[str, Any]:
    """Return an explanation as the command prints it, without the model."""
    light = rate_faithfulness(found.self_check)
    made = {
        "method": found.method,
        "label": found.label,
        "seconds": found.seconds,
        "method_seconds": found.method_seconds,
        "signed": found.signed,
        "window_s": found.window_s,
        "faithfulness": {"light": light.light, "words": light.words},
        "self_check": [
            {"name": c.name, "value": c.value, "passed": c.passed, "words": c.words}
            for c in found.self_check
        ],
        "lead_share": found.lead_share(),
        "words": said.sentence,
        "places": [
            {"leads": x.leads, "wave": x.wave, "beats": [b + 1 for b in x.beats], "share": x.share}
            for x in said.lines
        ],
        "textbook": _textbook_json(said),
    }
    return (
        made
        if found.lead_values is None
        else made | {"lead_values": _leads_json(found.lead_values)}
    )


def _textbook_json(said: Description) -> dict[str, Any] | None:
    if said.place is None:
        return None
    made: dict[str, Any] = {
        "waves": said.place.waves,
        "leads": said.place.leads,
        "words": said.place.criterion,
        "source": said.place.source,
    }
    if said.overlap is not None:
        made |= {"share": said.overlap.share, "even_share": said.overlap.expected}
    return made


def _leads_json(values: LeadValues) -> dict[str, Any]:
    """Return the players' values, the second view, and the pairs that interact."""
    names = values.players
    return {
        "independent": dict(zip(names, values.values, strict=True)),
        "limb_plane_and_chest": dict(zip(values.groups, values.group_values, strict=True)),
        "interactions": [
            {"leads": [names[i], names[j]], "value": values.interactions[i, j]}
            for i in range(len(names))
            for j in range(i + 1, len(names))
        ],
        "empty": values.empty,
    }


_PASSED = {True: "passed", False: "not passed", None: "stated"}


def as_text(result: Mapping[str, Any]) -> str:
    """Return an explanation for reading."""
    lines = [f"{result['file']}  ({result['model']}, {result['label']}, {result['method']})"]
    lines += [
        f"  {c['name']}: {c['value']:.3f}, {_PASSED[c['passed']]}. {c['words']}"
        for c in result["self_check"]
    ]
    shares = [f"{lead} {share:.0%}" for lead, share in result["lead_share"].items()]
    lines.append("  Share of the attribution: " + ", ".join(shares))
    lines.append(f"  {result['words']}")
    if result["textbook"]:
        lines.append(f"  Textbook: {result['textbook']['words']}.")
    lines.append(f"  {result['faithfulness']['words']}")
    lines.append("  A passed check means faithful to the model, never right.")
    return "\n".join(lines) + "\n"
