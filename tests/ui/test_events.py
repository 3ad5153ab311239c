"""Events of a long recording: counted by kind, marked on the overview, stepped through by keys."""

from functools import cache

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ecgcore.recording import Recording
from ecgcore.render.paper import PaperSettings
from ecgcore.results import Beats, Episode, Interpretation
from ecgcore.simulate.cases import make_demonstration_case
from ecgcore.study import Study
from tests.ui.desk_app import VIEWER, Payload, act, payloads, read, simulated, words_of
from ui.desk.events import KINDS, Event, list_events, make_ticks
from ui.desk.paper import Paper
from ui.state import OpenCase


@cache
def minute() -> Recording:
    """Return 65 s of an ambulatory recording."""
    source = make_demonstration_case("holter-pvc").recording
    return Recording(source.signal[:, : round(65 * source.fs_hz)], source.fs_hz, source.leads)


@cache
def beats() -> Beats:
    return Study(minute()).measured.beats


def case_of(**given: object) -> OpenCase:
    return OpenCase("x", minute(), **given)  # type: ignore[arg-type]


def ticks_of(found: dict[str, Payload]) -> list[list]:
    ticks: list[list] = found[VIEWER]["overview"]["ticks"]
    return ticks


def test_events_are_counted_by_kind_and_marked_on_the_overview(app: AppTest) -> None:
    found = read(app, case_of())
    (pills,) = [group for group in app.button_group if group.proto.label == "Events"]
    shown = [option.content for option in pills.proto.options]
    n_pvc = beats().types.count("ventricular")
    assert n_pvc
    assert f"{KINDS['ventricular']} {n_pvc}" in shown
    assert "N and P step through." in words_of(app)
    # The overview stood before the case was measured; it has its marks with the next run.
    app.run()
    ticks = ticks_of(payloads(app))
    assert sum(kind == "ventricular" for *_, kind in ticks) == n_pvc
    assert found[VIEWER]["overview"]["duration_s"] == pytest.approx(65)


def test_keys_go_from_one_event_to_the_next_and_turn_the_paper(app: AppTest) -> None:
    case = case_of()
    read(app, case)
    at = [float(t) for t, kind in zip(beats().consensus.r_peak, beats().types, strict=True)
          if kind == "ventricular"]  # fmt: skip
    choose(app, "ventricular")
    for number, time_s in enumerate(at, start=1):
        act(app, "next_place")
        assert f"{number} of {len(at)}:" in words_of(app)
        assert paper(app, case).shows(time_s)
    act(app, "previous_place")
    assert f"{len(at) - 1} of {len(at)}:" in words_of(app)
    case.event = None
    act(app, "previous_place")  # from nowhere, back: the last
    assert f"{len(at)} of {len(at)}:" in words_of(app)
    assert paper(app, case).shows(at[-1])
    act(app, "next_place")
    assert f"1 of {len(at)}:" in words_of(app)


def test_another_kind_begins_anew(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    some = [Event(kind, at, at, kind) for kind in ("run", "pause") for at in (20.0, 50.0)]
    monkeypatch.setattr("ui.desk.events.list_events", lambda _found, _beats: some)
    case = case_of()
    read(app, case)
    act(app, "next_place")
    assert "1 of 2: 0:20, run" in words_of(app)
    choose(app, "pause")
    assert case.event is None
    assert "N and P step through." in words_of(app)


def choose(app: AppTest, kind: str) -> None:
    (pills,) = [group for group in app.button_group if group.proto.label == "Events"]
    pills.set_value(kind).run()
    assert not app.exception


def paper(app: AppTest, case: OpenCase) -> Paper:
    settings: PaperSettings = app.session_state["paper_settings"]
    return Paper(case, settings)


def test_what_fits_a_sheet_has_no_list_of_events(app: AppTest) -> None:
    found = read(app, simulated("pvc", "II", "V1"))
    assert found[VIEWER]["overview"] is None
    assert not [group for group in app.button_group if group.proto.label == "Events"]
    act(app, "next_place")
    assert not app.exception


def test_a_long_recording_is_turned_on_the_overview(app: AppTest) -> None:
    case = case_of()
    read(app, case)
    viewer = act(app, "navigate", start_s=30.0)[VIEWER]
    assert viewer["sheet"]["start_s"] == pytest.approx(30.0)
    assert act(app, "navigate", start_s=1e6)[VIEWER]["sheet"]["start_s"] == pytest.approx(55.0)


# ---- without a page ------------------------------------------------------------------------


def made(types: tuple[str, ...], rr_s: float = 0.8, gaps: dict[int, float] | None = None) -> Beats:
    """Return the beats of a recording as others of their number and kinds."""
    from dataclasses import fields, replace

    known = beats()
    n = len(types)
    steps = np.full(n, rr_s)
    for at, gap_s in (gaps or {}).items():
        steps[at] = gap_s
    consensus = replace(
        known.consensus,
        **{
            field.name: value[:n]
            for field in fields(known.consensus)
            if isinstance(value := getattr(known.consensus, field.name), np.ndarray)
        },
    )
    consensus = replace(consensus, r_peak=np.cumsum(steps))
    return replace(known, types=types, rr_s=np.concatenate([[np.nan], steps[1:]]),
                   consensus=consensus)  # fmt: skip


def kinds_of(found: Beats, *episodes: Episode) -> list[str]:
    return [event.kind for event in list_events(Interpretation(rhythms=episodes), found)]


N, V, S = "normal", "ventricular", "supraventricular"


def test_three_ventricular_beats_are_a_run_and_two_are_none() -> None:
    assert kinds_of(made((N, V, V, N))) == ["ventricular"] * 2
    found = made((N, V, V, V, N, S))
    assert kinds_of(found) == ["run", *["ventricular"] * 3, "supraventricular"]
    run = list_events(Interpretation(), found)[0]
    assert run.words == "3 ventricular beats in a row"
    assert (run.start_s, run.stop_s) == (pytest.approx(1.6), pytest.approx(3.2))


def test_a_pause_is_longer_than_two_seconds() -> None:
    assert kinds_of(made((N,) * 6, gaps={2: 2.0, 4: 2.4})) == ["pause"]
    (pause,) = list_events(Interpretation(), made((N,) * 6, gaps={4: 2.4}))
    assert pause.words == "RR 2.4 s"
    assert pause.stop_s - pause.start_s == pytest.approx(2.4)


def test_rhythms_are_those_other_than_the_longest() -> None:
    episodes = (
        Episode(code="SR", start_s=0.0, stop_s=40.0),
        Episode(code="AF", start_s=40.0, stop_s=55.0),
        Episode(code="", start_s=55.0, stop_s=60.0),
        Episode(code="SR", start_s=60.0, stop_s=65.0),
    )
    found = list_events(Interpretation(rhythms=episodes), made((N, N)))
    assert [(event.kind, event.words) for event in found] == [("rhythm", "Atrial fibrillation")]
    (tick,) = make_ticks(found)
    assert (tick.start_s, tick.stop_s, tick.kind) == (40.0, 55.0, "rhythm")
