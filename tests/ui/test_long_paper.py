"""A page of a long recording is drawn as if the whole of it had been filtered."""

from itertools import product

import numpy as np
import pytest

from ecgcore.recording import Recording
from ecgcore.signal.filters import DISPLAY_FILTERS
from ui.desk.display_filter import WHOLE_S, apply_filter, find_span

FS_HZ = 125.0
LONGEST_PAGE_S = 120.0
DURATION_S = 3 * WHOLE_S
# A tenth of what a pixel at the highest gain shows.
NOTHING_MV = 1e-4


@pytest.fixture(scope="module")
def recording() -> Recording:
    rng = np.random.default_rng(3)
    n = round(DURATION_S * FS_HZ)
    at = np.arange(n) / FS_HZ
    wander = np.cumsum(rng.normal(0, 0.002, n)) + 0.5 * np.sin(2 * np.pi * at / 30)
    beats = (np.mod(at, 0.8) < 0.04) * 1.0
    signal = np.stack([beats + wander + 3.0, beats - wander + 0.2 * np.sin(2 * np.pi * 50 * at)])
    signal[:, at > DURATION_S / 2] += 5.0  # a step, as where an electrode was moved
    signal[1, (at > 1000) & (at < 1003)] = np.nan
    return Recording(signal, FS_HZ, ("I", "II"))


@pytest.mark.parametrize(
    ("key", "mains_hz"), list(product([f.key for f in DISPLAY_FILTERS], (0, 50)))[1:], ids=str
)
def test_a_page_is_the_same_as_of_the_whole(recording: Recording, key: str, mains_hz: int) -> None:
    everything = slice(0, recording.n_samples)
    whole = apply_filter(recording, key, mains_hz, everything).signal
    for start_s in (0.0, 119.9, 480.0, 1000.0, DURATION_S / 2 - 60, DURATION_S - 120.0, DURATION_S):
        span = find_span(recording, start_s)
        assert span.stop - span.start < recording.n_samples / 2
        part = apply_filter(recording, key, mains_hz, span).signal
        # Where the end is near, the page moves back.
        first = round(min(start_s, DURATION_S - LONGEST_PAGE_S) * FS_HZ)
        page = slice(first, first + round(LONGEST_PAGE_S * FS_HZ))
        np.testing.assert_allclose(part[:, page], whole[:, page], atol=NOTHING_MV)


def test_all_of_a_short_recording_is_filtered() -> None:
    short = Recording(np.ones((1, round(WHOLE_S * FS_HZ))), FS_HZ, ("I",))
    assert find_span(short, 30.0) == slice(0, short.n_samples)
