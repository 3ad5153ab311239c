"""A gain or a baseline named beside samples: never applied without knowing to what it belongs."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ecgcore.readers.assemble import join_words
from ecgcore.readers.base import clean_text
from ecgcore.readers.text.columns import normalise_key

_SCALE_KEYS = (
    "gain", "gains", "adc_gain", "adcgain", "resolution", "amplitude_resolution",
    "amplituderesolution", "scale", "scale_factor", "scaling_factor", "scalingfactor", "lsb",
    "units_per_mv", "counts_per_mv", "baseline", "offset", "adc_zero",
)  # fmt: skip


def note_scales(facts: Mapping[str, Any], notes: list[str]) -> None:
    """Note the values that speak of a step or a zero of the samples: they are not applied.

    Parameters
    ----------
    facts : mapping of str to object
        Names as the file writes them.
    notes : list of str
        Gets the sentence.
    """
    found = []
    for name, value in facts.items():
        if normalise_key(name) in _SCALE_KEYS:
            numbers = np.unique(np.asarray(value)) if _is_numeric(value) else np.array([])
            if numbers.size and not np.isin(numbers, (0, 1)).all():
                found.append(
                    f"{clean_text(name, 32)} {numbers[0]:g}{' ...' if numbers.size > 1 else ''}"
                )
    if found:
        notes.append(
            f"The file names {join_words(found)}, which was not applied: the samples were taken as "
            "they stand, in the unit told."
        )


def _is_numeric(value: object) -> bool:
    plain = isinstance(value, (int, float, np.number, np.ndarray)) and not isinstance(value, bool)
    return plain and np.asarray(value).dtype.kind in "iuf"
