"""The command line: ``ecgcore COMMAND``, or ``python -m ecgcore COMMAND``.

One module a command, imported only when that command is asked for.  Each module offers
``add_arguments(parser)`` and ``run(args) -> int`` (the exit status).
"""

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Sequence

from ecgcore import __version__
from ecgcore.errors import EcgError, explain_shortage

EXIT_OK = 0
EXIT_ERROR = 2

# Command -> (module, one line of help).
COMMANDS = {
    "read": ("ecgcore.cli.read", "read recordings and say what is in them"),
    "measure": ("ecgcore.cli.measure", "waves, intervals, axes and signal quality"),
    "predict": ("ecgcore.cli.predict", "a trained model's findings"),
    "interpret": ("ecgcore.cli.interpret", "the report: urgent warnings, statements, text"),
    "explain": ("ecgcore.cli.explain", "where a model looked for one statement"),
    "anomaly": ("ecgcore.cli.anomaly", "how unusual a recording is, and where"),
    "convert": ("ecgcore.cli.convert", "write recordings as WFDB, DICOM, CSV or EDF"),
    "simulate": ("ecgcore.cli.simulate", "write a simulated recording with its truth"),
    "prepare": ("ecgcore.cli.prepare", "pack a public data set in full, for training"),
    "train": ("ecgcore.cli.train", "train a model from a recipe"),
    "train-public": ("ecgcore.cli.train_public", "train on one task of a public data set"),
    "evaluate": ("ecgcore.cli.evaluate", "measure a trained model on the fixed splits"),
    "population": ("ecgcore.cli.population", "what a model looks at over the test split"),
    "explanations": ("ecgcore.cli.explanations", "what stands beside a model for its maps"),
    "score": ("ecgcore.cli.score", "measure any network's predictions on a public data set"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status (0 done, 2 bad usage or unreadable input)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="ecgcore", description=__doc__)
    parser.add_argument("--version", action="version", version=f"ecgcore {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for name, (module_name, help_line) in COMMANDS.items():
        sub = commands.add_parser(name, help=help_line, description=help_line)
        if name == wanted:
            module = importlib.import_module(module_name)
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    args = parser.parse_args(arguments)
    try:
        return int(args.run(args))
    except EcgError as error:
        sys.stderr.write(f"error: {error}\n")
    except KeyboardInterrupt:
        sys.stderr.write("error: stopped before the end; nothing after this point was done.\n")
    except BrokenPipeError:
        sys.stderr.close()
    except OSError as error:
        if explain_shortage(error) is None:
            raise
        _give_up_output()
        reason = (error.strerror or "no room").lower()
        sys.stderr.write(
            f"error: The output cannot be written or the work not done: {reason}; make room, or "
            "write to another place.\n"
        )
    return EXIT_ERROR


def _give_up_output() -> None:
    """Let what could not be written go nowhere, and not fail once more at the end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
