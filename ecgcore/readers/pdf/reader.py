"""From a PDF to a recording: the first page with traces, its scale, its leads, its samples."""

import atexit
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from ecgcore.errors import MissingInformationError, ReadError, TooLargeError
from ecgcore.readers.assemble import assemble_draft, choose_names, join_words, make_patient
from ecgcore.readers.base import Draft, ReadOptions, Source
from ecgcore.readers.isolated import IN_WORKER, IsolatedReader
from ecgcore.readers.pdf.document import Budget, PdfDocument, open_document, read_page
from ecgcore.readers.pdf.packed import check_expansion
from ecgcore.readers.pdf.page import Page
from ecgcore.readers.pdf.sampling import (
    Rate,
    Strip,
    find_own_rate,
    find_quantum,
    is_wrapped,
    place_in_time,
    sample_traces,
)
from ecgcore.readers.pdf.scale import Pulse, Scale, find_grid, find_page_scale
from ecgcore.readers.pdf.traces import (
    Trace,
    add_pulses,
    are_named_otherwise,
    continue_leads,
    find_traces,
    join_meeting,
    name_traces,
    split_rows,
)
from ecgcore.readers.pdf.words import (
    Label,
    Printed,
    find_age_and_sex,
    find_lead_labels,
    find_lead_of_page,
    find_other_names,
    find_printed_filter,
    find_printed_scale,
)
from ecgcore.recording import Patient, Provenance, Recording, Step
from ecgcore.units import MV

MAX_PAGES = 20
_PICTURE = 0.25
_SIMULATED = "SIMULATED ECG"
_PRINT_JOB = b"\x1b%-12345X"
# PDFium's floats on a page of A4, in mm.
_FLOAT_MM = 2e-5
_MOST_CORNERS = 0.95
_SAME_LEFT_MM = 2.0


def sniff(name: str, head: bytes) -> bool:
    """Return whether the first bytes are of a PDF; a print job may stand before it."""
    del name
    if head.startswith(_PRINT_JOB):
        return b"%PDF-" in head[:1024]
    return head.lstrip(b"\xef\xbb\xbf\0\t\r\n ").startswith(b"%PDF-")


def read(source: Source, options: ReadOptions) -> Recording:
    """Read a PDF in the worker, or in one of its own where this is not the worker.

    PDFium ends the process when a hostile file takes all memory, and cannot be interrupted; so it
    never runs in the process that asks.

    Raises
    ------
    EcgError
        As :func:`read_here`, or that the file broke the limits.
    """
    if os.environ.get(IN_WORKER):
        return read_here(source, options)
    _, result = _get_worker().read_many({source.name: source.data}, options)[0]
    if isinstance(result, Recording):
        return result
    raise result


@cache
def _get_worker() -> IsolatedReader:
    worker = IsolatedReader()
    atexit.register(worker.close)
    return worker


def read_here(source: Source, options: ReadOptions) -> Recording:
    """Read the first page of a PDF on which ECG traces are drawn as lines.

    Raises
    ------
    ReadError
        If the PDF is a picture, encrypted or damaged, has no traces, or does not tell its scale.
    MissingInformationError
        If its leads cannot be told.
    TooLargeError
        If it holds far more than an ECG.
    """
    check_expansion(source.data, options.max_expanded_bytes)
    with open_document(source.data) as document:
        n_pages = len(document)
        pages, errors = _read_pages(document, n_pages)
    drawn: list[_Drawn] = []
    for page in pages:
        try:
            drawn.append(_Drawn(page, *find_traces(page.strokes)))
        except TooLargeError as error:
            errors.append(error)
    with_traces = [found for found in drawn if found.traces]
    for chosen in with_traces:
        others = [found.page.number for found in with_traces if found is not chosen]
        notes = _note_pages(chosen.page.number, others, len(pages), n_pages)
        try:
            return assemble_draft(_make_draft(chosen, options, notes), source)
        except ReadError as error:
            errors.append(_add_page(error, chosen.page.number, n_pages))
    asked = (error for error in errors if isinstance(error, MissingInformationError))
    raise next(asked, errors[0] if errors else _explain_no_traces(pages, n_pages))


def _read_pages(document: PdfDocument, n_pages: int) -> tuple[list[Page], list[ReadError]]:
    """Return the first pages, as far as they hold no more than is read, and what stopped it."""
    budget = Budget()
    pages: list[Page] = []
    for number in range(1, min(n_pages, MAX_PAGES) + 1):
        try:
            pages.append(read_page(document, number, budget))
        except TooLargeError as error:
            return pages, [error]
    return pages, []


def _add_page(error: ReadError, number: int, n_pages: int) -> ReadError:
    if n_pages == 1 or isinstance(error, MissingInformationError):
        return error
    return type(error)(f"On page {number} of {n_pages}: {error}")


@dataclass(frozen=True, eq=False)
class _Drawn:
    """A page and what was found on it."""

    page: Page
    traces: list[Trace]
    pieces: list[Trace]
    pulses: list[Pulse]


