"""Pauses, escape rhythms and P waves alone: how many beats are found and how many are invented."""

from collections.abc import Callable, Iterator

import numpy as np

from ecgcore.evaluation.waves import match_times
from ecgcore.recording import Recording
from ecgcore.signal.beats import detect_beats
from ecgcore.simulate.arrest import lay_beats

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


def strips(noise_uv: float, fs_hz: float, seeds: range) -> Iterator[tuple[str, Recording, Array]]:
    """Yield the kind of strip, the strip and its beats."""
    for seed in seeds:
        for case in CASES:
            for p_waves in (False, True):
                words = "with P waves" if p_waves else "no P waves"
                made = {f"pause {s:g} s": _pause(s, p_waves=p_waves) for s in PAUSES_S}
                made |= {f"escape {b:g}/min": _escape(b, p_waves=p_waves) for b in ESCAPES_BPM}
                for name, (beats, p, duration_s) in made.items():
                    strip = lay_beats(
                        beats,
                        p,
                        duration_s=duration_s,
                        case=case,
                        seed=seed,
                        fs_hz=fs_hz,
                        noise_uv=noise_uv,
                    )
                    yield f"{name}, {words}", strip, np.array(beats)


def sweep(seeds: int, detect: Detect = detect_beats) -> dict[str, object]:
    """Return sensitivity and predictivity by pause or escape rate, and by noise."""
    tables: dict[str, dict[str, Array]] = {"strip": {}, "noise": {}, "leads": {}, "rate": {}}
    for number, noise_uv in enumerate(NOISES_UV):
        fs_hz = RATES_HZ[number % len(RATES_HZ)]
        for name, strip, true in strips(noise_uv, fs_hz, range(seeds)):
            for leads, chosen in LEADS.items():
                part = strip if chosen is None else strip.select(chosen)
                found = detect(part.signal, fs_hz)
                at, _ = match_times(true, found, WINDOW_S)
                counts = np.array([at.size, true.size - at.size, found.size - at.size])
                keys = (name, f"{noise_uv} µV", leads, f"{fs_hz} Hz")
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
