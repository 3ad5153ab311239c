"""What a channel's name and unit say that it is: a lead, an ECG, an input, or something else."""

import re
from collections.abc import Mapping, Sequence
from enum import Enum

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import canonical_lead, canonical_leads
from ecgcore.readers.base import ReadOptions, clean_text
from ecgcore.units import is_normalised, is_voltage

MAX_NAME_LENGTH = 32
MAX_LISTED = 20
_LONGEST = 200  # no channel is called by more


class Kind(Enum):
    """What a channel is by its name."""

    LEAD = "a lead of the list in ecgcore.leads"
    ECG = "an ECG whose lead is not named"
    INPUT = "a numbered input of the recorder, or without a name"
    UNKNOWN = "anything"
    OTHER = "no ECG"


_ECG_WORD = re.compile(
    r"^(?:ecg|ekg)|[^a-z](?:ecg|ekg)(?![a-z])|(?:ecg|ekg)$|elektrok|electroc|экг|心电|心電|심전도",
    re.IGNORECASE,
)
# An ECG lead whose place is not told, as bedside monitors name it.
_UNPLACED = {"v", "lead v", "ml", "mcl", "precordial"}
_INPUT = re.compile(
    r"(?:(?:ch|chan|channel|kanal|canal|canale|input|lead|leads|signal|sig|column|col|a|ai|adc|"
    r"analog|record\S* signal)[\s_.:#-]*)?\d{1,3}"
)

# What is never an ECG, whatever else stands in the name ("ECG HR", "ECG timestamp").
_OTHER_WORD = re.compile(
    r"(?<![a-z])(?:"
    # breathing, sleep
    r"atmung|atem\w*|respira\w*|schnarch\w*|bauch|brust|druck|puls|pouls|pulso|presi[oó]n|pression|"
    r"beschleunigung|acc?[eé]l[eé]ra\w*|aceleraci[oó]n|resp\w*|breath\w*|airflow\w*|flow\w*|cannula|thermist\w*|snor\w*|effort|rip\d?|ventilat\w*|"
    r"leak|cpap|tidal|eog\w*|e[lr]og|emg\w*|chin\w*|submental\w*|ment|tibial\w*|plm\w*|masseter|"
    # circulation
    r"abp|art|arterial|cvp|pap|icp|bp|nibp|ibp|p?leth\w*|ppg\w*|spo2|sao2|o2\w*|oxi\w*|osat|"
    r"co2|etco2|capno\w*|pressure|press|pulse\w*|hr|hrv|heart[ _]?rate|bpm|rri?|ibi|nn|bvp|"
    r"icg|pcg|phono\w*|"
    # skin, temperature, motion, light
    r"eda|gsr|scr|skin|temp\w*|acc\w*|gyr\w*|mag|magn\w*|imu|quat\w*|roll|pitch|yaw|motion|"
    r"activity|steps?|position|pos|posture|angle|light|lux|infrared|red|green|ambient|"
    # what recorders add
    r"label\w*|annot\w*|marker\w*|mark|trig\w*|event\w*|status|stim\w*|digital\w*|"
    r"dio|din|dout|sync|batter\w*|vbat|imp|impedance|bioz|lead[ _-]?off|contact|quality|sqi|valid|"
    r"flags?|counter|count|seq\w*|nseq|packet\w*|crc|checksum|rssi|button|switch|"
    r"sound|mic\w*|audio|latitude|longitude|altitude|speed|"
    r"timestamp\w*|time|date\w*|epoch|unix\w*|clock|rate|peaks?|beats?|class|diagnosis|"
    # what a list of recordings says of each
    r"ids?|uid|uuid|guid|identifier|file\w*|path|folder|report\w*|score"
    r")(?:[ _]*\d{1,2})?(?![a-z])",
    re.IGNORECASE,
)
# What is no ECG where the name does not say so as well ("EEG ECG", "chest ECG").
_OTHER_PLACE = re.compile(
    r"(?<![a-z])(?:eeg\w*|loc|roc|legs?|thor\w*|abdo\w*|abd|belt|chest|body|lat|rat)(?![a-z])",
    re.IGNORECASE,
)
# camelCase joins words: "sensorTimestamp", "accX", "ECGLeadOff".
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Places on the head, alone or against a reference: Fp1, Cz, C3-A2, E1-M2.
_EEG_PLACE = r"(?:(?:fp|af|f|ft|fc|c|cp|tp|t|p|po|o)(?:\d{1,2}|z)|fpz|oz|[ame][12])"
_EEG_PAIR = re.compile(rf"(?<![a-z0-9]){_EEG_PLACE}\s*[-:/]\s*(?:{_EEG_PLACE}|ref|avg|av|le)")
_EEG_ALONE = re.compile(r"fp[12z]|af\d|[fcpo]z|[fpto][1-8]|t[3-6]|(?:fc|cp|ft|tp|po)\d{1,2}|m[12]")


def classify_channel(name: str) -> Kind:
    """Return what a channel is by its name alone.

    Parameters
    ----------
    name : str
        As the file writes it, without its unit.
    """
    if len(name) > _LONGEST:
        return Kind.UNKNOWN
    name = " ".join(name.replace("_", " ").split()).strip(" ,;:")
    text = name.lower()
    words = _CAMEL.sub(" ", name)
    if canonical_lead(name):
        return Kind.LEAD
    if _OTHER_WORD.search(words) or "timestamp" in text or _EEG_PAIR.search(text):
        return Kind.OTHER
    if _ECG_WORD.search(name) or text in _UNPLACED:
        return Kind.ECG
    if not text or _INPUT.fullmatch(text):
        return Kind.INPUT
    other = _OTHER_PLACE.search(words) or _EEG_ALONE.fullmatch(text)
    return Kind.OTHER if other else Kind.UNKNOWN


