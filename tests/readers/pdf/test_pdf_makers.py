"""PDF pages laid out as several makers print them: scale, leads and time, or a clear refusal."""

import numpy as np
import pdf_builder as b
import pytest

from ecgcore import readers
from ecgcore.errors import EcgError, MissingInformationError, ReadError
from ecgcore.readers import ReadOptions
from ecgcore.readers.base import Source
from ecgcore.readers.pdf.reader import read_here, sniff
from ecgcore.recording import Recording

TRUTH = b.beats()
NAMES = b.LEADS_12


def read(data: bytes, **options) -> Recording:
    given = ReadOptions(**options)
    return read_here(Source("x.pdf", given, files={"x.pdf": data}), given)


def notes_of(data: bytes, **options) -> str:
    return " ".join(read(data, **options).notes)


def error_mv(
    recording: Recording, truth: np.ndarray, names=NAMES, *, offset: bool = False
) -> float:
    """Return the largest difference where the page shows a lead, and check that it shows some."""
    worst = 0.0
    for row, name in zip(truth, names, strict=False):
        values = recording.lead(name)
        there = ~np.isnan(values)
        assert there.sum() >= truth.shape[1] / 4 - 1
        difference = (values - row[: values.size])[there]
        worst = max(worst, np.abs(difference - (np.median(difference) if offset else 0)).max())
    return float(worst)


# what is read


@pytest.mark.parametrize("size", [1.0, 0.9, 1.2])
def test_muse_with_three_rhythm_strips_at_any_printed_size(size):
    recording = read(b.one_page(b.muse(TRUTH, size=size)))
    assert recording.leads == NAMES
    assert (recording.fs_hz, recording.n_samples) == (500.0, 5000)
    assert error_mv(recording, TRUTH) < 2e-4
    for lead in ("II", "V1", "V5"):
        assert not np.isnan(recording.lead(lead)).any()
    assert np.isnan(recording.lead("V4")[:3750]).all()
    assert (recording.patient.age_years, recording.patient.sex) == (60.0, "female")
    assert "DOE" not in repr((recording.notes, recording.provenance, recording.patient))


def test_the_pulse_alone_gives_the_scale():
    recording = read(b.one_page(b.muse(TRUTH, grid=False, size=0.85)))
    assert error_mv(recording, TRUTH) < 2e-4
    assert recording.provenance.steps[0].parameters["method"] == "pulse"


def test_a_row_drawn_as_one_line_is_cut_into_its_columns_and_limb_and_chest_gain_differ():
    recording = read(b.one_page(b.philips(TRUTH)))
    assert error_mv(recording, TRUTH, offset=True) < 2e-4
    assert recording.provenance.original_gain == "25 mm/s and 10 (limb) and 5 (chest) mm/mV"
    assert "0.15-100 Hz" in recording.provenance.device_filter
    assert "median of each trace" in " ".join(recording.notes)


def test_rows_of_one_lead_that_share_their_ends_are_joined():
    truth = b.beats(1, 30.0, 300.0)
    recording = read(b.kardia(truth))
    assert recording.leads == ("I",)
    assert (recording.fs_hz, recording.n_samples) == (300.0, 9000)
    assert error_mv(recording, truth, ("I",), offset=True) < 2e-4


def test_rows_that_do_not_share_their_ends_are_joined():
    truth = b.beats(1, 30.0, 512.0)
    recording = read(b.one_page(b.apple(truth)))
    assert recording.leads == ("I",)
    assert (recording.fs_hz, recording.n_samples) == (512.0, 15360)
    assert error_mv(recording, truth, ("I",), offset=True) < 2e-4
    assert "Jane" not in repr((recording.notes, recording.provenance))


def test_the_first_page_with_traces_is_read_and_the_others_are_named():
    truth = b.beats(6, 15.0, 300.0)
    recording = read(b.kardia_six(truth))
    assert recording.leads == NAMES[:6]
    assert error_mv(recording, truth[:, :2250], offset=True) < 2e-4
    assert "Page 2 of 3 was read; page 3 also shows traces, which were left out." in recording.notes


