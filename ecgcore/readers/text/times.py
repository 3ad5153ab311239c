"""The sampling rate from a column of time."""

import numpy as np
from numpy.typing import NDArray

from ecgcore.errors import ReadError
from ecgcore.recording import MAX_FS_HZ

# A time column without a unit: exactly one of seconds, ms and us makes a rate an ECG can have.
PLAUSIBLE_HZ = (50.0, 5000.0)
SLOWEST_HZ = 20.0
_SCALES = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9}


@np.errstate(over="ignore", invalid="ignore")
def is_progression(values: NDArray[np.float64]) -> bool:
    """Return whether values rise evenly, as a count or a clock does and no ECG."""
    if values.size < 3 or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    typical = float(np.median(steps))
    return typical > 0 and bool(np.all(np.abs(steps - typical) <= 0.51 * typical))


@np.errstate(over="ignore", invalid="ignore")
def find_rate_from_time(
    values: NDArray[np.float64],
    seconds_per_unit: float | None,
    notes: list[str],
    *,
    name_it: bool = False,
) -> float | None:
    """Return the sampling rate in Hz.

    Parameters
    ----------
    values : array, shape (n_samples,)
        Time, in its unit.
    seconds_per_unit : float or None
        None where the header names no unit; then the unit is the only one of seconds, ms and us
        that makes 50 to 5,000 Hz, which is noted.
    notes : list of str
    name_it : bool
        The column has no name: say that it was taken for time.

    Returns
    -------
    float or None
        None where the unit stays open or there are too few samples.

    Raises
    ------
    ReadError
        Where time stands still, runs backwards, or has gaps.
    """
    if values.size < 2:
        return None
    step = _find_even_step(values, seconds_per_unit)
    if seconds_per_unit is None:
        fits = [
            (unit, scale)
            for unit, scale in _SCALES.items()
            if PLAUSIBLE_HZ[0] * step * scale <= 1 <= PLAUSIBLE_HZ[1] * step * scale
        ]
        if len(fits) != 1 or (name_it and float(step).is_integer()):
            return None
        unit, seconds_per_unit = fits[0]
        what = "The first column has no name; it was" if name_it else "The time column is"
        notes.append(f"{what} read in {unit}, the only unit that fits its steps of {step:.6g}.")
    if step * seconds_per_unit * MAX_FS_HZ < 0.5:
        raise ReadError(f"The time column has steps of {step:.3g}; too fast for an ECG.")
    rate = 1 / (step * seconds_per_unit)
    if rate < SLOWEST_HZ:
        raise ReadError(f"The time column gives {rate:.3g} Hz, not a possible rate for an ECG.")
    # Printed times are rounded: a whole number of Hz within that rounding is what was meant.
    nearest = round(rate)
    rounding = _find_resolution(values) / (values[-1] - values[0])
    if nearest > 0 and abs(rate - nearest) <= rate * (rounding + 1e-6):
        rate = float(nearest)
    return float(rate)


def _find_even_step(values: NDArray[np.float64], seconds_per_unit: float | None) -> float:
    if not np.isfinite(values).all():
        raise ReadError("The time column has empty cells; every sample needs its time.")
    steps = np.diff(values)
    typical = float(np.median(steps))
    if typical == 0 and steps.min() == 0 and steps.max() > 0:
        raise ReadError(_explain_repeated(values, seconds_per_unit))
    if typical <= 0:
        raise ReadError("The time column does not rise; samples must follow each other in time.")
    # Times rounded to the printed digits may be half a step off, a lost sample is a whole one.
    wrong = np.flatnonzero(np.abs(steps - typical) > 0.51 * typical)
    if wrong.size:
        at = int(wrong[0])
        raise ReadError(
            f"The time column is irregular: after sample {at + 1} it continues by {steps[at]:.6g} "
            f"instead of {typical:.6g}; samples must be evenly spaced."
        )
    return float(values[-1] - values[0]) / (values.size - 1)


def _explain_repeated(values: NDArray[np.float64], seconds_per_unit: float | None) -> str:
    """Return the sentence on times that packets of samples share."""
    times, counts = np.unique(values, return_counts=True)
    told = (
        f"The time column repeats its times, as recorders that send packets do: "
        f"{counts[0]} samples have the time {times[0]:.6g}, the next {counts[1]} {times[1]:.6g}"
    )
    seconds = float(times[-1] - times[0]) * (seconds_per_unit or 0.0)
    # The last packet's length is not known.
    mean = f" (on average {counts[:-1].sum() / seconds:.4g} Hz)" if seconds > 0 else ""
    return f"{told}{mean}."


def _find_resolution(values: NDArray[np.float64]) -> float:
    """Return the last printed digit's worth: the largest power of ten that makes all whole."""
    sample = values[:1000]
    for digits in range(9):
        if np.allclose(sample * 10**digits, np.round(sample * 10**digits), rtol=0, atol=1e-4):
            return float(10.0**-digits)
    return 0.0
