"""Philips Sierra XML: every version and coding, XLI against the published decoder's numbers."""

import base64
import contextlib
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import truth_mv
from made_xml import SIGNAL_103, lzw_codes, parsed, philips_xml, spaced, steps, xli_chunk, xli_text
from reading import read

from ecgcore.errors import MissingInformationError, ReadError, TooLargeError
from ecgcore.leads import STANDARD_12
from ecgcore.readers.xml import xli


def plain(rows: np.ndarray | None = None, **attributes) -> str:
    rows = steps() if rows is None else rows
    return philips_xml(parsed(spaced(rows.ravel()), dataencoding="Plain", **attributes))


# XLI


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-300, 300), min_size=3, max_size=400))
def test_xli_gives_back_what_was_packed(moves):
    row = np.clip(np.cumsum(moves), -8000, 8000)
    (first, data), *more = xli.split_chunks(xli_chunk(row), 12)
    assert more == []
    assert xli.decode_lead(first, data, len(row)).tolist() == row.tolist()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000))
def test_lzw_gives_back_what_was_packed(data):
    bits = "".join(f"{code:010b}" for code in lzw_codes(data))
    bits += "0" * (-len(bits) % 8)
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""
    assert xli.expand_lzw(packed, 10_000) == data


def test_lzw_keeps_its_table_once_it_is_full():
    data = bytes(np.random.default_rng(0).integers(0, 256, 20_000, dtype=np.uint8))
    codes = lzw_codes(data)
    assert 1000 < max(codes[:-1]) < 1023
    bits = "".join(f"{code:010b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    assert xli.expand_lzw(int(bits, 2).to_bytes(len(bits) // 8, "big"), 10**6) == data


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 500))
def test_damaged_xli_gives_samples_or_a_sentence(data, n_samples):
    with contextlib.suppress(ReadError):
        for first, chunk in xli.split_chunks(data, 16):
            assert xli.decode_lead(first, chunk, n_samples).size <= n_samples


def test_xli_stops_at_what_is_wanted():
    row = np.zeros(200_000, dtype=np.int64)
    ((first, data),) = xli.split_chunks(xli_chunk(row), 1)
    assert xli.decode_lead(first, data, 100).size == 100
    assert len(xli.expand_lzw(data, 1000)) < 3000


# Files


def test_empty_channels_after_the_leads_are_not_read():
    for empty in (0, 4):
        recording = read(philips_xml(parsed(xli_text(steps(), empty=empty), compression="XLI")))
        assert recording.leads == STANDARD_12
        assert np.abs(recording.signal - truth_mv()).max() < 0.0004


def test_limb_leads_in_an_unusual_order_are_computed_not_resolved():
    order = ["II", "I", *STANDARD_12[2:]]
    text = philips_xml(parsed(xli_text(steps()), compression="XLI", leadlabels=" ".join(order)))
    recording = read(text)
    assert recording.derived_leads == ("III", "aVR", "aVL", "aVF")
    assert any("unusual order" in note for note in recording.notes)


