"""The reader's filter: it changes what is drawn, never what is measured or given to a model."""

import streamlit as st

from ecgcore.recording import Recording, Step
from ecgcore.signal.filters import DISPLAY_FILTERS, band, display_filter, notch
from ui.state import OpenCase

FILTER, MAINS = "display_filter", "display_mains"
FILTER_LABELS = {f.key: f.label for f in DISPLAY_FILTERS}
MAINS_LABELS = {0: "no notch", 50: "50 Hz notch", 60: "60 Hz notch"}
# Up to this length all of a recording is filtered at once.
WHOLE_S = 900.0
# The longest page is six rows of 20 s; a filter of 0.05 Hz has forgotten a step after 2 minutes.
_BLOCK_S, MARGIN_S = 120.0, 120.0


def current_filter() -> tuple[str, int]:
    """Return the key of the filter that the reader chose, and the mains frequency of the notch."""
    return st.session_state.get(FILTER, "none"), st.session_state.get(MAINS, 0)


def describe_filter() -> str:
    """Return the reader's filter as it is printed on the sheet."""
    key, mains_hz = current_filter()
    label = display_filter(key).label
    return f"{label}, {MAINS_LABELS[mains_hz]}" if mains_hz else label


def filter_for_display(case: OpenCase) -> Recording:
    """Return the recording as the reader wants it drawn; the models never see this.

    Of a long recording only what stands around the shown page is filtered.
    """
    key, mains_hz = current_filter()
    if key == "none" and not mains_hz:
        return case.recording
    span = find_span(case.recording, case.start_s)
    kept = case.drawn.filtered.get((key, mains_hz))
    if kept is None or kept[0] != span:
        kept = span, apply_filter(case.recording, key, mains_hz, span)
        case.drawn.filtered[key, mains_hz] = kept
    return kept[1]


def find_span(recording: Recording, start_s: float) -> slice:
    """Return the samples that are filtered for a page that begins at a time.

    All of a short recording.  Of a long one some pages before and after, so that turning one
    filters nothing anew, and as much on either side as a filter of 0.05 Hz remembers.
    """
    if recording.duration_s <= WHOLE_S:
        return slice(0, recording.n_samples)
    block = int(min(start_s, recording.duration_s) // _BLOCK_S)
    first = max(0.0, (block - 1) * _BLOCK_S - MARGIN_S)
    last = min(recording.duration_s, (block + 2) * _BLOCK_S + MARGIN_S)
    return slice(round(first * recording.fs_hz), round(last * recording.fs_hz))


def apply_filter(recording: Recording, key: str, mains_hz: int, span: slice) -> Recording:
    """Return a recording with some of its samples filtered.

    Parameters
    ----------
    recording : Recording
    key : str
        Of one of :data:`ecgcore.signal.filters.DISPLAY_FILTERS`.
    mains_hz : int
        50 or 60; 0 for no notch.
    span : slice
        Of samples.
    """
    chosen = display_filter(key)
    # A low-pass above half the rate is nothing the file could hold: it is left out by band().
    samples = band(
        recording.signal[:, span],
        recording.fs_hz,
        high_pass_hz=chosen.high_pass_hz,
        low_pass_hz=chosen.low_pass_hz,
    )
    if mains_hz:
        samples = notch(samples, recording.fs_hz, float(mains_hz))
    step = Step("display filter", {"filter": chosen.label, "mains_hz": mains_hz})
    if samples.shape != recording.signal.shape:
        whole = recording.signal.copy()
        whole[:, span] = samples
        samples = whole
    return recording.changed(samples, step)