def _explain_no_traces(pages: Sequence[Page], n_pages: int) -> ReadError:
    looked = "It" if n_pages <= len(pages) else f"The first {len(pages)} of its {n_pages} pages"
    if any(page.picture_share >= _PICTURE for page in pages):
        return ReadError(
            "This PDF contains a picture (a scan or a photograph) and no drawn traces; a picture "
            "contains no samples. Export the recording itself as DICOM waveform, EDF or CSV."
        )
    verb = "has" if looked == "It" else "have"
    return ReadError(
        f"This PDF cannot be read as an ECG: {looked[0].lower() + looked[1:]} {verb} no traces "
        "drawn as lines. Export the recording itself as DICOM waveform, EDF or CSV."
    )


def _note_pages(number: int, others: Sequence[int], looked_at: int, n_pages: int) -> list[str]:
    if n_pages == 1:
        return []
    told = f"Page {number} of {n_pages} was read"
    if len(others) == 1:
        told += f"; page {others[0]} also shows traces, which were left out"
    elif others:
        told += f"; pages {join_words(map(str, others))} also show traces, which were left out"
    if n_pages > looked_at:
        told += f"; pages after {looked_at} were not looked at"
    return [f"{told}."]


def _make_draft(drawn: _Drawn, options: ReadOptions, notes: list[str]) -> Draft:
    page = drawn.page
    printed = find_printed_scale(page.phrases)
    scale = find_page_scale(printed, find_grid(page.strokes), drawn.pulses)
    groups, leads = _name_leads(drawn, options, notes)
    groups = add_pulses(groups, drawn.pulses)
    strips, told = place_in_time(groups, leads, scale, printed)
    rate = find_own_rate(strips)
    signal = sample_traces(strips, rate, options.max_samples)
    notes += _note_layout(groups, leads, strips) + told + _note_zero(groups)
    notes.append(_note_exactness(strips, scale, printed, rate))
    notes += _note_corners(strips, rate)
    age, sex = find_age_and_sex(page.phrases, notes)
    return Draft(
        names=[strip.lead for strip in strips],
        signal=signal,
        fs_hz=rate.fs_hz,
        unit=MV,
        provenance=_make_provenance(page, scale, printed, rate),
        patient=make_patient(age, sex, {}, options) if age is not None or sex else Patient(),
        notes=notes,
    )


# ---- leads


def _name_leads(
    drawn: _Drawn, options: ReadOptions, notes: list[str]
) -> tuple[list[list[Trace]], list[str]]:
    """Return the lines of each row and lead, and the leads.

    Raises
    ------
    MissingInformationError
    """
    if options.lead_names is not None:
        return _match_options(_sort_in_reading_order(drawn.traces), options.lead_names, options)
    labels = find_lead_labels(drawn.page.phrases)
    traces = name_traces(split_rows(drawn.traces, labels), labels)
    if traces is None:
        raise _ask_for_names(drawn)
    leads = {label.lead for label in labels}
    named = any(trace.label is not None for trace in traces)
    if len(leads) > 1 and named:
        return _match_labels(traces, drawn, notes)
    only = leads.pop() if len(leads) == 1 and named else find_lead_of_page(drawn.page.phrases)
    others = find_other_names(drawn.page.phrases)
    if only is None or len(leads) > 1 or are_named_otherwise(traces, others):
        raise _ask_for_names(drawn)
    groups = continue_leads(_group_rows(only, traces), drawn.pieces)
    return groups, [only] * len(groups)


def _ask_for_names(drawn: _Drawn) -> MissingInformationError:
    count = len(join_meeting(drawn.traces))
    lines = "one trace whose lead's name" if count == 1 else f"{count} traces whose leads' names"
    return MissingInformationError(
        f"The PDF has {lines} cannot be read (perhaps drawn, not written); give the leads "
        "with --lead-names, down the columns from the left, or one lead if the rows continue one "
        "another.",
        needs=("lead_names",),
    )


def _group_rows(lead: str, traces: Sequence[Trace]) -> list[Trace]:
    """Return the traces from the top; each that begins a row is of the one lead there is."""
    left = min(trace.left_mm for trace in traces)
    given = next((t.label for t in traces if t.label is not None), None)
    sign = given.sign if given is not None else 1
    return [
        replace(trace, label=Label(lead, sign, trace.left_mm, trace.middle_mm))
        if trace.left_mm - left <= _SAME_LEFT_MM
        else replace(trace, label=None)
        for trace in sorted(traces, key=lambda t: -t.middle_mm)
    ]


