"""The only unit conversions of the package, and how a time within a recording is written.

A recording is in millivolts (``"mV"``), or in normalised units (``"NU"``) where its file declares
that the voltage is lost.  A missing unit is never guessed from the amplitude.
"""

from ecgcore.errors import InvalidArgumentError

MV = "mV"
NU = "NU"

_MV_PER = {
    "v": 1e3,
    "volt": 1e3,
    "volts": 1e3,
    "mv": 1.0,
    "millivolt": 1.0,
    "millivolts": 1.0,
    "uv": 1e-3,
    "microvolt": 1e-3,
    "microvolts": 1e-3,
    "nv": 1e-6,
    "nanovolt": 1e-6,
    "nanovolts": 1e-6,
}
_NORMALISED = {"nu", "normalised", "normalized", "normalised units", "normalized units"}


def _key(unit: str) -> str:
    # U+00B5 (micro sign) and U+03BC (Greek mu) are both in use; Latin-1 files show "µ".
    return unit.strip().strip("[]()").lower().replace("\u00b5", "u").replace("\u03bc", "u")


def is_voltage(unit: str) -> bool:
    """Return whether ``unit`` names a voltage (V, mV, uV, nV; any case, either micro sign)."""
    return _key(unit) in _MV_PER


def is_normalised(unit: str) -> bool:
    """Return whether ``unit`` declares normalised units (voltage lost)."""
    return _key(unit) in _NORMALISED


def format_clock(time_s: float) -> str:
    """Return a time within a recording as ``m:ss`` (``h:mm:ss`` from one hour)."""
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def mv_per(unit: str) -> float:
    """Return how many millivolts one ``unit`` is.

    Raises
    ------
    InvalidArgumentError
        If ``unit`` is not a voltage.
    """
    try:
        return _MV_PER[_key(unit)]
    except KeyError:
        raise InvalidArgumentError(
            f"The unit {unit!r} is not a voltage; possible units are V, mV, uV and nV."
        ) from None
