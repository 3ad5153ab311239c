"""Intervals that NeuroKit2 measures on clean simulated records, against their truth: a table.

    .venv/bin/python -m benchmarks.simulate_intervals [--seeds 3] [--cases rbbb,lbbb]

NeuroKit2 (wavelet delineation) marks each of the eight independent leads by itself, at the largest
deflection of each true QRS, turned upright: it expects a positive R.  A mark of a beat is the
median over the leads.  Differences are measured less true, in ms, median over the beats of all
seeds.
"""

import argparse
import warnings
from collections import defaultdict

import neurokit2 as nk
import numpy as np
from numpy.typing import NDArray

from ecgcore.leads import INDEPENDENT_8
from ecgcore.simulate import TRAINING_CASES, simulate
from ecgcore.simulate.truth import TrueBeat, Truth

FS_HZ = 500.0
GOAL_MS = 10.0
MARKS = {
    "p_onset": "ECG_P_Onsets",
    "qrs_onset": "ECG_R_Onsets",
    "qrs_offset": "ECG_R_Offsets",
    "t_offset": "ECG_T_Offsets",
}
INTERVALS = {
    "PR": ("p_onset", "qrs_onset"),
    "QRS": ("qrs_onset", "qrs_offset"),
    "QT": ("qrs_onset", "t_offset"),
}
# How far a mark may lie from the truth and still be about the same wave.
SAME_WAVE_S = 0.06


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cases", default="")
    args = parser.parse_args()
    names = args.cases.split(",") if args.cases else twelve_lead_cases()
    print(f"{'case':42}" + "".join(f"{name:>16}" for name in INTERVALS))
    everything: dict[str, list[float]] = defaultdict(list)
    within = total = 0
    for name in names:
        found: dict[str, list[float]] = defaultdict(list)
        for seed in range(args.seeds):
            for interval, values in differences(name, seed).items():
                found[interval] += values
        cells = []
        for interval in INTERVALS:
            values = found[interval]
            if len(values) < 3:
                cells.append(f"{'-':>16}")
                continue
            middle = float(np.median(values))
            everything[interval].append(middle)
            total += 1
            within += abs(middle) <= GOAL_MS
            cells.append(f"{middle:+9.1f} ({len(values):3d})")
        print(f"{name:42}" + "".join(f"{cell:>16}" for cell in cells), flush=True)
    for interval, values in everything.items():
        print(f"median over cases, {interval}: {np.median(values):+.1f} ms")
    print(f"{within} of {total} case medians are within {GOAL_MS:g} ms")


def twelve_lead_cases() -> list[str]:
    return [
        name for name, spec in TRAINING_CASES.items() if len(spec.leads) == 12 and "+" not in name
    ]


def differences(name: str, seed: int) -> dict[str, list[float]]:
    """Return measured less true, in ms, for each interval of each own beat of one record."""
    made = simulate(name, seed=seed, fs_hz=FS_HZ, noise="none")
    marks = global_marks(made.recording.select(INDEPENDENT_8).signal, made.truth)
    out: dict[str, list[float]] = defaultdict(list)
    for i, beat in enumerate(made.truth.beats):
        if beat.origin == "premature":
            continue
        for interval, (start, stop) in INTERVALS.items():
            true = span(beat, start, stop)
            first, last = marks[start][i], marks[stop][i]
            if true is not None and np.isfinite(first) and np.isfinite(last):
                out[interval].append(1e3 * (last - first) - true)
    return out


def span(beat: TrueBeat, start: str, stop: str) -> float | None:
    first, last = getattr(beat, start), getattr(beat, stop)
    return None if first is None or last is None else 1e3 * (last - first)


def global_marks(signal: NDArray[np.float32], truth: Truth) -> dict[str, NDArray[np.float64]]:
    """Return each mark in seconds, beat by beat: the median over the leads that have it."""
    rows: dict[str, list[NDArray[np.float64]]] = defaultdict(list)
    for lead in signal.astype(np.float64):
        upright, peaks = turned_upright(lead, truth)
        marks = lead_marks(upright, peaks)
        for name, key in MARKS.items():
            rows[name].append(near_truth(marks.get(key, []), name, truth))
    with warnings.catch_warnings():
        # A beat that no lead has a mark of stays NaN and is left out.
        warnings.simplefilter("ignore", RuntimeWarning)
        return {name: np.nanmedian(np.stack(values), axis=0) for name, values in rows.items()}


def turned_upright(
    lead: NDArray[np.float64], truth: Truth
) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """Return the lead with its main deflection upwards, and where that peaks in each beat."""
    spans = [(round(b.qrs_onset * FS_HZ), round(b.qrs_offset * FS_HZ) + 1) for b in truth.beats]
    pieces = [lead[start:stop] - lead[start] for start, stop in spans]
    up = np.median([p.max() + p.min() for p in pieces]) >= 0
    sign = 1.0 if up else -1.0
    peaks = [start + int(np.argmax(sign * p)) for (start, _), p in zip(spans, pieces, strict=True)]
    return sign * lead, np.array(peaks)


def lead_marks(lead: NDArray[np.float64], peaks: NDArray[np.int_]) -> dict[str, list[float]]:
    with warnings.catch_warnings():
        # NeuroKit2 warns where it finds nothing in a flat lead; the table shows the counts.
        warnings.simplefilter("ignore")
        try:
            return dict(nk.ecg_delineate(lead, peaks, sampling_rate=FS_HZ, method="dwt")[1])
        except (ValueError, IndexError, ZeroDivisionError):
            return {}


def near_truth(marks: list[float], name: str, truth: Truth) -> NDArray[np.float64]:
    """Return for each beat the mark that lies nearest to where the wave is, NaN if none is near.

    NeuroKit2's lists can be shorter than the list of beats.
    """
    at = np.array([m for m in marks if np.isfinite(m)]) / FS_HZ
    out = np.full(len(truth.beats), np.nan)
    for i, beat in enumerate(truth.beats):
        true = getattr(beat, name)
        if true is None or not at.size:
            continue
        nearest = at[np.argmin(np.abs(at - true))]
        if abs(nearest - true) <= SAME_WAVE_S:
            out[i] = nearest
    return out


if __name__ == "__main__":
    main()
