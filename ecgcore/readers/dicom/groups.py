"""The multiplex groups of a DICOM waveform (PS3.3 C.10.9): what is in them, and which are read."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from ecgcore.errors import ReadError
from ecgcore.leads import CHEST_6, canonical_lead
from ecgcore.readers.assemble import join_words, names_ecg, was_or_were
from ecgcore.readers.base import clean_text
from ecgcore.readers.dicom.codes import COMPUTED_CHANNEL, find_lead
from ecgcore.recording import MAX_FS_HZ
from ecgcore.units import is_voltage

_MEDIAN = re.compile(r"median|average|avg|representative|template|mean beat", re.IGNORECASE)
_MEDIAN_MAX_S = 2.0
_MAX_LISTED = 16


@dataclass(frozen=True)
class Channel:
    """A channel of a group: its lead's name, and from where its voltage comes.

    Attributes
    ----------
    scale : float
        Units a step.
    offset : float
        In units.
    delay_s : float
        How much later than the group its first sample was taken.
    """

    index: int
    name: str
    is_ecg: bool
    unit: str
    scale: float
    offset: float
    filter_text: str
    computed: bool
    delay_s: float = 0.0


@dataclass(frozen=True)
class Group:
    """A multiplex group: channels of one rate; ``offset_ms`` is its start."""

    item: Dataset
    label: str
    original: bool
    fs_hz: float
    n_samples: int
    n_channels: int
    offset_ms: float
    channels: tuple[Channel, ...]

    @property
    def seconds(self) -> float:
        """Length of the group."""
        return self.n_samples / self.fs_hz

    @property
    def is_median(self) -> bool:
        """Whether this is a computed beat rather than recorded rhythm."""
        short = not self.original and self.seconds <= _MEDIAN_MAX_S
        return short or bool(_MEDIAN.search(self.label))

    @property
    def ecg_names(self) -> list[str]:
        """Names of its ECG channels."""
        return [channel.name for channel in self.channels if channel.is_ecg]


def parse_group(item: Dataset, ecg_storage: bool, notes: list[str]) -> Group:
    """Return a group of the waveform sequence.

    Raises
    ------
    ReadError
        For counts or a rate that cannot be.
    """
    fs_hz = float(item.SamplingFrequency)
    n_channels, n_samples = int(item.NumberOfWaveformChannels), int(item.NumberOfWaveformSamples)
    if not 0 < fs_hz <= MAX_FS_HZ:
        raise ReadError(f"The sampling rate in the file is {fs_hz:g} Hz; it must be above 0.")
    definitions = list(item.get("ChannelDefinitionSequence") or [])
    if len(definitions) != n_channels or n_samples < 1:
        raise ReadError(
            f"The DICOM file declares {n_channels} channels and describes {len(definitions)}."
        )
    return Group(
        item=item,
        label=str(item.get("MultiplexGroupLabel") or ""),
        original=str(item.get("WaveformOriginality") or "ORIGINAL").upper() != "DERIVED",
        fs_hz=fs_hz,
        n_samples=n_samples,
        n_channels=n_channels,
        offset_ms=float(item.get("MultiplexGroupTimeOffset") or 0.0),
        channels=tuple(
            _parse_channel(i, d, ecg_storage, fs_hz, notes) for i, d in enumerate(definitions)
        ),
    )


def _parse_channel(
    index: int, definition: Dataset, ecg_storage: bool, fs_hz: float, notes: list[str]
) -> Channel:
    source = (definition.get("ChannelSourceSequence") or [Dataset()])[0]
    texts = [str(source.get("CodeMeaning") or ""), str(definition.get("ChannelLabel") or "")]
    lead = find_lead(str(source.get("CodeValue") or ""))
    lead = lead or next((text for text in texts if canonical_lead(text)), None)
    unit = _find_unit(definition)
    sensitivity = definition.get("ChannelSensitivity")
    correction = definition.get("ChannelSensitivityCorrectionFactor")
    scale = float(1 if sensitivity is None else sensitivity)
    name = lead or next((text for text in texts if text), "") or f"channel {index + 1}"
    ecg_name = lead is not None or names_ecg(name)
    return Channel(
        index=index,
        name=name,
        is_ecg=ecg_name or (ecg_storage and (is_voltage(unit) or not unit)),
        unit="" if sensitivity is None else unit,
        scale=scale * float(1 if correction is None else correction),
        offset=float(definition.get("ChannelBaseline") or 0.0),
        filter_text=_describe_filter(definition),
        computed=str(definition.get("ChannelDerivationDescription") or "") == COMPUTED_CHANNEL,
        delay_s=_read_delay_s(definition, fs_hz, name, notes),
    )


def _find_unit(definition: Dataset) -> str:
    units = (definition.get("ChannelSensitivityUnitsSequence") or [Dataset()])[0]
    unit = str(units.get("CodeValue") or "").strip()
    if not is_voltage(unit):
        meaning = str(units.get("CodeMeaning") or "")
        unit = meaning if is_voltage(meaning) else unit
    return unit


def _read_delay_s(definition: Dataset, fs_hz: float, name: str, notes: list[str]) -> float:
    """Return how much later a channel starts: its skew, in seconds or samples, and its offset."""
    by_time = float(definition.get("ChannelTimeSkew") or 0.0)
    samples = float(definition.get("ChannelSampleSkew") or 0.0)
    offset = float(definition.get("ChannelOffset") or 0.0)
    if by_time and samples and abs(by_time * fs_hz - samples) > 0.5:
        notes.append(
            f"The skew of {clean_text(name, 16)} is {by_time:g} s and {samples:g} samples, which "
            "do not agree; the samples were used."
        )
    return (samples / fs_hz if samples else by_time) + offset


def _describe_filter(definition: Dataset) -> str:
    low, high = definition.get("FilterLowFrequency"), definition.get("FilterHighFrequency")
    notch = definition.get("NotchFilterFrequency")
    parts = []
    if low is not None and high is not None:
        parts.append(f"{float(low):g}-{float(high):g} Hz")
    elif low is not None:
        parts.append(f"from {float(low):g} Hz")
    elif high is not None:
        parts.append(f"up to {float(high):g} Hz")
    if notch is not None and float(notch) > 0:
        parts.append(f"notch {float(notch):g} Hz")
    return ", ".join(parts)


def choose_rhythm(groups: Sequence[Group], notes: list[str]) -> list[Group]:
    """Choose the groups to read, and note those left out with their leads and rate.

    Of original groups those of one rate are read together: those with the six chest leads, else
    those of the highest rate.  The longest comes first; further ones give the leads it lacks.

    Raises
    ------
    ReadError
        Without an ECG, or with a median beat alone.
    """
    with_ecg = [group for group in groups if group.ecg_names]
    if not with_ecg:
        found = join_words(clean_text(c.name, 24) for g in groups[:4] for c in g.channels[:12])
        raise ReadError(f"The DICOM waveform contains no ECG channel; it contains {found}.")
    rhythms = [group for group in with_ecg if not group.is_median]
    if not rhythms:
        raise ReadError(
            "The DICOM file contains only a median beat, no rhythm; export the whole recording."
        )
    together = _keep_one_rate(rhythms)
    longest = sorted(together, key=lambda g: (g.seconds, len(g.channels)), reverse=True)
    main = longest[0]
    chosen, taken, names = [main], [main], set(main.ecg_names)
    for group in longest[1:]:
        more = [c for c in group.channels if c.is_ecg and c.name not in names]
        if more:
            # A lead that an earlier, longer group holds as well is read from that one.
            chosen.append(replace(group, channels=tuple(more)))
            taken.append(group)
            names |= {channel.name for channel in more}
    for group in groups:
        if all(group is not other for other in taken):
            notes.append(_describe_group(group, main.fs_hz))
    return chosen


def _keep_one_rate(rhythms: Iterable[Group]) -> list[Group]:
    kinds: dict[tuple[bool, float], list[Group]] = {}
    for group in rhythms:
        kinds.setdefault((group.original, group.fs_hz), []).append(group)

    def rank(kind: tuple[bool, float]) -> tuple[bool, bool, float]:
        original, fs_hz = kind
        names = {name for group in kinds[kind] for name in group.ecg_names}
        return original, names.issuperset(CHEST_6), fs_hz

    return kinds[max(kinds, key=rank)]


def _describe_group(group: Group, read_fs_hz: float) -> str:
    what = "A median beat" if group.is_median else "Another group"
    label = f" ({clean_text(group.label, 24)})" if group.label else ""
    names = [clean_text(channel.name, 24) for channel in group.channels[:_MAX_LISTED]]
    more = f" and {group.n_channels - _MAX_LISTED} more" if group.n_channels > _MAX_LISTED else ""
    other = f", not {read_fs_hz:g} Hz" if group.fs_hz != read_fs_hz else ""
    return (
        f"{what}{label} of {group.seconds:.3g} s in the file was left out: "
        f"{', '.join(names) if more else join_words(names)}{more} at {group.fs_hz:g} Hz{other}."
    )


def note_channels_left_out(group: Group, names: Sequence[str | None], notes: list[str]) -> None:
    """Note the channels of a group that were left out: those without a name."""
    left = [
        clean_text(c.name) for c, name in zip(group.channels, names, strict=True) if name is None
    ]
    if left:
        notes.append(f"{join_words(left)} {was_or_were(left)} left out: not an ECG.")
