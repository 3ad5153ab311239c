"""Opening a case: uploaded files, or a demonstration case."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from ecgcore.errors import EcgError, MissingInformationError
from ecgcore.leads import STANDARD_12, canonical_lead
from ecgcore.readers import FORMATS, ReadOptions
from ecgcore.readers.opening import UploadedFile
from ecgcore.recording import Recording, describe_age
from ecgcore.results import Quality
from ecgcore.signal.quality import assess
from ecgcore.simulate.cases import DEMONSTRATION_CASES, DemoCase, demonstration_case
from ecgcore.units import MV
from ui.reading import read_uploads
from ui.serving.uploads import settle_uploads
from ui.state import OpenCase, put_case
from ui.words import plain

_ACCEPTS = (
    "One recording or several; a WFDB record's header and signal files together, or zipped. "
    "200 MB at most. A patient's name is not kept."
)
_UNITS = ("mV", "uV", "V", "NU")
_UNIT_WORDS = {
    "mV": "mV",
    "uV": "µV",
    "V": "V",
    "NU": "normalised: the voltage is lost",
}
_OPTIONS = "read_options"
_ASIDE = "kept_aside"
_MAX_ASIDE, _MAX_ASIDE_BYTES = 12, 200 * 2**20
_MAX_REFUSED = 20
_REVIEW = "pages/review.py"
# Leads that a file may leave open; the right chest and the back among them.
_LEAD_CHOICES = (*STANDARD_12, "V3R", "V4R", "V7", "V8", "V9", "MLII", "MCL1", "CM5")
_MAX_ASKED = 12
_COLUMNS = 3


def upload() -> None:
    """Take files, say what was read from them, and offer to review."""
    st.subheader("Open an ECG")
    files = st.file_uploader("Drop files here", accept_multiple_files=True)
    settle_uploads(files)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_ACCEPTS)
        with st.popover("What can be read"):
            st.markdown("\n".join(f"- {entry.description}" for entry in FORMATS))
            st.caption("Recognised by content, not by name. Scans and photographs hold no samples.")
    if files:
        _read(files)
    else:
        st.session_state.pop(_OPTIONS, None)
    _kept_aside()


def _read(files: Sequence[UploadedFile]) -> None:
    """Read what was uploaded: offer what is good, say what is wrong with the rest."""
    contents: dict[str, bytes] = {}
    for file in files:
        if file.name in contents:
            st.text(f"{file.name}: Two files have this name; give the second one alone.")
        else:
            contents[file.name] = file.getvalue()
    results = read_uploads(contents, st.session_state.get(_OPTIONS, ReadOptions()))
    good = {name: found for name, found in results if isinstance(found, Recording)}
    bad = {name: found for name, found in results if isinstance(found, EcgError)}
    asked = [(n, e) for n, e in bad.items() if isinstance(e, MissingInformationError)]
    if asked:
        _ask(*asked[0])
    for name, error in asked[1:]:
        st.text(f"{name}: {error}")
    refused = [(n, e) for n, e in bad.items() if not isinstance(e, MissingInformationError)]
    for name, error in refused[:_MAX_REFUSED]:
        _refused(name, error, contents)
    if len(refused) > _MAX_REFUSED:
        with st.expander(f"{len(refused) - _MAX_REFUSED} more files were not opened"):
            _lines("Each with its reason", [f"{n}: {e}" for n, e in refused[_MAX_REFUSED:]])
    if good:
        name = next(iter(good))
        if len(good) > 1:
            name = st.selectbox(f"{len(good)} recordings were read. Which one?", list(good))
        _summary(good[name], name)


def _refused(name: str, error: EcgError, contents: Mapping[str, bytes]) -> None:
    """Say why a file was not read, and offer to keep it."""
    reason = f"{name}: {error}" if name not in str(error) else str(error)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        # Plain text: what a file is called or says is never Markdown.
        st.text(reason)
        aside = st.session_state.get(_ASIDE, {})
        # A recording within an archive is kept with its archive.
        content = contents.get(name, next(iter(contents.values())) if len(contents) == 1 else None)
        if content is not None and reason not in aside:
            st.button(
                "Keep for later",
                key=f"keep_{name}",
                on_click=_keep_aside,
                args=(reason, content),
                help="Keeps the file with this reason until you leave, to download it again.",
            )


def _keep_aside(reason: str, content: bytes) -> None:
    """Keep a file that was not read; the oldest ones go where it gets too much."""
    aside: dict[str, bytes] = st.session_state.setdefault(_ASIDE, {})
    aside[reason] = content
    while len(aside) > _MAX_ASIDE or (
        len(aside) > 1 and sum(map(len, aside.values())) > _MAX_ASIDE_BYTES
    ):
        aside.pop(next(iter(aside)))


def _kept_aside() -> None:
    """List the files kept aside with their reasons, and give them back."""
    aside: dict[str, bytes] = st.session_state.get(_ASIDE, {})
    if not aside:
        return
    st.caption("Kept for later: not read, and gone when you leave")
    for number, (reason, content) in enumerate(list(aside.items()), start=1):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.text(reason)
            st.download_button(
                "Get the file back",
                content,
                # Named here: a name from a file never becomes one on a disk.
                file_name=f"unread-{number}.bin",
                mime="application/octet-stream",
                key=f"back_{number}",
                on_click="ignore",
            )
            st.button("Discard", key=f"forget_{number}", on_click=aside.pop, args=(reason, None))


def _ask(name: str, error: MissingInformationError) -> None:
    """Ask for what the file does not tell; never guess."""
    st.text(f"{name}: {error}")
    with st.form("missing", border=True):
        fs = unit = leads = None
        if "fs_hz" in error.needs:
            fs = st.number_input("Sampling rate (Hz)", min_value=1.0, value=None, step=1.0)
        if "unit" in error.needs:
            unit = st.selectbox(
                "Unit of the samples", _UNITS, index=None, format_func=_UNIT_WORDS.get
            )
        if "lead_names" in error.needs:
            leads = st.text_input(
                "Leads in the file's order, separated by commas",
                placeholder=", ".join(STANDARD_12[:3]) + ", …",
            )
        if st.form_submit_button("Read with these", type="primary"):
            _keep_options(fs, unit, leads)
            st.rerun()


def _keep_options(fs: float | None, unit: str | None, leads: str | None) -> None:
    before: ReadOptions = st.session_state.get(_OPTIONS, ReadOptions())
    listed = tuple(part.strip() for part in leads.split(",")) if leads else before.lead_names
    try:
        st.session_state[_OPTIONS] = ReadOptions(
            fs_hz=fs or before.fs_hz, unit=unit or before.unit, lead_names=listed
        )
    except EcgError as error:
        st.error(plain(str(error)))


def _summary(recording: Recording, name: str) -> None:
    quality = assess(recording)
    with st.container(border=True):
        left, right = st.columns([3, 1], vertical_alignment="center")
        left.text(f"{name}: {describe(recording)}")
        if right.button("Review this ECG", type="primary", width="stretch"):
            put_case(OpenCase(title=name, recording=recording))
            st.switch_page(_REVIEW)
        _ask_leads(recording, name)
        st.text(quality_words(quality, recording))
        if quality.reasons:
            _lines("Signal quality", quality.reasons)
        if recording.notes:
            _lines("Notes of the reader", recording.notes)
        statements = recording.provenance.machine_statements
        if statements:
            _lines("The recording machine's own statements", statements)


def _ask_leads(recording: Recording, name: str) -> None:
    """Ask one by one which lead it is that the file does not name as one; unknown ones stay."""
    named: tuple[str, ...] = st.session_state.get(_OPTIONS, ReadOptions()).lead_names or ()
    if named and not all("=" in pair for pair in named):
        return  # the user has named all of them
    unknown = [lead for lead in recording.leads if canonical_lead(lead) is None]
    for lead in unknown[:_MAX_ASKED]:
        key = f"lead_{name}_{lead}"
        st.selectbox(
            plain(f"Lead '{lead}' is not recognised. Which lead is it?"),
            _LEAD_CHOICES,
            index=None,
            placeholder="Not known: it keeps its name",
            key=key,
            on_change=_name_lead,
            args=(lead, key),
        )
    if named and st.button("Name the leads again", key=f"leads_{name}"):
        _keep_lead_names(None)
        st.rerun()


def _name_lead(lead: str, key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen is not None:
        before: ReadOptions = st.session_state.get(_OPTIONS, ReadOptions())
        _keep_lead_names((*(before.lead_names or ()), f"{lead}={chosen}"))


def _keep_lead_names(names: tuple[str, ...] | None) -> None:
    before: ReadOptions = st.session_state.get(_OPTIONS, ReadOptions())
    st.session_state[_OPTIONS] = replace(before, lead_names=names)


def _lines(title: str, lines: Sequence[str]) -> None:
    # st.text: what a file says is shown as text, never as Markdown or HTML.
    st.caption(title)
    st.text("\n".join(f"• {line}" for line in lines))


def describe(recording: Recording) -> str:
    """Return one line: format, leads, length, rate, unit, age and sex."""
    patient = recording.patient
    parts = [recording.provenance.format, f"{recording.n_leads} leads"]
    if recording.n_leads <= 3:
        parts[1] = "lead " + ", ".join(recording.leads)
    parts.append(f"{recording.duration_s:.1f} s at {recording.fs_hz:g} Hz")
    parts.append("mV" if recording.unit == MV else "normalised units, voltage not known")
    if patient.age_years is not None:
        parts.append(describe_age(patient.age_years))
    if patient.sex:
        parts.append(patient.sex)
    return ", ".join(part for part in parts if part)


def quality_words(quality: Quality, recording: Recording) -> str:
    """Return the quality at a glance, in one sentence."""
    bad = quality.bad_leads
    if not quality.acceptable and 2 * len(bad) >= recording.n_leads:
        return "Signal quality: too poor to read; consider recording again."
    if bad:
        return f"Signal quality: not readable in {', '.join(bad)}; good enough elsewhere."
    if quality.masked or not quality.acceptable:
        return "Signal quality: readable in every lead, but for what is named below."
    if recording.n_leads == 1:
        return "Signal quality: good."
    return f"Signal quality: good in all {recording.n_leads} leads."


def demonstration_cases() -> None:
    """Show the simulated cases as cards; choosing one opens it."""
    st.subheader("Or read a demonstration case")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Simulated ECGs with known truth. The diagnosis is never on the sheet.")
        hidden = st.toggle("Hide the diagnoses here too", key="hide_diagnoses")
    for start in range(0, len(DEMONSTRATION_CASES), _COLUMNS):
        row = st.columns(_COLUMNS)
        for offset, case in enumerate(DEMONSTRATION_CASES[start : start + _COLUMNS]):
            with row[offset].container(border=True, height="stretch"):
                _card(start + offset + 1, case, hidden=hidden)


def _card(number: int, case: DemoCase, *, hidden: bool) -> None:
    st.markdown(f"**{number}. {'Case' if hidden else case.title}**")
    st.caption(f"{case.history}  \n{'●' * case.difficulty}{'○' * (3 - case.difficulty)}")
    if st.button("Read", key=f"demo_{case.key}", width="stretch"):
        open_demonstration(number, case)
        st.switch_page(_REVIEW)


def open_demonstration(number: int, case: DemoCase) -> None:
    """Put a demonstration case on the desk."""
    put_case(OpenCase(title=f"Case {number}", recording=_simulated(case.key), demo=case))


@st.cache_data(max_entries=32, show_spinner="Simulating …")
def _simulated(key: str) -> Recording:
    # Shared by all users: a simulated case holds nothing of anybody.
    return demonstration_case(key).recording