def classify_channels(
    names: Sequence[str], *, voltages: Sequence[bool] | None = None
) -> list[Kind]:
    """Return what the channels of one file are, beside each other.

    Parameters
    ----------
    names : sequence of str
    voltages : sequence of bool, optional
        Whether each channel is a voltage by its own unit; all are, if None.
    """
    leads = canonical_leads(names, voltages=voltages)
    kinds = [
        Kind.LEAD if lead else classify_channel(name)
        for name, lead in zip(names, leads, strict=True)
    ]
    return [
        # By itself a lead's name, here an axis or a place on the head.
        Kind.OTHER if kind is Kind.LEAD and lead is None else kind
        for kind, lead in zip(kinds, leads, strict=True)
    ]


def find_likely_ecg(names: Sequence[str], *, voltages: Sequence[bool] | None = None) -> list[int]:
    """Return which channels of one file are read as an ECG, by their names.

    Beside channels of another kind only those that a lead's name or ECG names; else whatever is
    called otherwise, too (``"noise1"``, ``"Channel 1"``), under its own name.
    """
    kinds = classify_channels(names, voltages=voltages)
    named = [i for i, kind in enumerate(kinds) if kind in (Kind.LEAD, Kind.ECG)]
    inputs = [i for i, kind in enumerate(kinds) if kind is Kind.INPUT]
    if Kind.OTHER in kinds:
        return named or inputs
    return list(range(len(kinds)))


def describe_left_out(names: Sequence[str], why: str = "not an ECG lead") -> list[str]:
    """Return the note on channels that were left out; none if there are none."""
    return [f"Left out: {join_few(names)} ({why})."] if names else []


def is_other_signal(name: str) -> bool:
    """Return whether a channel's name says that it is something else than an ECG."""
    return classify_channel(name) is Kind.OTHER


def names_ecg(name: str) -> bool:
    """Return whether a channel's name says that it is an ECG (a lead, or ECG, EKG)."""
    return classify_channel(name) in (Kind.LEAD, Kind.ECG)


def is_other_unit(unit: str) -> bool:
    """Return whether a unit is stated that is neither a voltage nor NU."""
    return bool(unit) and not is_voltage(unit) and not is_normalised(unit)


def choose_names(names: Sequence[str], options: ReadOptions) -> list[str | None]:
    """Return one name a channel, None where it is to be left out, after the caller's wish.

    Raises
    ------
    InvalidArgumentError
        If the caller gave another number of names than there are channels.
    """
    given = match_given_names(names, options)
    return [given[i] or None if i in given else name for i, name in enumerate(names)]


def match_given_names(
    names: Sequence[str], options: ReadOptions, *, likely: Sequence[int] = ()
) -> Mapping[int, str]:
    """Return what the caller calls the channels, by their index; ``""`` leaves one out.

    Parameters
    ----------
    names : sequence of str
        As the file writes them.
    options : ReadOptions
        ``lead_names``: one for each channel, one for each that would be read, or pairs
        ``"ECG=II"`` for those that are meant.
    likely : sequence of int, optional
        The channels that would be read; the others are left out where so many names are given.

    Raises
    ------
    InvalidArgumentError
        For another number of names.
    """
    wished = options.lead_names
    if wished is None:
        return {}
    if all("=" in name for name in wished):
        return _match_pairs(names, wished)
    places = list(range(len(names)))
    if len(wished) != len(names):
        places = list(likely)
    if len(wished) != len(places):
        raise InvalidArgumentError(
            f"{len(wished)} lead names were given for {len(names)} channels ({join_few(names)}); "
            "give one for each, an empty one to leave a channel out, or pairs like ECG=II."
        )
    given = dict.fromkeys(range(len(names)), "")
    given |= {i: "" if n in ("", "-") else n for i, n in zip(places, wished, strict=True)}
    if given and not any(given.values()):
        raise InvalidArgumentError(
            "The lead names entered leave out every channel; name at least one."
        )
    return given


def _match_pairs(names: Sequence[str], wished: Sequence[str]) -> dict[int, str]:
    own = [clean_text(name, MAX_NAME_LENGTH).lower() for name in names]
    given: dict[int, str] = {}
    for pair in wished:
        # A name in the file may hold the sign, no lead's name does.
        old, _, new = pair.rpartition("=")
        match = re.fullmatch(r"(.+?)(?: \((\d{1,3})\))?", clean_text(old, MAX_NAME_LENGTH).lower())
        places = [i for i, name in enumerate(own) if name == old.strip().lower()]
        if not places and match and match[2]:
            same = [i for i, name in enumerate(own) if name == match[1]]
            places = same[int(match[2]) - 1 : int(match[2])]
        if places:
            given[places[0]] = "" if new.strip() in ("", "-") else new.strip()
    return given


def join_few(names: Sequence[str]) -> str:
    """Return the first names as a list for a message."""
    found = ", ".join(
        clean_text(name, MAX_NAME_LENGTH) or "(no name)" for name in names[:MAX_LISTED]
    )
    return found + (" ..." if len(names) > MAX_LISTED else "")
