"""``interpret PATH...``: what is reported of a recording, urgent warnings first."""

import argparse
from collections.abc import Mapping
from typing import Any

from ecgcore.cli.common import add_input_arguments, for_each_recording
from ecgcore.cli.predict import Models, add_model_arguments
from ecgcore.interpret.decide import BALANCED, POLICIES
from ecgcore.interpret.interpret import interpret
from ecgcore.interpret.text import evidence_words
from ecgcore.recording import Recording
from ecgcore.results import Evidence
from ecgcore.study import Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_input_arguments(parser)
    add_model_arguments(parser)
    parser.add_argument(
        "--policy",
        choices=POLICIES,
        default=BALANCED,
        help="what a network's statement has to pass (default: %(default)s)",
    )
    parser.add_argument(
        "--measured-only", action="store_true", help="ask no network: by measurement alone"
    )


def run(args: argparse.Namespace) -> int:
    """Interpret every recording; return the exit status."""
    models = None if args.measured_only else Models(args.model)

    def action(recording: Recording, _file: str, given: argparse.Namespace) -> dict[str, Any]:
        model = None if models is None else models.of(recording, given.select_leads)
        study = Study(recording, leads=given.select_leads)
        return interpret(study, model, policy=given.policy).as_json()

    return for_each_recording(args, action, as_text=as_text)


def as_text(result: Mapping[str, Any]) -> str:
    """Return the interpretation for reading."""
    lines = [str(result["file"])]
    lines += [f"  URGENT: {one['term']}. {one['rule']}".rstrip() for one in result["urgent"]]
    lines.append(f"  {result['text']}")
    for one in result["statements"]:
        evidence = "; ".join(evidence_words(Evidence(**each)) for each in one["evidence"])
        lines.append(f"    {one['term']} ({one['decided_by']}) {evidence}".rstrip())
    lines.append("  Research and teaching use, not a medical device.")
    return "\n".join(lines) + "\n"
