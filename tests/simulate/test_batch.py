"""Batches: the same records however they are cut, with targets that fit the samples."""

import numpy as np
import pytest

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.simulate import BEAT_CLASSES, WAVE_CLASSES, make_batch
from ecgcore.simulate.codes import ALL_CODES
from ecgcore.statements import CORE_CODES


@pytest.fixture(scope="module")
def many():
    return make_batch(150, seed=11)


def column(made, code):
    return made.targets[:, made.codes.index(code)]


def test_shapes_and_types(many):
    assert many.signal.shape == (150, 12, 1000)
    assert many.signal.dtype == np.float32
    assert many.codes == ALL_CODES
    assert many.codes[:9] == CORE_CODES
    assert many.targets.shape == (150, len(ALL_CODES))
    assert many.waves.shape == many.beats.shape == (150, 1000)
    assert np.isfinite(many.signal).all()
    assert np.abs(many.signal).max() < 8
    assert set(np.unique(many.targets[np.isfinite(many.targets)])) == {0.0, 1.0}
    assert len(many.statements) == 150


def test_limb_leads_obey_einthoven_in_every_record(many):
    rows = dict(zip(STANDARD_12, np.moveaxis(many.signal, 1, 0), strict=True))
    np.testing.assert_array_equal(rows["III"], rows["II"] - rows["I"])
    np.testing.assert_allclose(rows["aVF"], rows["II"] - rows["I"] / 2, atol=1e-6)


def test_records_do_not_depend_on_how_the_batch_is_cut(many):
    part = make_batch(5, seed=11, first=40)
    np.testing.assert_array_equal(part.signal, many.signal[40:45])
    np.testing.assert_array_equal(part.targets, many.targets[40:45])
    assert part.statements == many.statements[40:45]
    assert np.abs(make_batch(2, seed=12).signal - many.signal[:2]).max() > 0.05


def test_the_mix_has_every_core_statement_both_ways(many):
    for code in CORE_CODES:
        values = column(many, code)
        assert (values == 1).any() or code == "STE", code
        assert (values == 0).any(), code
    sinus = column(many, "SR") == 1
    assert 0.3 < sinus.mean() < 0.75
    assert not (sinus & (column(many, "AF") == 1)).any()


def test_dense_labels_fit_the_targets(many):
    p, qrs = WAVE_CLASSES.index("P"), WAVE_CLASSES.index("QRS")
    early = BEAT_CLASSES.index("ventricular")
    only_af = (column(many, "AF") == 1) & (column(many, "PACE") == 0)
    assert not (many.waves[only_af] == p).any()
    assert (many.waves == qrs).any(axis=1).all()
    np.testing.assert_array_equal(many.beats > 0, many.waves == qrs)
    has_pvc = column(many, "PVC") == 1
    assert (many.beats[has_pvc] == early).any(axis=1).all()
    without = (column(many, "PVC") == 0) & (column(many, "3AVB") == 0)
    assert not (many.beats[without] == early).any()


def test_qrs_is_where_the_signal_is_steep(many):
    steep = np.abs(np.diff(many.signal, axis=2)).max(axis=1)
    inside = many.waves[:, 1:] == WAVE_CLASSES.index("QRS")
    assert np.median(steep[inside]) > 4 * np.median(steep[~inside])


def test_chosen_statements_masks_noise_and_rate():
    made = make_batch(
        12,
        seed=3,
        statements=["lbbb", "pvc", "atrial-fibrillation+rbbb"],
        mask_codes=["PVC", "LBBB"],
        noise="none",
        fs_hz=250,
        duration_s=6,
        vary=0.2,
    )
    assert made.signal.shape == (12, 12, 1500)
    assert set(made.statements) <= {("lbbb",), ("pvc",), ("atrial-fibrillation", "rbbb")}
    assert made.masks.shape == (12, 2, 12, 1500)
    np.testing.assert_array_equal(made.masks[:, 1].any(axis=(1, 2)), column(made, "LBBB") == 1)


def test_a_lead_that_is_off_is_zero_and_named():
    made = make_batch(3, seed=1, statements=["lead-off"])
    assert made.bad_leads.sum() == 3
    assert not made.signal[made.bad_leads].any()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"n": 0, "seed": 1}, "n is 0"),
        ({"n": 1, "seed": -1}, "seed"),
        ({"n": 1, "seed": 1, "first": -1}, "first"),
        ({"n": 1, "seed": 1, "fs_hz": 5}, "fs_hz"),
        ({"n": 1, "seed": 1, "statements": ["lbb"]}, "'lbb'"),
        ({"n": 1, "seed": 1, "statements": []}, "statements"),
        ({"n": 1, "seed": 1, "statements": "lbbb"}, "statements"),
        ({"n": 1, "seed": 1, "mask_codes": ["XY"]}, "'XY'"),
        ({"n": 1, "seed": 1, "vary": 5}, "vary"),
        ({"n": 1, "seed": 1, "noise": "loud"}, "noise"),
    ],
)
def test_bad_options_are_refused_by_name(options, named):
    with pytest.raises(InvalidArgumentError, match=named):
        make_batch(options.pop("n"), **options)
