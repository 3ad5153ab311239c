"""The app's own PDF read back: every sample, at every layout, speed and gain."""

from dataclasses import replace

import numpy as np
import pdf_builder as b
import pytest

from ecgcore.errors import MissingInformationError, ReadError
from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions
from ecgcore.readers.base import Source
from ecgcore.readers.pdf.reader import read_here
from ecgcore.recording import Provenance, Recording
from ecgcore.render.overlay import Overlay
from ecgcore.render.paper import (
    GAINS_MM_PER_MV,
    LAYOUTS,
    SPEEDS_MM_PER_S,
    Cell,
    PaperSettings,
    lay_out,
)
from ecgcore.render.pdf import pdf

FS_HZ = 250.0


def source(seconds: float = 10.0, n_leads: int = 12, seed: int = 0) -> Recording:
    """Return beats with noise and an offset of its own in each lead."""
    rng = np.random.default_rng(seed)
    signal = b.beats(n_leads, seconds, FS_HZ) + rng.normal(0, 0.02, (n_leads, 1))
    signal += rng.normal(0, 0.05, signal.shape)
    return Recording(signal, FS_HZ, STANDARD_12[:n_leads])


def printed(recording: Recording, settings: PaperSettings, **more) -> tuple[bytes, list[Cell]]:
    sheet = lay_out(recording.leads, recording.duration_s, settings)
    header = (
        "Case 1   56 years   female",
        f"{settings.mm_per_s:g} mm/s   {settings.mm_per_mv:g} mm/mV   filter: none",
    )
    return pdf(recording, sheet, header=header, **more), list(sheet.cells)


def read(data: bytes, **options) -> Recording:
    given = ReadOptions(**options)
    return read_here(Source("x.pdf", given, files={"x.pdf": data}), given)


def shown_cells(cells: list[Cell]) -> list[Cell]:
    """Return the cells that are read: of a lead that stands twice the longer one."""
    rows = {
        cell.lead: max(c.end_s - c.start_s for c in cells if c.lead == cell.lead) for cell in cells
    }
    return [cell for cell in cells if cell.end_s - cell.start_s == rows[cell.lead]]


def largest_error(recording: Recording, back: Recording, cells: list[Cell]) -> float:
    errors = []
    for cell in shown_cells(cells):
        part = slice(round(cell.start_s * FS_HZ), round(cell.end_s * FS_HZ))
        errors.append(np.abs(recording.lead(cell.lead)[part] - back.lead(cell.lead)[part]).max())
    return float(np.max(errors))


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "wrapped"])
def test_every_layout_comes_back_to_a_tenth_of_a_microvolt(layout):
    recording = source()
    data, cells = printed(recording, PaperSettings(layout=layout))
    back = read(data)
    assert (back.fs_hz, back.leads, back.n_samples) == (FS_HZ, STANDARD_12, recording.n_samples)
    assert largest_error(recording, back, cells) < 1e-4


@pytest.mark.parametrize("speed", SPEEDS_MM_PER_S)
@pytest.mark.parametrize("gain", GAINS_MM_PER_MV)
def test_every_speed_and_gain(speed, gain):
    recording = source()
    data, cells = printed(recording, PaperSettings(mm_per_s=speed, mm_per_mv=gain))
    back = read(data)
    assert largest_error(recording, back, cells) < 1e-4
    assert back.provenance.original_gain == f"{speed:g} mm/s and {gain:g} mm/mV"


def test_columns_are_absent_outside_their_time_and_the_strip_is_whole():
    data, _ = printed(source(), PaperSettings(layout="3x4"))
    back = read(data)
    times = np.arange(back.n_samples) / FS_HZ
    assert not np.isnan(back.lead("II")).any()
    # The last sample of a column is drawn at the beginning of the next one too.
    assert np.isnan(back.lead("V1")[(times < 5.0) | (times > 7.5 + 1 / FS_HZ)]).all()
    assert not np.isnan(back.lead("V1")[(times >= 5.0) & (times < 7.5)]).any()
    assert any("continuous in time" in note for note in back.notes)
    assert any("II is printed 2 times" in note for note in back.notes)


