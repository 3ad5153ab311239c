"""Beats in silence, and rates in noise: what is found, what is invented, what is withheld."""

from collections.abc import Callable, Iterator

import numpy as np

from ecgcore.datasets import data_root
from ecgcore.evaluation.waves import match_times
from ecgcore.measure.intervals import rate_measurements
from ecgcore.recording import Recording
from ecgcore.signal.beats import detect_beats, find_beats, make_traces
from ecgcore.signal.confidence import beat_confidence
from ecgcore.signal.rr import rr_before
from ecgcore.simulate.arrest import lay_beats
from ecgcore.training.fits.confidence import pieces

Array = np.ndarray
Detect = Callable[[Array, float], Array]
NOISES_UV = (2, 5, 10, 20, 50)
PAUSES_S = (2, 3.5, 5, 6.9, 10, 15, 20)
ESCAPES_BPM = (10, 12, 15, 20, 30, 40)
CASES = ("normal", "lbbb", "low-voltage")
LEADS: dict[str, tuple[str, ...] | None] = {"12 leads": None, "II": ("II",), "V1": ("V1",)}
RATES_HZ = (100, 250, 500, 1000)
WINDOW_S = 0.1


def _pause(pause_s: float, *, p_waves: bool) -> tuple[list[float], list[float], float]:
    """Return beats, P waves and the length of a strip at 70 a minute with one silence."""
    rr = 60 / 70
    before = [0.7 + rr * i for i in range(5)]
    after = [before[-1] + pause_s + rr * i for i in range(6)]
    beats = before + after
    p = [r - 0.16 for r in beats]
    if p_waves:
        p += [float(t) for t in np.arange(before[-1] + 0.6, after[0] - 0.35, 0.73)]
    return beats, p, beats[-1] + 0.8


def _escape(bpm: float, *, p_waves: bool) -> tuple[list[float], list[float], float]:
    duration_s = 30.0
    beats = [float(t) for t in np.arange(1.3, duration_s - 0.6, 60 / bpm)]
    p = [float(t) for t in np.arange(0.4, duration_s - 0.2, 60 / 82.0)] if p_waves else []
    return beats, p, duration_s


def strips(noise_uv: float, seeds: range) -> Iterator[tuple[str, Recording, Array]]:
    """Yield the kind of strip, the strip and its beats, at one rate after the other."""
    number = 0
    for seed in seeds:
        for case in CASES:
            for p_waves in (False, True):
                words = "with P waves" if p_waves else "no P waves"
                made = {f"pause {s:g} s": _pause(s, p_waves=p_waves) for s in PAUSES_S}
                made |= {f"escape {b:g}/min": _escape(b, p_waves=p_waves) for b in ESCAPES_BPM}
                for name, (beats, p, duration_s) in made.items():
                    number += 1
                    strip = lay_beats(
                        beats,
                        p,
                        duration_s=duration_s,
                        case=case,
                        seed=seed,
                        fs_hz=RATES_HZ[number % len(RATES_HZ)],
                        noise_uv=noise_uv,
                    )
                    yield f"{name}, {words}", strip, np.array(beats)


def sweep(seeds: int, detect: Detect = detect_beats) -> dict[str, object]:
    """Return sensitivity and predictivity by strip and noise, by leads and noise, by rate."""
    tables: dict[str, dict[str, Array]] = {"strip": {}, "leads": {}, "rate": {}}
    for noise_uv in NOISES_UV:
        band = "2 to 20 µV" if noise_uv <= 20 else f"{noise_uv} µV"
        for name, strip, true in strips(noise_uv, range(seeds)):
            for leads, chosen in LEADS.items():
                part = strip if chosen is None else strip.select(chosen)
                found = detect(part.signal, part.fs_hz)
                at, _ = match_times(true, found, WINDOW_S)
                counts = np.array([at.size, true.size - at.size, found.size - at.size])
                keys = (f"{name}, {band}", f"{leads}, {band}", f"{strip.fs_hz:g} Hz, {band}")
                for table, key in zip(tables.values(), keys, strict=True):
                    table[key] = table.get(key, np.zeros(3, int)) + counts
    return {
        title: {key: _words(*counts.tolist()) for key, counts in table.items()}
        for title, table in tables.items()
    }


def _words(found: int, missed: int, extra: int) -> str:
    return (
        f"sensitivity {found / max(found + missed, 1):.4f}, predictivity "
        f"{found / max(found + extra, 1):.4f} ({found} found, {missed} missed, {extra} extra)"
    )


def noisy_rates(seed: int = 2, per_record: int = 1) -> dict[str, str]:
    """Return, by signal-to-noise ratio, how far rates of DS1 with noise are off, and what is said.

    Pieces of one or two leads and 10 to 60 s, others than those that confidence was fitted on.
    """
    rows: dict[str, list[tuple[float, float]]] = {}
    for piece in pieces(data_root(), seed, per_record):
        traces = make_traces(piece.signal, piece.fs_hz)
        found = find_beats(traces)
        rate = rate_measurements(rr_before(found), 0.0, beat_confidence(traces, found))[0]
        true = 60.0 / float(np.diff(piece.r_s).mean())
        plain = 60.0 / float(np.diff(found).mean()) if found.size > 1 else float("nan")
        stated = float("inf") if rate.value is None else float(rate.uncertainty or 0.0)
        key = "no noise added" if piece.snr_db is None else f"{piece.snr_db:g} dB"
        rows.setdefault(key, []).append((abs(plain - true), stated))
    return {key: _rate_words(np.array(values)) for key, values in rows.items()}


def _rate_words(rows: Array) -> str:
    error, stated = rows.T
    withheld = ~np.isfinite(stated)
    off = ~(error <= 10)
    return (
        f"{len(rows)} pieces, {off.sum()} off by over 10/min, {(off & ~withheld).sum()} of these "
        f"stated, {(off & (stated < error)).sum()} with an uncertainty below the error; "
        f"{withheld.sum()} withheld, {(withheld & ~off).sum()} of these right; "
        f"median uncertainty {np.median(stated[~withheld]) if (~withheld).any() else 0:.2f}"
    )
