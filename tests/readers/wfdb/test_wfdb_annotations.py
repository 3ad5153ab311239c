"""Annotation files: written, and read back by wfdb."""

import pytest
import wfdb

from ecgcore.errors import EcgError, InvalidArgumentError
from ecgcore.readers.wfdb.annotations import write_annotations


def test_reads_back_in_order_of_time(tmp_path):
    rows = [(90, "N", ""), (5, "+", "(AFIB"), (80, "(", ""), (100, ")", ""), (4000, "V", "")]
    path = write_annotations(rows, tmp_path, "a1", fs_hz=500)
    assert path == tmp_path / "a1.atr"
    again = wfdb.rdann(str(tmp_path / "a1"), "atr")
    assert again.sample.tolist() == [5, 80, 90, 100, 4000]
    assert again.symbol == ["+", "(", "N", ")", "V"]
    assert again.aux_note[0].rstrip("\x00") == "(AFIB"
    assert again.fs == 500


def test_refuses_nothing_and_negative_samples(tmp_path):
    with pytest.raises(InvalidArgumentError, match="no annotations"):
        write_annotations([], tmp_path, "a1", fs_hz=500)
    with pytest.raises(InvalidArgumentError, match="sample -3"):
        write_annotations([(-3, "N", "")], tmp_path, "a1", fs_hz=500)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(EcgError, match="cannot be written"):
        write_annotations([(3, "N", "")], tmp_path / "none", "a1", fs_hz=500)
