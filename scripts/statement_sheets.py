"""Write a PDF with one sheet for every statement that can be simulated, to be looked at.

    .venv/bin/python scripts/statement_sheets.py --out sheets.pdf [--seed 1] [--vary 0.4] [--masks]

Needs `pdfunite` (poppler-utils).  What it writes is not part of the repository.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from ecgcore.recording import Recording
from ecgcore.render.overlay import Overlay
from ecgcore.render.paper import PaperSettings, lay_out, list_layouts
from ecgcore.render.pdf import pdf
from ecgcore.simulate import CASES, STATEMENTS, Simulation, simulate
from ecgcore.simulate.cases_rhythm import RHYTHM_TABLE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--vary", type=float)
    parser.add_argument("--cases", default="", help="names separated by commas; else all")
    parser.add_argument("--masks", action="store_true", help="shade where it is visible")
    args = parser.parse_args()
    names = (
        args.cases.split(",") if args.cases else [n for n, c in CASES.items() if c.duration_s < 60]
    )
    with tempfile.TemporaryDirectory() as folder:
        pages = []
        for name in names:
            page = Path(folder) / f"{len(pages):03}.pdf"
            made = simulate(name, seed=args.seed, vary=args.vary)
            page.write_bytes(sheet(name, made, masks=args.masks))
            pages.append(page)
        subprocess.run(["pdfunite", *map(str, pages), str(args.out)], check=True)
    sys.stdout.write(f"{args.out}: {len(names)} sheets\n")
    return 0


def sheet(name: str, made: Simulation, *, masks: bool) -> bytes:
    recording, truth = made.recording, made.truth
    layout = list_layouts(recording.leads)[0]
    settings = PaperSettings(layout=layout, rhythm_lead=rhythm_lead(recording))
    placed = lay_out(recording.leads, recording.duration_s, settings)
    values = {
        "rate": truth.heart_rate_bpm,
        "PR": truth.pr_ms,
        "QRS": truth.qrs_ms,
        "QT": truth.qt_ms,
        "QTc": truth.qtc_ms,
        "axis": truth.qrs_axis_deg,
    }
    measured = ", ".join(f"{k} {v:.0f}" for k, v in values.items() if v is not None)
    looks = [f"{c.title}: {c.looks}." for n, c in RHYTHM_TABLE.items() if n == name]
    lines = [
        *looks,
        *(
            f"{STATEMENTS[key].title}: {STATEMENTS[key].criterion}."[:170]
            for key in truth.statements
        ),
    ]
    return pdf(
        recording,
        placed,
        header=(f"{name} [{', '.join(truth.labels)}]",),
        footer=(f"Simulated, seed {truth.seed}. {measured}",),
        lines=tuple(lines),
        overlay=shading(made) if masks else None,
    )


def rhythm_lead(recording: Recording) -> str:
    return "II" if "II" in recording.leads else recording.leads[0]


def shading(made: Simulation) -> Overlay | None:
    if not made.masks:
        return None
    lit = np.any(np.stack(list(made.masks.values())), axis=0)
    return Overlay(
        values=lit.astype(np.float32),
        leads=made.recording.leads,
        fs_hz=made.recording.fs_hz,
    )


if __name__ == "__main__":
    sys.exit(main())
