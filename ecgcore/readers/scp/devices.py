"""What hand-held devices store in an SCP-ECG record instead of signed 16-bit samples.

Facts from published descriptions of the Creative PC-80B and of devices of its kind.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]
_MARK = 0x8000
_MAX_MARKED = 0.02
_ADC_CODES, _ADC_MIDDLE = 4096, 2048
_MAKERS_LEAD = 100  # from this code on leads are the manufacturer's own, before version 3.0


def repair_steps(
    rows: list[Rows], codes: Sequence[int], *, dummy_table: bool, version: int, notes: list[str]
) -> list[Rows]:
    """Return uncompressed amplitudes as the standard means them.

    Some devices write the high byte first; some set the highest bit at each R peak they found;
    some store the codes of a 12-bit converter, whose middle is no voltage, under a lead code of
    their own.

    Parameters
    ----------
    rows : list of array, each of shape (n_samples,)
    codes : sequence of int
        The leads' codes.
    dummy_table : bool
        Whether the record has a Huffman table that codes nothing.
    version : int
    notes : list of str
        Gets a sentence for each repair.
    """
    if dummy_table and _swapped_is_smooth(rows):
        rows = [_swap_bytes(row) for row in rows]
        notes.append("The samples are stored with the high byte first.")
    marked = [_drop_marks(row) for row in rows]
    if any(new is not None for new in marked):
        rows = [row if new is None else new for row, new in zip(rows, marked, strict=True)]
        notes.append("Marks that the device set in the samples at the R peaks were removed.")
    own = version < 30 and all(code >= _MAKERS_LEAD for code in codes)
    if dummy_table and own and all(map(_is_converter_code, rows)):
        rows = [row - _ADC_MIDDLE for row in rows]
        notes.append(
            f"The samples are codes of a 12-bit converter; its middle, {_ADC_MIDDLE}, was taken "
            "as zero."
        )
    return rows


def _swap_bytes(row: Rows) -> Rows:
    swapped = np.nan_to_num(row).astype(np.int16).byteswap().astype(np.float32)
    return np.where(np.isnan(row), np.nan, swapped)


def _swapped_is_smooth(rows: Sequence[Rows]) -> bool:
    """Return whether the samples make a smooth trace only with their bytes swapped."""

    def rough(row: Rows) -> float:
        steps = np.abs(np.diff(row[~np.isnan(row)]))
        return float(np.median(steps)) if steps.size else 0.0

    return all(4 * rough(_swap_bytes(row)) < rough(row) for row in rows)


def _drop_marks(row: Rows) -> Rows | None:
    """Return the samples without the marks in their highest bit, None where there are none."""
    marked = row < 0
    rest = row[~marked & ~np.isnan(row)]
    if not 0 < marked.sum() <= _MAX_MARKED * len(row) or not rest.size:
        return None
    # A true negative sample, taken for a mark, would lie near 32,767: far from all the others.
    plain = row[marked] + _MARK
    low, high = float(rest.min()), float(rest.max())
    margin = max(high - low, 1.0)
    if ((plain < low - margin) | (plain > high + margin)).any():
        return None
    unmarked = row.copy()
    unmarked[marked] = plain
    return unmarked


def _is_converter_code(row: Rows) -> bool:
    known = row[~np.isnan(row)]
    if not known.size or known.min() < 0 or known.max() >= _ADC_CODES:
        return False
    return bool(_ADC_MIDDLE // 2 < np.median(known) < _ADC_MIDDLE * 3 // 2)