@pytest.mark.parametrize("up", [0.5, 5.0, 8.0, 11.0])
def test_names_halfway_between_two_rows_go_to_the_right_one(up):
    recording = read(b.twelve_rows(TRUTH[:, :2500], speed=25.0, label_up=up))
    assert error_mv(recording, TRUTH[:, :2500], offset=True) < 2e-4


def test_an_upright_page_with_the_ecg_sideways():
    data = b.twelve_rows(TRUTH[:, :2500], speed=25.0, turned=True)
    assert error_mv(read(data), TRUTH[:, :2500], offset=True) < 2e-4


def strips(rows, at=lambda values: np.arange(values.size)) -> b.Sheet:
    """Return a sheet of rows named I, II, III with corners at the given samples only."""
    sheet = b.muse(TRUTH, labels=("?",) * 12, rhythm=())
    sheet.ops = [op for op in sheet.ops if op.count(" l") < 50]
    for row, values in enumerate(rows):
        corners = at(values)
        sheet.line(22 + 0.05 * corners, 160 - 25 * row + 10 * values[corners])
        sheet.text(23, 168 - 25 * row, NAMES[row])
    return sheet


def test_corners_left_out_on_straight_stretches_are_filled_and_told():
    values = np.round(TRUTH[1] * 100) / 100

    def corners(row: np.ndarray) -> np.ndarray:
        bends = np.flatnonzero(np.abs(np.diff(row, 2)) > 1e-9) + 1
        return np.unique([0, *bends, 4999])

    recording = read(b.one_page(strips([values] * 3, corners)))
    assert (recording.fs_hz, recording.n_samples) == (500.0, 5000)
    assert np.abs(recording.lead("II") - values).max() < 2e-4
    assert any("of the samples are points of the drawn lines" in note for note in recording.notes)


def test_corners_that_follow_no_rate_are_read_at_500_hz():
    rng = np.random.default_rng(2)
    sheet = strips([])
    for row in range(3):
        at = np.sort(rng.uniform(0, 4999, 3000))
        sheet.line(22 + 0.05 * at, 160 - 25 * row + np.sin(at / 90))
        sheet.text(23, 168 - 25 * row, NAMES[row])
    recording = read(b.one_page(sheet))
    assert recording.fs_hz == 500.0
    assert recording.provenance.original_fs_hz is None
    assert any("interpolated linearly at 500 Hz" in note for note in recording.notes)


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_coarse_coordinates_are_told(digits):
    rough = b.muse(TRUTH, digits=digits)
    recording = read(b.one_page(rough))
    step_mv = 10**-digits / b.MM / 10
    told = next(note for note in recording.notes if "as drawn, to" in note)
    told_uv = float(told.split("as drawn, to ")[1].split(" ")[0])
    assert told_uv == pytest.approx(1000 * step_mv, rel=0.2, abs=0.1)
    assert (recording.fs_hz, recording.n_samples) == (500.0, 5000)
    assert error_mv(recording, TRUTH) < step_mv + 2e-4


def test_a_pulse_that_belongs_to_the_trace_is_no_signal():
    sheet = b.muse(TRUTH, labels=("?",) * 12, rhythm=())
    sheet.ops = [op for op in sheet.ops if op.count(" l") < 5]
    for row in range(3):
        base = 160 - 25 * row
        x = np.concatenate([[14, 15, 15, 20, 20, 22], 22 + 0.05 * np.arange(1, 5001)])
        y = np.concatenate([[0, 0, 10, 10, 0, 0], 10 * TRUTH[row]]) + base
        sheet.line(x, y)
        sheet.text(23, base + 8, NAMES[row])
    recording = read(b.one_page(sheet))
    assert recording.leads[:3] == NAMES[:3]
    assert np.abs(recording.lead("II")[-4900:] - TRUTH[1, -4900:]).max() < 2e-3
    assert float(np.abs(recording.lead("II")).max()) < 1.0


