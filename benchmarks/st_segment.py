"""How well ST, T and Q say infarction and ischemia: on simulations at the limits, and on records.

    .venv/bin/python -m benchmarks.st_segment
    .venv/bin/python -m benchmarks.st_segment --test

ST of a simulated normal ECG is raised to a multiple of the guideline's limit in the leads of a
wall, without noise and at 15 dB; the share warned of.  Then records with voltage of the fixed
splits (train and val; with ``--test`` test): warnings and statements on those labelled only normal;
ST depression as a score; infarct by Q waves beside the network, which learned from train.  95 %
intervals over patients.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ecgcore.datasets import TEST, Entry, data_root, load_index, load_recording, log_test_access
from ecgcore.errors import CannotAssessError
from ecgcore.evaluation.bootstrap import interval, patient_weights
from ecgcore.evaluation.metrics import class_auc
from ecgcore.evaluation.model_report import targets_of
from ecgcore.evaluation.side_words import table, words
from ecgcore.inference import DEFAULT_MODEL, LoadedModel, load_model, use_threads
from ecgcore.interpret.consistency import make_consistent
from ecgcore.interpret.facts import Facts
from ecgcore.interpret.rules import infarct, st_elevation, st_t
from ecgcore.interpret.st_picture import depression_score
from ecgcore.measure.st_segment import thresholds_mv
from ecgcore.recording import Patient, Recording
from ecgcore.results.interpreted import Call
from ecgcore.simulate import Simulation, simulate
from ecgcore.statements import statement
from ecgcore.study import Study
from ecgcore.units import MV

Array = NDArray[np.float64]
RULES = (*st_elevation.RULES, *infarct.RULES, *st_t.RULES)
CODES = ("SNR", "STD", "AMI", "IMI")
PATIENTS = (Patient(62.0, "male"), Patient(35.0, "male"), Patient(58.0, "female"))
# Multiples of the limit by lead.
WALLS = {
    "anterior": {"V1": 0.6, "V2": 1.0, "V3": 1.0, "V4": 1.2, "V5": 0.6},
    "anteroseptal": {"V1": 1.0, "V2": 1.0, "V3": 0.9},
    "anterolateral": {"V3": 1.0, "V4": 1.2, "V5": 1.2, "V6": 1.0},
    "lateral": {"I": 1.0, "aVL": 1.1, "V5": 1.0, "V6": 1.0},
    "high lateral": {"I": 1.0, "aVL": 1.2},
    "inferior": {"II": 1.0, "III": 1.3, "aVF": 1.15},
}
TIMES = (0.5, 0.8, 1.2, 2.0)
FIRST_SEED = 4000
# The limb leads in I and II.
LIMB = {
    "I": (1.0, 0.0),
    "II": (0.0, 1.0),
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
LEVEL_S, RISE_S, BEFORE_T_S, T_S = 0.012, 0.0025, 0.02, 0.18


def state(facts: Facts) -> list[Call]:
    """Return the statements of ST, T and Q."""
    made = [each for rule in RULES for each in rule(facts) if isinstance(each, Call)]
    return make_consistent(made)


# ---- simulation ---------------------------------------------------------------------------------


def raise_st(clean: Simulation, wanted: Mapping[str, float], noise: Array) -> Recording:
    """Return a simulated record with J at these levels, in mV, and noise added."""
    recording = clean.recording
    signal = recording.signal.astype(np.float64)
    added = {
        lead: mv - j_level(clean, signal[recording.leads.index(lead)])
        for lead, mv in wanted.items()
    }
    course = st_course(clean)
    for lead, mv in keep_einthoven(added).items():
        signal[recording.leads.index(lead)] += mv * course
    return replace(recording, signal=(signal + noise).astype(np.float32))


def j_level(clean: Simulation, row: Array) -> float:
    fs_hz, size = clean.recording.fs_hz, round(LEVEL_S * clean.recording.fs_hz)
    found = []
    for beat in clean.truth.beats[1:-1]:
        onset = round(beat.qrs_onset * fs_hz)
        found.append(row[round(beat.qrs_offset * fs_hz)] - row[onset - size : onset].mean())
    return float(np.median(found))


def st_course(clean: Simulation) -> Array:
    """Return ST of every beat: rising at J, staying, and falling with T."""
    fs_hz = clean.recording.fs_hz
    time_s = np.arange(clean.recording.n_samples) / fs_hz
    out = np.zeros(time_s.size)
    for beat in clean.truth.beats:
        peak = beat.t_peak or beat.qrs_offset + T_S
        end = beat.t_offset or peak + T_S
        start = peak - BEFORE_T_S
        rise = 1 / (1 + np.exp(-np.clip((time_s - beat.qrs_offset + 0.006) / RISE_S, -50, 50)))
        fall = 0.5 * (1 + np.cos(np.pi * np.clip((time_s - start) / (end - start), 0, 1)))
        out += rise * fall
    return out


def keep_einthoven(added: Mapping[str, float]) -> dict[str, float]:
    """Return what is added to every lead, the limb leads fitted by I and II."""
    limb = [lead for lead in added if lead in LIMB]
    out = {lead: mv for lead, mv in added.items() if lead not in LIMB}
    if limb:
        weights = np.array([LIMB[lead] for lead in limb])
        fitted, *_ = np.linalg.lstsq(weights, np.array([added[lead] for lead in limb]), rcond=None)
        out |= {lead: float(np.dot(row, fitted)) for lead, row in LIMB.items()}
    return out


def simulated_rows(n_seeds: int) -> list[list[str]]:
    rows = []
    for wall, shares in WALLS.items():
        row = [wall]
        for times in TIMES:
            for snr_db in (None, 15.0):
                hits = sum(
                    is_warned(wall, shares, times, seed, snr_db)
                    for seed in range(FIRST_SEED, FIRST_SEED + n_seeds)
                )
                row.append(f"{hits}/{n_seeds}")
        rows.append(row)
    return rows


def is_warned(
    wall: str, shares: Mapping[str, float], times: float, seed: int, snr_db: float | None
) -> bool:
    patient = PATIENTS[seed % len(PATIENTS)]
    clean = simulate("normal", seed=seed, noise="none")
    noise = np.zeros(clean.recording.signal.shape)
    if snr_db is not None:
        noisy = simulate("normal", seed=seed, noise=snr_db).recording.signal
        noise = noisy.astype(np.float64) - clean.recording.signal
    wanted = {
        lead: times * share * thresholds_mv(lead, patient)[0] for lead, share in shares.items()
    }
    recording = replace(raise_st(clean, wanted, noise), patient=patient)
    return any(call.code == st_elevation.STEMI for call in state(Facts(Study(recording))))


# ---- records ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Read:
    """One record with voltage: its statements, its score, and the network's findings."""

    entry: Entry
    calls: tuple[Call, ...]
    score: float
    flags: Mapping[str, bool]
    probabilities: Mapping[str, float]

    def states(self, code: str) -> bool:
        """Return whether a statement, or a kind of it, is made."""
        return any(code in (call.code, statement(call.code).kind_of) for call in self.calls)


