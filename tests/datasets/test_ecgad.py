"""The detection benchmark on PTB-XL, rebuilt from its description."""

from pathlib import Path

import numpy as np
import pytest

from ecgcore.datasets.ecgad import _label, detection_benchmark
from ecgcore.errors import InvalidArgumentError

CLASSES = {"NORM": "NORM", "IMI": "MI", "LVH": "HYP"}


@pytest.mark.parametrize(
    ("codes", "strict", "loose"),
    [
        ("{'NORM': 100.0, 'SR': 0.0}", 0.0, 0.0),
        ("{'NORM': 35.0, 'SR': 0.0}", None, 0.0),
        ("{'NORM': 80.0, 'LVH': 50.0}", None, 0.0),
        ("{'LVH': 50.0, 'NORM': 80.0}", None, 1.0),
        ("{'IMI': 100.0}", 1.0, 1.0),
        ("{'SR': 0.0}", None, None),
    ],
)
def test_who_is_normal(codes: str, strict: float | None, loose: float | None) -> None:
    for norm, expected in (("strict", strict), ("loose", loose)):
        found = _label(codes, CLASSES, norm)
        assert np.isnan(found) if expected is None else found == expected


@pytest.mark.data
def test_folds_are_kept_apart_and_only_normals_are_learned_from(ecg_data: Path) -> None:
    folder = ecg_data / "ptbxl"
    strict = detection_benchmark(folder)
    loose = detection_benchmark(folder, norm="loose")
    assert len(strict.train) <= len(loose.train)
    patients = [{e.group for e in part} for part in (strict.train, strict.select, strict.test)]
    assert not patients[0] & patients[1]
    assert not patients[1] & patients[2]
    assert strict.select_abnormal.size == len(strict.select)
    assert set(strict.test_abnormal.tolist()) == {0.0, 1.0}
    assert strict.left_out > loose.left_out


def test_another_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="norm"):
        detection_benchmark(tmp_path, norm="some")
