"""AliveCor Kardia JSON."""

import json
from datetime import datetime

import numpy as np
import pytest
from made_exports import (
    kardia,
    kardia_block,
)
from made_files import truth_mv
from reading import has_note

from ecgcore import readers
from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.readers import ReadOptions


def read_json(content, **options):
    return readers.read({"x.json": json.dumps(content).encode()}, options=ReadOptions(**options))


@pytest.mark.parametrize("resolution", [500, 1000, 125, 2.5])
def test_kardia_resolution_is_followed(resolution):
    block = kardia_block(amplitudeResolution=resolution)
    recording = read_json(kardia(block))
    assert np.allclose(recording.signal, truth_mv() * resolution / 500, atol=0.0005)
    assert recording.provenance.original_gain == f"{resolution:g} nV per step"
    written = read_json(kardia(kardia_block(amplitudeResolution=str(resolution), frequency="500")))
    assert np.array_equal(written.signal, recording.signal)


def test_kardia_reads_the_unfiltered_leads_and_says_what_else_is_there():
    recording = read_json(kardia())
    assert np.abs(recording.signal - truth_mv()).max() < 0.0003
    assert has_note(recording, "The copy filtered by AliveCor (enhanced) was left out")
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert recording.provenance.machine_statements == ("AliveCor: normal",)
    assert recording.provenance.machine_measurements == {"Heart rate": "75 bpm"}
    assert recording.provenance.device == "AliveCor kardia_6l 1.2"
    only = read_json(kardia(data={"enhanced": kardia_block()}))
    assert only.provenance.device_filter == "AliveCor enhanced"


def test_kardia_rate_lead_and_other_shapes():
    assert read_json(kardia(kardia_block(frequency=300))).fs_hz == 300
    single = kardia_block(["I"])
    assert read_json(single).leads == ("I",)
    single["samples"] = single["samples"]["leadI"]
    with pytest.raises(MissingInformationError) as caught:
        read_json(single)
    assert caught.value.needs == ("lead_names",)
    assert read_json([kardia()]).n_leads == 12
    block = kardia_block(["I", "II"])
    block["samples"]["leadI"][3] = None
    assert np.isnan(read_json(kardia(data={"raw": block})).lead("I")[3])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (kardia(data={}), "contains no samples"),
        (kardia(data=None, data12L={"samples": {}}), "12L recording, whose layout is not"),
        ([kardia(), kardia()], "2 Kardia recordings"),
        (kardia(kardia_block(amplitudeResolution=-5)), "must be above 0"),
        (kardia(data={"raw": kardia_block(samples={"leadI": "abc"})}), "not a list of numbers"),
        (
            kardia(data={"raw": kardia_block(samples={"leadI": [[1], [2]]})}),
            "not a list of numbers",
        ),
        (kardia(data={"raw": kardia_block(samples={"leadI": [10**400]})}), "too large"),
        (kardia(kardia_block(frequency=0)), "rate in the file is 0 Hz"),
    ],
)
def test_kardia_damage_is_one_sentence(content, message):
    with pytest.raises(ReadError, match=message):
        read_json(content)


def test_kardia_without_resolution_is_asked_for():
    block = kardia_block(amplitudeResolution=None)
    with pytest.raises(MissingInformationError) as caught:
        read_json(kardia(block))
    assert caught.value.needs == ("unit",)
    given = read_json(kardia(block), unit="uV")
    assert np.allclose(given.signal, truth_mv() * 2, atol=0.001)