def read_records(model: LoadedModel, splits: Sequence[str]) -> list[Read]:
    chosen = [e for e in load_index(data_root()) if e.split in splits and e.has_voltage]
    found = []
    for number, entry in enumerate(chosen, start=1):
        recording = load_recording(entry)
        if recording.unit != MV:
            continue
        study = Study(recording)
        facts = Facts(study)
        try:
            findings = study.predict(model).findings
        except CannotAssessError:
            findings = ()
        found.append(
            Read(
                entry,
                tuple(state(facts)),
                depression_score(facts.st_picture),
                {each.code: each.finding is True for each in findings},
                {each.code: each.probability for each in findings},
            )
        )
        if number % 100 == 0:
            sys.stderr.write(f"read {number} of {len(chosen)}\n")
    return found


def normal_text(reads: Sequence[Read], targets: Array) -> str:
    normal = [read for read, y in zip(reads, targets[:, 0], strict=True) if y == 1]
    urgent = sum(any(call.urgent for call in read.calls) for read in normal)
    counted = Counter(call.code for read in normal for call in read.calls)
    per_record = sum(counted.values()) / max(1, len(normal))
    return (
        f"Labelled only normal: {len(normal)} records, {urgent} warned of, {per_record:.2f} "
        f"statements a record ({', '.join(f'{c} {n}' for c, n in counted.most_common())})."
    )


def depression_text(reads: Sequence[Read], targets: Array) -> str:
    rows = []
    for title, scores in (
        (
            "depression that two contiguous leads share, J + 60 to J + 80 ms",
            [r.score for r in reads],
        ),
        ("the network's probability", [r.probabilities.get("STD", 0.0) for r in reads]),
    ):
        y = targets[:, CODES.index("STD")]
        known = ~np.isnan(y)
        weights = patient_weights([r.entry.group for r, k in zip(reads, known, strict=True) if k])
        s = np.array(scores)[known]
        auc = interval(lambda w, y=y[known], s=s: class_auc(y, s, w), weights)
        rows.append([title, f"{int((y == 1).sum())} / {int((y == 0).sum())}", words(auc.as_dict())])
    return table(["ST depression by", "with / without", "AUC"], rows)


def infarct_text(reads: Sequence[Read], targets: Array) -> str:
    rows = []
    for code in ("STD", "AMI", "IMI"):
        y = targets[:, CODES.index(code)]
        for title, said in (
            ("measured", np.array([read.states(code) for read in reads])),
            ("network", np.array([read.flags.get(code, False) for read in reads])),
        ):
            right, wrong = said & (y == 1), said & (y == 0)
            rows.append(
                [
                    f"{code}, {title}",
                    f"{right.sum()} of {(y == 1).sum()}",
                    f"{wrong.sum()} of {(y == 0).sum()}",
                ]
            )
    return table(["Statement", "found", "false"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--test", action="store_true", help="the records of test instead")
    args = parser.parse_args()
    use_threads(1)
    model = load_model(args.model)
    if args.test:
        log_test_access(
            "benchmarks.st_segment --test",
            model=model.name,
            measured="warnings on normal records; ST depression and infarct by measurement",
        )
    head = [f"x{t:g}{noise}" for t in TIMES for noise in ("", ", 15 dB")]
    sys.stdout.write(table(["STEMI warned of", *head], simulated_rows(args.seeds)) + "\n\n")
    reads = read_records(model, (TEST,) if args.test else ("train", "val"))
    targets = targets_of([read.entry for read in reads], CODES)
    for text in (normal_text, depression_text, infarct_text):
        sys.stdout.write(text(reads, targets) + "\n\n")


if __name__ == "__main__":
    main()