def _match_labels(
    traces: Sequence[Trace], drawn: _Drawn, notes: list[str]
) -> tuple[list[list[Trace]], list[str]]:
    groups = continue_leads(traces, drawn.pieces)
    kept = [group for group in groups if group[0].label is not None]
    dropped = len(groups) - len(kept)
    if dropped:
        lines = "line has" if dropped == 1 else "lines have"
        notes.append(f"{dropped} {lines} no lead's name beside it and {_were(dropped)} left out.")
    found = {group[0].label.lead for group in kept if group[0].label is not None}
    printed = dict.fromkeys(label.lead for label in find_lead_labels(drawn.page.phrases))
    missing = [lead for lead in printed if lead not in found]
    if missing:
        notes.append(
            f"{join_words(missing)} {_were(len(missing))} named on the page without a trace."
        )
    for group in kept:
        if group[0].label is not None and group[0].label.sign < 0:
            lead = group[0].label.lead
            notes.append(f"The page shows -{lead}; it was inverted to give {lead}.")
    return kept, [group[0].label.lead for group in kept if group[0].label is not None]


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _sort_in_reading_order(traces: Sequence[Trace]) -> list[list[Trace]]:
    """Return the lines that are one trace each, down the columns from the left."""
    groups = join_meeting(traces)
    columns: dict[int, int] = {}
    for left in sorted({round(group[0].left_mm) for group in groups}):
        columns[left] = columns.get(left - 1, len(columns))
    return sorted(groups, key=lambda g: (columns[round(g[0].left_mm)], -g[0].middle_mm))


def _match_options(
    groups: list[list[Trace]], given: Sequence[str], options: ReadOptions
) -> tuple[list[list[Trace]], list[str]]:
    lefts = [group[0].left_mm for group in groups]
    if len(given) == 1 and np.ptp(lefts) <= _SAME_LEFT_MM:
        return groups, [given[0]] * len(groups)
    names = choose_names(["trace"] * len(groups), options)
    kept = [(group, name) for group, name in zip(groups, names, strict=True) if name is not None]
    return [group for group, _ in kept], [name for _, name in kept]


# ---- what is told


def _note_layout(
    groups: Sequence[list[Trace]], leads: Sequence[str], strips: Sequence[Strip]
) -> list[str]:
    if is_wrapped(groups, leads):
        rows = len(strips[0].rows)
        return [f"{rows} rows of each lead were joined in time, one after the other."]
    lefts = [group[0].left_mm for group in groups]
    if np.ptp(lefts) > 5.0:
        return [
            "The columns are read as continuous in time; each lead is present only where the page "
            "shows it."
        ]
    return []


def _note_zero(groups: Sequence[list[Trace]]) -> list[str]:
    if all(group[0].pulse is not None for group in groups):
        return []
    return [
        "The page does not show where 0 mV is (no calibration pulse in the row): the median of "
        "each trace is taken as 0."
    ]


def _note_exactness(strips: Sequence[Strip], scale: Scale, printed: Printed, rate: Rate) -> str:
    heights = [points[:, 1] for strip in strips for row in strip.rows for _, points in row]
    gain = min(g for g in (printed.limb_mm_per_mv, printed.chest_mm_per_mv) if g is not None)
    float_mv = 2 * _FLOAT_MM / scale.y_mm / gain
    steps = [step for values in heights if (step := find_quantum(values, 2 * float_mv)) is not None]
    # Half a step for the line and half a step for its zero line.
    voltage_uv = 1000 * max([float_mv, *steps])
    return (
        f"Samples were taken from the drawn lines, scaled by the {scale.method} at "
        f"{_read_words(printed)}: as drawn, to {max(voltage_uv, 0.1):.2g} µV and "
        f"{500 / rate.fs_hz:.2g} ms."
    )


def _note_corners(strips: Sequence[Strip], rate: Rate) -> list[str]:
    """Tell the rate, and how many samples are points of the lines."""
    if not rate.own:
        return [
            "The points of the drawn lines are unevenly spaced; samples were interpolated linearly "
            f"at {rate.fs_hz:g} Hz."
        ]
    parts = [points for strip in strips for row in strip.rows for _, points in row]
    n_samples = sum(float(points[-1, 0]) * rate.fs_hz + 1 for points in parts)
    share = sum(map(len, parts)) / n_samples
    told = [f"The drawn lines have {rate.fs_hz:g} points per second, taken as the sampling rate."]
    if share < _MOST_CORNERS:
        told.append(
            f"Only {share:.0%} of the samples are points of the drawn lines, the others lie on "
            "straight stretches between them; small or steep deflections may be flattened."
        )
    return told


def _read_words(printed: Printed) -> str:
    limb, chest = printed.limb_mm_per_mv, printed.chest_mm_per_mv
    gain = f"{limb:g} mm/mV" if limb == chest else f"{limb:g} (limb) and {chest:g} (chest) mm/mV"
    return f"{printed.mm_per_s:g} mm/s and {gain}"


def _make_provenance(page: Page, scale: Scale, printed: Printed, rate: Rate) -> Provenance:
    step = Step(
        "take drawn lines",
        {
            "page": page.number,
            "method": scale.method,
            "paper_mm_x": round(scale.x_mm, 5),
            "paper_mm_y": round(scale.y_mm, 5),
            "mm_per_s": printed.mm_per_s,
            "mm_per_mv_limb": printed.limb_mm_per_mv,
            "mm_per_mv_chest": printed.chest_mm_per_mv,
            "own_rate": rate.own,
        },
    )
    return Provenance(
        format="PDF",
        original_fs_hz=rate.fs_hz if rate.own else None,
        original_unit="mm",
        original_gain=_read_words(printed),
        device_filter=find_printed_filter(page.phrases),
        simulated=any(phrase.text.startswith(_SIMULATED) for phrase in page.phrases),
        steps=(step,),
    )