@pytest.mark.parametrize(
    "words",
    [
        "25mm/s 10mm/mV",
        "25 mm/sec   1 mV/10 mm",
        "Vitesse 25 mm/s, 1 cm/mV",
        "Limb: 10 mm/mV Chest: 10 mm/mV Speed: 25 mm/sec",
        "25,0 mm/s 10,0 mm/mV 50~ 0.05 - 150 Hz W",
    ],
)
def test_ways_to_print_speed_and_gain(words):
    assert error_mv(read(b.one_page(b.muse(TRUTH, words=words))), TRUTH) < 2e-4


def test_leads_that_are_drawn_and_not_written_are_asked_for():
    data = b.one_page(b.muse(TRUTH, labels=("?",) * 12, rhythm=()))
    with pytest.raises(MissingInformationError, match="12 traces whose leads' names") as caught:
        read(data)
    assert caught.value.needs == ("lead_names",)
    assert error_mv(read(data, lead_names=NAMES), TRUTH) < 2e-4
    with pytest.raises(EcgError, match="12 channels"):
        read(data, lead_names=("I", "II"))


def test_one_name_for_rows_without_names_that_continue_one_another():
    truth = b.beats(1, 30.0, 300.0)
    data = b.kardia(truth, label="Normal")
    with pytest.raises(MissingInformationError, match=r"3 traces.*one lead if the rows"):
        read(data)
    recording = read(data, lead_names=("II",))
    assert (recording.leads, recording.n_samples) == (("II",), 9000)
    assert error_mv(recording, truth, ("II",), offset=True) < 2e-4


def test_a_gain_or_time_behind_the_name_is_no_part_of_it():
    names = tuple(f"{name} 10 mm/mV" for name in NAMES[:6]) + tuple(f"{n}  0:00" for n in NAMES[6:])
    assert error_mv(read(b.one_page(b.muse(TRUTH, labels=names))), TRUTH) < 2e-4


@pytest.mark.parametrize(
    ("matrix", "box"),
    [
        ("-1 0 0 -1 297 210", (297, 210)),
        ("0 -1 1 0 0 297", (210, 297)),
        ("0 1 -1 0 210 0", (210, 297)),
    ],
)
def test_pages_turned_any_way(matrix, box):
    *turn, right, up = matrix.split()
    sheet = b.muse(TRUTH)
    sheet.ops = [f"q {' '.join(turn)} {float(right) * b.MM} {float(up) * b.MM} cm", *sheet.ops, "Q"]
    whole = (0.0, 0.0, box[0] * b.MM, box[1] * b.MM)
    assert error_mv(read(b.pdf_file([(sheet.content, whole)])), TRUTH) < 2e-4


@pytest.mark.parametrize("extra", ["/Rotate 90", "/UserUnit 2"])
def test_what_only_the_viewer_turns_or_enlarges(extra):
    assert error_mv(read(b.one_page(b.muse(TRUTH), extra=extra)), TRUTH) < 2e-4


def test_a_drawing_within_the_page():
    data = b.in_form(b.muse(TRUTH), "0.5 0 0 0.5 10 20", "2 0 0 2 -20 -40")
    assert error_mv(read(data), TRUTH) < 2e-4


# what is refused


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("", "does not print its speed and gain"),
        ("10 mm/mV", "does not print its speed "),
        ("25 mm/s", "does not print its gain"),
        ("25 mm/s 50 mm/s 10 mm/mV", "prints 25 and 50 mm/s"),
        ("25 mm/s 10 mm/mV 20 mm/mV", "more than one gain"),
        ("25 mm/s 10/5 mm/mV", "more than one gain"),
        ("37 mm/s 10 mm/mV", "prints 37 mm/s; possible are"),
        ("25 mm/s 7 mm/mV", "prints 7 mm/mV; possible are"),
        ("25 mm/s 20 mm/mV", "pulse is 10 mm high .* prints 20 mm/mV"),
    ],
)
def test_a_scale_that_is_not_clear_is_refused(words, sentence):
    with pytest.raises(ReadError, match=sentence):
        read(b.one_page(b.muse(TRUTH, words=words)))


def test_no_grid_and_no_pulse_is_refused():
    sheet = b.muse(TRUTH, grid=False)
    sheet.ops = [op for op in sheet.ops if not 3 < op.count(" l") < 10]
    with pytest.raises(ReadError, match="neither a grid of lines nor a calibration pulse"):
        read(b.one_page(sheet))