def test_cut_off_samples_are_refused():
    short = parsed(xli_text(steps()[:6], empty=0), compression="XLI")
    with pytest.raises(ReadError, match="12 leads are declared, 6 are present"):
        read(philips_xml(short))
    whole = xli_text(steps(), empty=0)
    with pytest.raises(ReadError, match="cut off: lead"):
        read(philips_xml(parsed(whole[: len(whole) // 2], compression="XLI")))


def test_a_duration_that_does_not_agree_is_noted():
    longer = read(
        philips_xml(parsed(xli_text(steps()), compression="XLI", durationperchannel=4400))
    )
    assert longer.n_samples == 2000
    assert any("declares 2200 samples" in note for note in longer.notes)


@pytest.mark.parametrize(
    "attributes",
    [{"durationperchannel": 10**9}, {"durationperchannel": -1}, {"durationperchannel": "1e300"}],
)
def test_absurd_durations_are_refused(attributes):
    text = philips_xml(parsed(xli_text(steps()), compression="XLI", **attributes))
    with pytest.raises(ReadError):
        read(text)
    with pytest.raises(TooLargeError):
        read(philips_xml(parsed(xli_text(steps()), compression="XLI")), max_samples=23_999)


def test_other_codings():
    hexadecimal = steps().astype("<i2").tobytes().hex()
    text = philips_xml(parsed(hexadecimal, dataencoding="Hex"))
    assert np.abs(read(text).signal - truth_mv()).max() < 0.0004
    for attributes, sentence in (
        ({"dataencoding": "Uu"}, "coded as 'uu'"),
        ({"compression": "Huffman"}, "compressed by Huffman"),
        ({"bitspersample": 12}, "12 bits"),
    ):
        with pytest.raises(ReadError, match=sentence):
            read(philips_xml(parsed("AAAA", **attributes)))
    with pytest.raises(ReadError, match="hexadecimal"):
        read(philips_xml(parsed("0g", dataencoding="Hex")))


def test_unsigned_samples_with_a_zero_level():
    data = base64.b64encode((steps() + 32768).astype("<u2").tobytes()).decode()
    text = philips_xml(parsed(data, signalsigned="False", signaloffset=32768))
    assert np.abs(read(text).signal - truth_mv()).max() < 0.0004


def test_version_103_takes_rate_and_resolution_from_the_characteristics():
    wave = (
        '<parsedwaveforms compressflag="True" compressmethod="XLI" dataencoding="Base64" '
        f'durationperchannel="4000">{xli_text(steps())}</parsedwaveforms>'
    )
    assert read(philips_xml(wave, version="1.03", signal=SIGNAL_103)).fs_hz == 500
    without = SIGNAL_103.replace("samplingrate", "other")
    with pytest.raises(MissingInformationError, match="sampling rate"):
        read(philips_xml(wave, signal=without))
    without = SIGNAL_103.replace("signalresolution", "other")
    with pytest.raises(ReadError, match="resolution"):
        read(philips_xml(wave, signal=without))


def test_leads_without_names_are_asked_for():
    unnamed = SIGNAL_103.replace("STD-12", "MIDA")
    digits = spaced(steps()[:3].ravel())
    wave = f'<parsedwaveforms dataencoding="Plain">{digits}</parsedwaveforms>'
    with pytest.raises(MissingInformationError) as caught:
        read(philips_xml(wave, signal=unnamed))
    assert caught.value.needs == ("lead_names",)
    recording = read(philips_xml(wave, signal=unnamed), lead_names=("I", "II", "V5"))
    assert np.abs(recording.lead("V5") - truth_mv()[2]).max() < 0.0004


def test_single_leads_stand_at_their_own_time():
    leads = "".join(
        f'<leadwaveform leadname="{name}" starttime="{ms}">{spaced(row)}</leadwaveform>'
        for name, ms, row in (
            ("I", 0, steps()[0, :500]),
            ("V1", 1000, steps()[6, 500:1000]),
        )
    )
    wave = parsed(leads, dataencoding="Plain").replace("parsedwaveforms", "leadwaveforms")
    recording = read(philips_xml(wave))
    assert recording.signal.shape == (2, 1000)
    assert np.isnan(recording.lead("I")[500:]).all()
    assert np.abs(recording.lead("V1")[500:] - truth_mv()[6, 500:1000]).max() < 0.0004
    for ms, error in (("9e8", TooLargeError), ("1e308", ReadError), ("-5", ReadError)):
        with pytest.raises(error):
            read(philips_xml(wave.replace('starttime="1000"', f'starttime="{ms}"')))


def with_mark():
    return np.concatenate(
        [steps(), np.zeros((12, 50)), np.full((12, 100), 2000), np.zeros((12, 50))], axis=1
    ).astype(np.int64)


def test_the_calibration_mark_is_no_ecg():
    recording = read(plain(with_mark(), durationperchannel=4400))
    assert recording.n_samples == 2200
    assert np.isnan(recording.signal[:, 2000:]).all()
    assert np.isfinite(recording.signal[:, :2000]).all()
    assert any("1 mV calibration mark" in note for note in recording.notes)
    assert not any("calibration" in note for note in read(plain()).notes)


def test_one_volt_in_some_leads_is_no_mark():
    for row in (0, 1, 3, 8):
        rows = with_mark()
        rows[row, 2050:2150] = 1990
        recording = read(plain(rows, durationperchannel=4400))
        assert np.isfinite(recording.signal).all()
        assert not any("calibration" in note for note in recording.notes)


def test_a_resolution_near_nothing_gives_no_mark():
    found = read(plain(resolution="1e-308"))
    assert not any("calibration" in note for note in found.notes)


def test_without_samples():
    with pytest.raises(ReadError, match="another file"):
        read(philips_xml('<unparsedwaveforms href="x.dat"/>'))
    with pytest.raises(ReadError, match="no waveform"):
        read(philips_xml(""))
    with pytest.raises(ReadError, match="contains no samples"):
        read(philips_xml(parsed("1 2 3", dataencoding="Plain")))


def test_provenance():
    recording = read(plain())
    provenance = recording.provenance
    assert recording.start == datetime(2020, 5, 5, 14, 50, 55)
    assert provenance.device == "Philips PageWriter"
    assert provenance.device_filter == "0.05-150 Hz, notch 60 Hz"
    # What an editor wrote is no statement of the machine.
    assert provenance.machine_statements == ("Sinus rhythm (rate 75 & regular)",)
    assert provenance.machine_measurements == {
        "Ventricular rate": "75 bpm",
        "QRS duration": "96 ms",
    }
    assert any("version 2.0" in n for n in read(plain().replace(">1.04<", ">2.0<")).notes)


def test_identity_only_on_purpose():
    assert "Doe" not in repr(read(plain()))
    kept = read(plain(), keep_identity=True).patient.identity
    assert kept == {"name": "Jane Doe", "identifier": "X7", "birth date": "1964-01-02"}
    years = plain().replace("<dateofbirth>1964-01-02</dateofbirth>", "<months>18</months>")
    assert read(years).patient.age_years == 1.5
