"""No lead is lost between a recording and its sheet, on screen, in the PDF and as median beat."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from ecgcore.leads import CABRERA_12, STANDARD_12
from ecgcore.recording import Recording
from ecgcore.render.figure import figure
from ecgcore.render.lead_labels import place_labels
from ecgcore.render.paper import (
    LAYOUTS,
    PaperSettings,
    Sheet,
    lay_out,
    lay_out_beat,
    list_layouts,
    paginate,
)
from ecgcore.render.pdf import page_figures, pdf

FIFTEEN = (*STANDARD_12, "V3R", "V4R", "V7")
EIGHTEEN = (*STANDARD_12, "V3R", "V4R", "V5R", "V7", "V8", "V9")
FRANK = (*STANDARD_12, "X", "Y", "Z")
UNKNOWN = ("ECG 1", "Channel 2", "MLII", "a very long name of a channel 12", "$x$", "<b>", "V1 (2)")
NAMES = (*EIGHTEEN, "V6R", "X", "Y", "Z", *UNKNOWN)
TWELVE = [name for name in LAYOUTS if name not in ("stacked", "wrapped")]


def recording(leads: tuple[str, ...], seconds: float = 10.0, seed: int = 1) -> Recording:
    rng = np.random.default_rng(seed)
    signal = np.cumsum(rng.normal(0, 0.02, (len(leads), int(seconds * 100))), axis=1)
    return Recording(signal, 100.0, leads)


def names(drawn: dict[str, Any]) -> set[str]:
    return {t["meta"]["lead"] for t in drawn["data"] if t["meta"]["role"] == "trace"}


def words(drawn: dict[str, Any], role: str) -> str:
    return " ".join(" ".join(t["text"]) for t in drawn["data"] if t["meta"]["role"] == role)


def printed(pages: list[Figure]) -> list[str]:
    return [text.get_text() for page in pages for axes in page.axes for text in axes.texts]


leads_of_any_kind = st.lists(st.sampled_from(NAMES), min_size=1, max_size=18, unique=True).flatmap(
    lambda some: st.sampled_from(
        [tuple(some), (*STANDARD_12, *[n for n in some if n not in STANDARD_12][:6])]
    )
)


@given(leads_of_any_kind, st.data(), st.sampled_from([2.0, 10.0, 31.0]))
@settings(deadline=None, max_examples=60)
def test_every_lead_is_on_the_sheet_or_named_as_not_shown(
    leads: tuple[str, ...], data: st.DataObject, seconds: float
) -> None:
    layout = data.draw(st.sampled_from(list_layouts(leads)))
    source = recording(leads, seconds)
    sheet = lay_out(leads, seconds, PaperSettings(layout=layout, rhythm_lead=leads[-1]))
    shown = {cell.lead for cell in sheet.cells}
    assert shown | set(sheet.not_shown) == set(leads)
    assert not shown & set(sheet.not_shown)
    assert sheet.not_shown == () or layout == "wrapped"
    remark = " ".join(sheet.remarks)
    assert all(lead in " ".join(remark.split()) for lead in sheet.not_shown)
    assert names(figure(source, sheet)) == shown
    cells = [cell for page in paginate(sheet, 205.0) for cell in page.cells]
    assert [(c.lead, c.start_s) for c in cells] == [(c.lead, c.start_s) for c in sheet.cells]


@pytest.mark.parametrize("leads", [FIFTEEN, EIGHTEEN, FRANK, (*STANDARD_12, "V7")])
@pytest.mark.parametrize("layout", TWELVE)
def test_leads_beside_the_twelve_follow_in_further_rows(
    leads: tuple[str, ...], layout: str
) -> None:
    sheet = lay_out(leads, 10.0, PaperSettings(layout=layout))
    body = [c for c in sheet.cells if not (layout[0] == "3" and c.row == sheet.n_rows - 1)]
    assert sheet.not_shown == ()
    assert sorted(c.lead for c in body) == sorted(leads)
    twelve = [c.row for c in body if c.lead in STANDARD_12]
    assert min(c.row for c in body if c.lead not in STANDARD_12) == max(twelve) + 1
    for cell in sheet.cells:
        # One straight line from time to paper for the whole sheet, further rows too.
        assert cell.x_mm == pytest.approx(15.0 + 25.0 * cell.start_s)
        assert 0 <= cell.bottom_mm < cell.top_mm <= sheet.height_mm - 15
        assert cell.baseline_mm % 5 == 0
    for row in range(sheet.n_rows):
        own = [c for c in sheet.cells if c.row == row]
        assert (own[0].start_s, own[-1].end_s) == (0.0, pytest.approx(10.0))


def test_fifteen_leads_in_3x4() -> None:
    sheet = lay_out(FIFTEEN, 10.0, PaperSettings())
    at = {(c.row, c.column): c.label for c in sheet.cells}
    assert [at[0, i] for i in range(4)] == ["I", "aVR", "V1", "V4"]
    assert [at[3, i] for i in range(3)] == ["V3R", "V4R", "V7"]
    assert at[4, 0] == "II"


def test_cabrera_keeps_the_order_of_further_leads() -> None:
    sheet = lay_out(EIGHTEEN, 10.0, PaperSettings(layout="12x1-cabrera"))
    labels = [c.label.replace("−", "-") for c in sheet.cells]
    assert labels == [*CABRERA_12, *EIGHTEEN[12:]]


def test_rows_and_height_grow_with_the_leads() -> None:
    for leads in (STANDARD_12, FIFTEEN, EIGHTEEN):
        sheet = lay_out(leads, 10.0, PaperSettings(layout="stacked"))
        assert [c.lead for c in sheet.cells] == list(leads)
        assert sheet.height_mm == 25 + 15 * len(leads)
        assert len(sheet.pulses) == len(leads)


def test_a_long_list_of_leads_not_shown_is_broken_into_lines() -> None:
    leads = tuple(f"channel number {i:02d}" for i in range(40))
    sheet = lay_out(leads, 10.0, PaperSettings(layout="wrapped", rhythm_lead=leads[3]))
    drawn = figure(recording(leads), sheet)
    assert len(sheet.remarks) > 3
    assert sheet.footer_mm == 10 + 5 * len(sheet.remarks)
    assert all(len(line) * 1.6 < sheet.width_mm for line in sheet.remarks)
    assert "Not shown: channel number 00, channel number 01" in words(drawn, "remark")
    assert "All leads, one row each" in words(drawn, "remark")


@pytest.mark.parametrize("leads", [FIFTEEN, EIGHTEEN])
@pytest.mark.parametrize("layout", ["3x4", "6x2-cabrera", "12x1", "stacked", "wrapped"])
def test_the_pdf_prints_what_the_figure_draws(leads: tuple[str, ...], layout: str) -> None:
    source = recording(leads)
    sheet = lay_out(leads, 10.0, PaperSettings(layout=layout))
    pages = page_figures(source, sheet, header=("who",), footer=("foot",), lines=("said",))
    text = printed(pages)
    labels = {
        t for d in figure(source, sheet)["data"] if d["meta"]["role"] == "label" for t in d["text"]
    }
    assert labels <= set(text)
    assert set(sheet.remarks) <= set(text)
    assert text.count("who") == sum(bool(page.axes) for page in pages)
    assert f"foot   page 1 of {len(pages)}" in text
    assert "said" in [t.get_text() for page in pages for t in page.texts]


def test_a_high_sheet_is_continued_on_the_next_page_at_the_same_scale() -> None:
    sheet = lay_out(EIGHTEEN, 10.0, PaperSettings(layout="12x1"))
    pages = paginate(sheet, 205.0)
    assert [page.n_rows for page in pages] == [9, 9]
    for page in pages:
        assert page.height_mm <= 205
        assert {c.top_mm - c.bottom_mm for c in page.cells} == {15.0}
        assert [base for _, base in page.pulses] == [c.baseline_mm for c in page.cells]
        assert all(c.baseline_mm % 5 == 0 for c in page.cells)
        assert page.cells[0].top_mm == page.height_mm - 15
        assert page.cells[-1].bottom_mm == pytest.approx(page.footer_mm)
    made = page_figures(recording(EIGHTEEN), sheet)
    for page, drawn in zip(pages, made, strict=True):
        width, height = (v * 25.4 for v in drawn.get_size_inches())
        box = drawn.axes[0].get_position()
        assert (width, height) == (pytest.approx(297), pytest.approx(210))
        assert box.width * width == pytest.approx(page.width_mm)
        assert box.height * height == pytest.approx(page.height_mm)


def test_lines_without_room_get_a_page_of_their_own() -> None:
    source = recording(STANDARD_12)
    sheet = lay_out(STANDARD_12, 10.0, PaperSettings(layout="12x1"))
    assert len(page_figures(source, sheet)) == 1
    pages = page_figures(source, sheet, header=("who",), footer=("foot",), lines=("word " * 90,))
    assert len(pages) == 2
    own = [t.get_text() for t in pages[1].texts]
    assert own[0] == "who"
    assert own[-1] == "foot   page 2 of 2"
    assert " ".join(own[2:-2]).split() == ["word"] * 90
    content = pdf(source, sheet, lines=("one",))
    assert content == pdf(source, sheet, lines=("one",))
    assert content.count(b"/Type /Page ") == 2


# ---- names ----------------------------------------------------------------------------------


def labelled(source: Recording, sheet: Sheet) -> dict[str, tuple[float, float, str]]:
    labels = place_labels(source, sheet, 10.0)
    return dict(zip([c.lead for c in sheet.cells], labels, strict=True))


def test_a_name_makes_way_for_the_trace() -> None:
    signal = np.zeros((2, 1000), np.float32)
    signal[0, 20:60] = 1.1  # 11 mm above the base line: where the name would stand
    source = Recording(signal, 100.0, ("MLII", "V1"))
    sheet = lay_out(source.leads, 10.0, PaperSettings(layout="stacked"))
    at = labelled(source, sheet)
    first, second = sheet.cells
    level = first.baseline_mm + 11.0
    assert abs(at["MLII"][1] - level) > 1.9
    assert at["V1"][1] == second.top_mm - 3.4
    assert first.bottom_mm < at["MLII"][1] < first.top_mm


def test_a_long_name_ends_before_the_next_column() -> None:
    leads = (*STANDARD_12, *(f"a long name of an extra lead {i}" for i in range(4)))
    source = recording(leads, 2.0)
    sheet = lay_out(leads, 2.0, PaperSettings())
    labels = place_labels(source, sheet, 10.0)
    for cell, label in zip(sheet.cells, labels, strict=True):
        room = (cell.end_s - cell.start_s) * 25.0
        assert len(label.text) <= max(3, room / 1.8)
    long = [label.text for label in labels if "…" in label.text]
    assert len(set(long)) == 4, "names that differ in the end stay different"


def test_an_absent_stretch_hides_no_name() -> None:
    signal = np.full((1, 500), np.nan, np.float32)
    signal[0, 400:] = 0.1
    source = Recording(signal, 100.0, ("ECG 1",))
    sheet = lay_out(source.leads, 5.0, PaperSettings(layout="wrapped"))
    (label,) = place_labels(source, sheet, 10.0)
    assert label.text == "ECG 1  0:00"


# ---- median beat ----------------------------------------------------------------------------


@given(leads_of_any_kind)
@settings(deadline=None, max_examples=40)
def test_the_median_beat_of_every_lead_has_its_own_place(leads: tuple[str, ...]) -> None:
    sheet = lay_out_beat(leads, 1.0, PaperSettings(mm_per_s=50.0))
    assert sorted(c.lead for c in sheet.cells) == sorted(leads)
    assert len({(c.row, c.column) for c in sheet.cells}) == len(leads)
    assert len(sheet.pulses) == sheet.n_rows
    assert max(c.column for c in sheet.cells) < 4
    for cell in sheet.cells:
        assert sheet.x_mm(cell, cell.end_s) <= sheet.width_mm
        assert cell.bottom_mm >= sheet.footer_mm


def test_the_median_beats_of_eighteen_leads_stand_as_in_3x4() -> None:
    sheet = lay_out_beat(EIGHTEEN, 1.0, PaperSettings(mm_per_s=50.0))
    at = {(c.row, c.column): c.lead for c in sheet.cells}
    assert [at[0, i] for i in range(4)] == ["I", "aVR", "V1", "V4"]
    assert {at[r, c] for r, c in at if r >= 3} == set(EIGHTEEN[12:])
    assert sheet.n_rows == 5
