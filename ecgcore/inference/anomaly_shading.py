"""From which rarity to which an anomaly map is shaded, so that its places stand out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

# Powers of ten: what one normal sample in ten reaches is not shaded on any sheet.
_USUAL = 1.0
# Beyond one in ten million a float32 quantile tells nothing apart.
_RAREST = 7.0
_STRONGEST_SHARE = 0.995
_WIDEN_S = 0.02


@dataclass(frozen=True)
class ShadingScale:
    """The rarities that are drawn weakest and strongest.

    Attributes
    ----------
    weakest, strongest : float
        As powers of ten: 2.0 is one normal sample in a hundred.
    """

    weakest: float
    strongest: float

    @property
    def is_raised(self) -> bool:
        """Whether half of the recording is rarer than the usual start of the scale."""
        return self.weakest > _USUAL


def shading_scale(values: NDArray[np.float32]) -> ShadingScale:
    """Return the scale that shows the most unusual parts of this recording.

    It begins at the recording's own median where that is rarer than 1 in 10: otherwise an ECG in
    which every beat is unusual would be one even surface.

    Parameters
    ----------
    values : array of float32, shape (n_leads, n_samples)
        Quantiles among normal samples, 0 to 1; 0 where a lead was not judged or is absent.
    """
    rarity = _rarity(values[values > 0])
    if not rarity.size:
        return ShadingScale(_USUAL, _USUAL + 1)
    weakest = max(_USUAL, float(np.median(rarity)))
    return ShadingScale(weakest, max(weakest + 1, float(np.quantile(rarity, _STRONGEST_SHARE))))


def shade(values: NDArray[np.float32], fs_hz: float, scale: ShadingScale) -> NDArray[np.float32]:
    """Return the map as it is drawn: 0 up to the scale's weakest rarity, 1 from its strongest on.

    Parameters
    ----------
    values : array of float32, shape (n_leads, n_samples)
        As in :func:`shading_scale`.
    fs_hz : float
    scale : ShadingScale
    """
    share = (_rarity(values) - scale.weakest) / (scale.strongest - scale.weakest)
    wide = max(1, round(_WIDEN_S * fs_hz))
    return ndimage.maximum_filter1d(np.clip(share, 0, 1), wide, axis=1).astype(np.float32)


def _rarity(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return -np.log10(np.clip(1.0 - values.astype(np.float64), 10**-_RAREST, 1.0))