def test_an_inverted_lead_is_turned_back():
    recording = source()
    data, cells = printed(recording, PaperSettings(layout="12x1-cabrera"))
    back = read(data)
    assert largest_error(recording, back, cells) < 1e-4
    assert any("shows -aVR; it was inverted" in note for note in back.notes)


@pytest.mark.parametrize("seconds", [25.0, 30.0, 9.0])
def test_one_lead_over_rows_is_joined_in_time(seconds):
    recording = source(seconds, n_leads=1)
    data, _ = printed(recording, PaperSettings(layout="wrapped"))
    back = read(data)
    assert back.leads == ("I",)
    assert back.n_samples == recording.n_samples
    assert np.abs(back.signal - recording.signal).max() < 1e-4


def test_absent_samples_stay_absent():
    recording = source()
    signal = recording.signal.copy()
    signal[3, 300:400] = np.nan
    signal[7, :600] = np.nan
    recording = replace(recording, signal=signal)
    data, _ = printed(recording, PaperSettings(layout="12x1"))
    back = read(data)
    assert back.leads == STANDARD_12
    assert np.array_equal(np.isnan(back.signal), np.isnan(signal))
    assert np.nanmax(np.abs(back.signal - signal)) < 1e-4


def test_an_offset_of_a_whole_row_is_kept_by_the_pulse():
    recording = source()
    recording = replace(recording, signal=recording.signal + np.float32(0.9))
    data, cells = printed(recording, PaperSettings(layout="12x1"))
    assert largest_error(recording, read(data), cells) < 1e-4


def test_a_trace_carried_towards_the_next_row_keeps_its_name():
    recording = source()
    offset = np.zeros((12, 1), np.float32)
    offset[[2, 5, 9]] = [[-0.4], [0.4], [-0.4]]
    recording = replace(recording, signal=recording.signal + offset)
    data, cells = printed(recording, PaperSettings(layout="12x1"))
    assert largest_error(recording, read(data), cells) < 1e-4


def test_traces_carried_over_other_rows_are_asked_for_and_not_mixed_up():
    recording = source()
    offset = np.zeros((12, 1), np.float32)
    offset[[1, 4, 8]] = [[-6.5], [5.5], [-7.0]]
    data, _ = printed(replace(recording, signal=recording.signal + offset), PaperSettings("12x1"))
    with pytest.raises(MissingInformationError, match="cannot be read"):
        read(data)


def test_channels_that_are_no_leads_are_asked_for_and_not_joined():
    recording = replace(source(n_leads=2), leads=("noise1", "noise2"))
    data, _ = printed(recording, PaperSettings(layout="stacked"))
    with pytest.raises(MissingInformationError, match="2 traces"):
        read(data)


def test_shading_and_lines_below_do_not_disturb():
    recording = source()
    overlay = Overlay(np.ones((12, recording.n_samples), np.float32), STANDARD_12, FS_HZ)
    more = {"overlay": overlay, "lines": ("Reader confirmed: V1",), "footer": ("0:00 to 0:10",)}
    data, cells = printed(recording, PaperSettings(), **more)
    assert largest_error(recording, read(data), cells) < 1e-4


def test_what_is_told_of_it():
    recording = replace(source(), provenance=Provenance(simulated=True))
    data, _ = printed(recording, PaperSettings(), footer=("SIMULATED ECG   0:00 to 0:10",))
    back = read(data)
    assert (back.patient.age_years, back.patient.sex) == (56.0, "female")
    assert back.provenance.simulated
    assert back.provenance.format == "PDF"
    assert back.provenance.steps[0].parameters["page"] == 1
    assert back.provenance.steps[0].parameters["method"] == "grid and pulse"
    assert any("as drawn, to 0.1 µV and 2 ms" in note for note in back.notes)
    assert any("250 points per second" in note for note in back.notes)


def test_a_sheet_whose_voltage_is_lost_is_refused():
    recording = replace(source(), unit="NU")
    sheet = lay_out(recording.leads, 10.0, PaperSettings())
    data = pdf(recording, sheet, header=("25 mm/s   voltage not known: drawn without a scale",))
    with pytest.raises(ReadError, match="does not print its gain"):
        read(data)


def test_a_sheet_without_a_header_is_refused():
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings())
    with pytest.raises(ReadError, match="does not print its speed and gain"):
        read(pdf(source(), sheet))
