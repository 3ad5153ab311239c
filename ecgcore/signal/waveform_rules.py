"""From wave classes to a gain curve by a disease's rule: a table that a clinician can read.

The table is ``waveform_rules.toml``.  Numbers are a reconstruction (see there).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgcore.checks import check_option, check_range
from ecgcore.errors import InvalidArgumentError
from ecgcore.statements import CORE_CODES, place_of

# What every sample belongs to; the index is its code.
SEGMENTS = ("rest", "P", "PR", "QRS", "ST", "T", "TP", "T_without_P")
PAPER, EXTENSION = "paper", "extension"
ORIGINS = (PAPER, EXTENSION)
TABLE = Path(__file__).with_name("waveform_rules.toml")
# Classes of the delineator: none, P, QRS, T.
_P, _QRS, _T = 1, 2, 3
_OF_WAVE = np.array([SEGMENTS.index(name) for name in ("rest", "P", "QRS", "T")], dtype=np.uint8)
_PR, _ST, _TP = (SEGMENTS.index(name) for name in ("PR", "ST", "TP"))
_T_WITHOUT_P = SEGMENTS.index("T_without_P")
# The longest PR segment and ST segment (s); what is longer lies between two beats.
LONGEST_S = {_PR: 0.35, _ST: 0.30}


@dataclass(frozen=True)
class WaveformRule:
    """Where one disease is read.

    Attributes
    ----------
    code : str
        Of the statement.
    origin : str
        ``"paper"`` (the preprint's disease) or ``"extension"``.
    leads : tuple of str
        Where a reader looks first.
    source : str
    gains : tuple of float
        For each of :data:`SEGMENTS`, 0 to 1.
    """

    code: str
    origin: str
    leads: tuple[str, ...]
    source: str
    gains: tuple[float, ...]

    def curve(self, parts: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the gain of every sample of :func:`segments`, same shape."""
        return np.asarray(self.gains, dtype=np.float32)[parts]


def segments(classes: NDArray[np.uint8], fs_hz: float) -> NDArray[np.uint8]:
    """Return which wave or interval each sample belongs to.

    Parameters
    ----------
    classes : array of uint8, shape (n,)
        0 none, 1 P, 2 QRS, 3 T.
    fs_hz : float

    Returns
    -------
    array of uint8, shape (n,)
        Index into :data:`SEGMENTS`; 0 ("rest") throughout where there is no QRS complex.

    Raises
    ------
    InvalidArgumentError
        If ``classes`` is not one-dimensional or holds another class.
    """
    if classes.ndim != 1 or (classes.size and int(classes.max()) > _T):
        raise InvalidArgumentError(
            f"Wave classes have shape {classes.shape}; one of 0 to {_T} a sample is needed."
        )
    out = _OF_WAVE[classes]
    if not (classes == _QRS).any():
        return np.zeros_like(out)
    edges = np.flatnonzero(np.diff(classes)) + 1
    starts, stops = np.r_[0, edges], np.r_[edges, classes.size]
    waves = [int(k) for k in np.flatnonzero(classes[starts])]
    kinds = [int(classes[starts[k]]) for k in waves]
    spans = [(int(starts[k]), int(stops[k])) for k in waves]
    for (a, span_a), (b, span_b) in zip(
        zip(kinds, spans, strict=True), zip(kinds[1:], spans[1:], strict=True), strict=False
    ):
        gap = slice(span_a[1], span_b[0])
        out[gap] = _between(a, b, (gap.stop - gap.start) / fs_hz)
        if a == _T and b == _QRS:
            out[slice(*span_a)] = _T_WITHOUT_P
    out[: spans[0][0]] = _TP if kinds[0] != _T else 0
    out[spans[-1][1] :] = _TP if kinds[-1] == _T else 0
    return out


def _between(before: int, after: int, seconds: float) -> int:
    """Return what lies between two waves."""
    if before == _P and after == _QRS:
        return _PR if seconds <= LONGEST_S[_PR] else _TP
    if before == _QRS and after == _T:
        return _ST if seconds <= LONGEST_S[_ST] else 0
    return _TP if after in (_P, _QRS) else 0


def beats_with_p(parts: NDArray[np.uint8]) -> tuple[int, int]:
    """Return how many QRS complexes have a P wave before them, and how many there are."""
    edges = np.flatnonzero(np.diff(parts)) + 1
    kinds = parts[np.r_[0, edges]] if parts.size else parts
    qrs = np.flatnonzero(kinds == SEGMENTS.index("QRS"))
    p, pr = SEGMENTS.index("P"), _PR
    before = [
        (k >= 1 and kinds[k - 1] == p) or (k >= 2 and kinds[k - 1] == pr and kinds[k - 2] == p)
        for k in qrs
    ]
    return int(np.sum(before)), int(qrs.size)


@cache
def waveform_rules(path: Path = TABLE) -> Mapping[str, WaveformRule]:
    """Return the table, code -> rule, in the file's order.

    Raises
    ------
    InvalidArgumentError
        If the file is missing or no TOML, or an entry is missing, unknown or out of range.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidArgumentError(f"The rules {path.name} cannot be read: {error}.") from None
    return {
        check_option("a disease", code, CORE_CODES): _rule(code, row) for code, row in raw.items()
    }


def _rule(code: str, raw: Any) -> WaveformRule:
    wanted = {"origin", "source", "gain"}
    if not isinstance(raw, dict) or set(raw) != wanted:
        raise InvalidArgumentError(f"The rule of {code} needs {', '.join(sorted(wanted))}.")
    gain = raw["gain"]
    if not isinstance(gain, dict) or set(gain) != set(SEGMENTS):
        raise InvalidArgumentError(f"The gain of {code} needs {', '.join(SEGMENTS)}.")
    place = place_of(code)
    return WaveformRule(
        code=code,
        origin=check_option("origin", raw["origin"], ORIGINS),
        leads=() if place is None else place.first,
        source=str(raw["source"]),
        gains=tuple(check_range(f"{code}.{name}", gain[name], 0, 1) for name in SEGMENTS),
    )
