"""What is laid over a sheet, drawn apart from it."""

import base64

import numpy as np

from ecgcore.render.figure import figure
from ecgcore.render.layer import draw_layer
from ecgcore.render.overlay import Overlay
from ecgcore.render.paper import PaperSettings, lay_out
from ecgcore.simulate import simulate

RECORDING = simulate("normal").recording
SHEET = lay_out(RECORDING.leads, RECORDING.duration_s, PaperSettings(), header_mm=5.0)


def test_a_layer_is_the_shading_that_the_whole_figure_has() -> None:
    values = np.zeros(RECORDING.signal.shape, np.float32)
    values[6, 100:200] = 1
    overlay = Overlay(values, RECORDING.leads, RECORDING.fs_hz)
    whole = figure(RECORDING, SHEET, overlay=overlay)["data"]
    assert draw_layer(RECORDING, SHEET, overlay) == whole[:1]
    assert whole[0]["meta"]["role"] == "heat"


def test_bars_stand_beside_every_name_of_their_lead_and_show_what_is_against() -> None:
    traces = draw_layer(RECORDING, SHEET, None, shares={"II": 0.5, "V1": -0.25, "V2": 0.001})
    roles = [trace["meta"]["role"] for trace in traces]
    assert roles == ["bar", "bar against"]
    # Lead II stands in its cell and in the rhythm strip.
    lengths = [
        float(np.diff(np.frombuffer(_bytes(trace["x"]), "<f4").reshape(-1, 3)[:, :2]).max())
        for trace in traces
    ]
    counts = [np.frombuffer(_bytes(trace["x"]), "<f4").size // 3 for trace in traces]
    assert counts == [2, 1]
    assert np.allclose(lengths, [14.0, 7.0], atol=1e-4)


def test_without_a_share_there_is_no_bar() -> None:
    assert draw_layer(RECORDING, SHEET, None, shares={"II": 0.0}) == []


def test_a_sheet_without_header_keeps_its_rows_on_the_grids_heavy_lines() -> None:
    assert SHEET.height_mm == 135.0
    assert all(cell.baseline_mm % 5 == 0 for cell in SHEET.cells)


def _bytes(encoded: dict[str, str]) -> bytes:
    return base64.b64decode(encoded["bdata"])
