"""What an anomaly map looks like on the sheet: its places stand out, and the scale is said."""

import numpy as np
import pytest

from ecgcore.inference.anomaly_shading import ShadingScale, shade, shading_scale


def quantiles(powers: np.ndarray) -> np.ndarray:
    return (1 - 10.0**-powers).astype(np.float32)


def test_an_ecg_that_is_usual_throughout_is_not_shaded() -> None:
    values = quantiles(np.random.default_rng(1).uniform(0, 0.9, (12, 5000)))
    scale = shading_scale(values)
    assert (scale.weakest, scale.is_raised) == (1.0, False)
    assert shade(values, 500.0, scale).max() == 0


def test_an_ecg_that_is_rare_throughout_is_not_one_even_surface() -> None:
    values = quantiles(np.random.default_rng(2).normal(4, 0.7, (12, 5000)).clip(0.1, 6.5))
    scale = shading_scale(values)
    assert scale.is_raised
    shown = shade(values, 100.0, scale)
    assert (shown == 0).mean() > 0.2
    assert shown.max() == 1


def test_an_ecg_that_is_hardly_unusual_still_shows_where() -> None:
    values = quantiles(np.random.default_rng(3).uniform(0, 1.8, (12, 5000)))
    shown = shade(values, 500.0, shading_scale(values))
    assert 0.5 < shown.max() <= 0.9


def test_the_scale_is_in_powers_of_ten() -> None:
    values = quantiles(np.array([[1.0, 2.0, 3.0, 4.0]]))
    shown = shade(values, 20.0, ShadingScale(1.0, 3.0))
    assert shown[0].tolist() == pytest.approx([0, 0.5, 1, 1], abs=1e-3)


def test_absent_leads_do_not_move_the_scale() -> None:
    values = quantiles(np.full((2, 100), 3.0))
    with_absent = np.vstack([values, np.zeros((10, 100), np.float32)])
    assert shading_scale(with_absent) == shading_scale(values)
    assert shading_scale(np.zeros((2, 100), np.float32)) == ShadingScale(1.0, 2.0)