def test_a_pulse_that_is_not_square_to_the_words_is_refused_without_a_grid():
    with pytest.raises(ReadError, match="not 1 mV for 200 ms"):
        read(b.one_page(b.muse(TRUTH, grid=False, pulse_gain=12.0)))


def test_a_grid_of_one_line_that_may_be_1_or_5_mm_is_refused():
    sheet = b.Sheet()
    sheet.grid(10, 10, 270, 180, fine=2.2, major=False)
    sheet.black()
    drawn = b.philips(TRUTH, one_line=False).ops
    sheet.ops += [op for op in drawn if op.count(" l") > 5 or "Tj" in op]
    with pytest.raises(ReadError, match="whether they are 1 mm or 5 mm"):
        read(b.one_page(sheet))


def test_a_stretched_grid_is_refused():
    sheet = b.philips(TRUTH, one_line=False)
    assert read(b.one_page(sheet)).leads == NAMES
    sheet.ops = ["q 1 0 0 0.8 0 0 cm", *sheet.ops, "Q"]
    with pytest.raises(ReadError, match="must be squares"):
        read(b.one_page(sheet))


def test_two_leads_on_one_line_whose_border_is_not_known_are_refused():
    sheet = b.philips(TRUTH, third=15.0)
    with pytest.raises(ReadError, match="drawn as one line"):
        read(b.one_page(sheet))


def test_a_picture_is_refused_as_such():
    sheet = b.Sheet()
    picture = "q 800 0 0 560 10 10 cm BI /W 2 /H 2 /CS /G /BPC 8 ID abcd EI Q"
    sheet.ops.append(picture)
    with pytest.raises(ReadError, match="contains a picture"):
        read(b.one_page(sheet))


def test_words_alone_are_refused():
    sheet = b.Sheet()
    sheet.text(20, 100, "Sinus rhythm, 25 mm/s 10 mm/mV, Lead I")
    with pytest.raises(ReadError, match="no traces drawn as lines"):
        read(b.one_page(sheet))


def test_an_encrypted_file_is_refused():
    key = "<" + "00" * 32 + ">"
    encrypt = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O {key} /U {key} /P -4 >> /ID [<00><00>]"
    with pytest.raises(ReadError, match="encrypted"):
        read(b.pdf_file([(b"", (0, 0, 800, 600))], trailer=encrypt))


def test_the_error_names_the_page():
    truth = b.beats(6, 15.0, 300.0)
    data = b.kardia_six(truth)
    assert read(data).leads == NAMES[:6]
    first = b.Sheet()
    second = b.muse(TRUTH, words="")
    box = (0.0, 0.0, 297 * b.MM, 210 * b.MM)
    with pytest.raises(ReadError, match="On page 2 of 2: The PDF does not print"):
        read(b.pdf_file([(first.content, box), (second.content, box)]))


def test_a_page_that_cannot_be_read_does_not_hide_the_next():
    box = (0.0, 0.0, 297 * b.MM, 210 * b.MM)
    trend, ecg = b.muse(TRUTH, words="Trend of the heart rate"), b.muse(TRUTH)
    recording = read(b.pdf_file([(trend.content, box), (ecg.content, box)]))
    assert error_mv(recording, TRUTH) < 2e-4
    assert any("Page 2 of 2 was read; page 1 also shows" in note for note in recording.notes)


# how it is opened


def test_it_is_recognised_and_opened_like_a_file():
    data = b.one_page(b.muse(TRUTH))
    assert sniff("x.txt", data[:100])
    assert sniff("x", b"\x1b%-12345X@PJL\r\n" + data[:100])
    assert not sniff("x.pdf", b"text about %PDF-1.4")
    recording = readers.read({"report.pdf": data})
    assert recording.provenance.format == "PDF"
    assert recording.leads == NAMES


def test_an_error_crosses_the_process_as_it_is():
    data = b.one_page(b.muse(TRUTH, labels=("?",) * 12, rhythm=()))
    with pytest.raises(MissingInformationError) as caught:
        readers.read({"report.pdf": data})
    assert caught.value.needs == ("lead_names",)
