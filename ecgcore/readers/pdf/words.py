"""What the words on the page tell: speed, gain, leads, age and sex."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ecgcore.errors import ReadError
from ecgcore.leads import LIMB_6, canonical_lead
from ecgcore.readers.assemble import find_age_sex, join_words, parse_age, parse_sex
from ecgcore.readers.base import clean_text
from ecgcore.readers.pdf.page import Phrase

SPEEDS_MM_PER_S = (5.0, 6.25, 10.0, 12.5, 20.0, 25.0, 50.0, 100.0)
GAINS_MM_PER_MV = (1.0, 2.0, 2.5, 4.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 40.0, 80.0)
_NUMBER = r"(\d{1,3}(?:[.,]\d{1,2})?)"
_ALONE = r"(?<![\d.,])"
_SPEED = re.compile(_ALONE + _NUMBER + r"\s*(mm|cm)\s*/\s*s(?:ec|ek|econds?)?\b", re.IGNORECASE)
_GAIN = re.compile(_ALONE + _NUMBER + r"\s*(mm|cm)\s*/\s*mV\b", re.IGNORECASE)
_GAIN_TURNED = re.compile(
    _ALONE + r"1(?:[.,]0)?\s*mV\s*[/=]\s*" + _NUMBER + r"\s*(mm|cm)\b", re.IGNORECASE
)
_TWO_GAINS = re.compile(r"\d\s*[/|]\s*\d{1,3}(?:[.,]\d{1,2})?\s*mm\s*/\s*mV", re.IGNORECASE)
_LIMB = re.compile(r"(?:limb|extremit|frontal|p[ée]riph|standard)\w*\W{0,3}$", re.IGNORECASE)
_CHEST = re.compile(
    r"(?:chest|pr[ae]?ecord|brust|thora|précord|\bV\b|V1\W{1,3}V?6)\w*\W{0,3}$", re.IGNORECASE
)
_FRANK = {"X", "Y", "Z"}
_TIME = re.compile(r"^[\d:.,\s]+(?:s|sec|min)?\.?$", re.IGNORECASE)
_CHEST_LEAD = re.compile(r"V\dR?$")
# What may stand behind a lead's name: the time of its row, its gain.
_BEHIND = re.compile(
    r"(?:\s+\d+:\d\d(?::\d\d)?|\s*[(,]?\s*\d+(?:[.,]\d+)?\s*mm\s*/\s*mV\)?)$", re.IGNORECASE
)
_SINGLE = re.compile(r"[,;|·—–]")
_FILTER = re.compile(
    r"\d+(?:[.,]\d+)?\s*(?:Hz)?\s*[-–~]\s*\d+(?:[.,]\d+)?\s*Hz"
    r"|(?<![\w ])(?:\w+ )?filter: [^,;|]{2,40}",
    re.IGNORECASE,
)
_YEARS = re.compile(r"^\d{1,3}\s*(?:years?|yrs?|y\.?o\.?|jahre|ans|años|anni)\b", re.IGNORECASE)
_SEX_WORDS = re.compile(r"(?<![\w])(female|male|weiblich|männlich|femme|homme)(?![\w])", re.I)


@dataclass(frozen=True)
class Printed:
    """Speed and gain as printed; None where they are not.

    Attributes
    ----------
    mm_per_s : float or None
    limb_mm_per_mv, chest_mm_per_mv : float or None
        The same number where the page prints one gain for all leads.
    """

    mm_per_s: float | None
    limb_mm_per_mv: float | None
    chest_mm_per_mv: float | None

    def gain(self, lead: str) -> float | None:
        """Return the gain of a lead; of one that is neither limb nor chest only if all agree."""
        if self.limb_mm_per_mv == self.chest_mm_per_mv or _CHEST_LEAD.match(lead):
            return self.chest_mm_per_mv
        return self.limb_mm_per_mv if lead in LIMB_6 else None


def find_printed_scale(phrases: Iterable[Phrase]) -> Printed:
    """Return the speed and gain that the page prints.

    Raises
    ------
    ReadError
        If it prints two speeds, two gains that are not told apart, or impossible ones.
    """
    text = "\n".join(_group_lines(phrases))
    speeds = {_parse_value(m[1], m[2]) for m in _SPEED.finditer(text)}
    if len(speeds) > 1:
        raise ReadError(
            f"The PDF prints {join_words(f'{v:g}' for v in sorted(speeds))} mm/s; which of them "
            "the traces have is unclear."
        )
    speed = speeds.pop() if speeds else None
    limb, chest = _find_gains(text)
    for value, usual, unit in (
        (speed, SPEEDS_MM_PER_S, "mm/s"),
        (limb, GAINS_MM_PER_MV, "mm/mV"),
        (chest, GAINS_MM_PER_MV, "mm/mV"),
    ):
        if value is not None and value not in usual:
            possible = ", ".join(f"{v:g}" for v in usual)
            raise ReadError(f"The PDF prints {value:g} {unit}; possible are {possible}.")
    return Printed(speed, limb, chest)


def _find_gains(text: str) -> tuple[float | None, float | None]:
    """Return the gain of the limb and of the chest leads."""
    limb: set[float] = set()
    chest: set[float] = set()
    both: set[float] = set()
    for match in [*_GAIN.finditer(text), *_GAIN_TURNED.finditer(text)]:
        before = text[max(0, match.start() - 24) : match.start()].rpartition("\n")[2]
        value = _parse_value(match[1], match[2])
        if _CHEST.search(before):
            chest.add(value)
        elif _LIMB.search(before):
            limb.add(value)
        else:
            both.add(value)
    limb, chest = limb or both, chest or both
    if (
        len(limb) > 1
        or len(chest) > 1
        or (both and both != limb | chest)
        or _TWO_GAINS.search(text)
    ):
        raise ReadError("The PDF prints more than one gain; which leads have which is unclear.")
    return next(iter(limb), None), next(iter(chest), None)


def _parse_value(number: str, unit: str) -> float:
    value = float(number.replace(",", "."))
    return 10 * value if unit.lower() == "cm" else value


def _group_lines(phrases: Iterable[Phrase]) -> list[str]:
    """Return the page's lines of text, phrases of one height side by side."""
    rows: list[tuple[float, list[Phrase]]] = []
    for phrase in sorted(phrases, key=lambda p: (-p.y_mm, p.x_mm)):
        if rows and abs(rows[-1][0] - phrase.y_mm) < 0.5:
            rows[-1][1].append(phrase)
        else:
            rows.append((phrase.y_mm, [phrase]))
    return ["  ".join(p.text for p in sorted(row, key=lambda p: p.x_mm)) for _, row in rows]


@dataclass(frozen=True)
class Label:
    """A lead's name on the page; ``sign`` is -1 where it stands for the inverted lead."""

    lead: str
    sign: int
    x_mm: float
    y_mm: float


def find_lead_labels(phrases: Iterable[Phrase]) -> list[Label]:
    """Return the phrases that are nothing but the name of a lead."""
    found = []
    for phrase in phrases:
        lead = _find_lead(_BEHIND.sub("", phrase.text))
        if lead is not None:
            inverted = lead.startswith("-")
            label = Label(lead.lstrip("-"), -1 if inverted else 1, phrase.x_mm, phrase.y_mm)
            found.append(label)
    # A single letter X on a page is no lead; X, Y and Z are.
    frank = {label.lead for label in found} & _FRANK
    return found if len(frank) > 1 else [label for label in found if label.lead not in _FRANK]


def find_other_names(phrases: Iterable[Phrase]) -> list[Phrase]:
    """Return the phrases that may be names of traces but are no leads; times of rows are none."""
    return [
        p
        for p in phrases
        if _find_lead(_BEHIND.sub("", p.text)) is None and not _TIME.match(p.text)
    ]


def find_lead_of_page(phrases: Iterable[Phrase]) -> str | None:
    """Return the one lead that a line of several particulars names ("10 mm/mV, Lead I, ...")."""
    parts = (part.strip() for p in phrases for part in _SINGLE.split(p.text))
    # A bare "I" may be an initial; "Lead I" is a lead.
    named = {lead for part in parts if " " in part and (lead := _find_lead(part)) is not None}
    return named.pop() if len(named) == 1 else None


def _find_lead(text: str) -> str | None:
    """Return the lead that a text names; a mere number on a page is none."""
    if len(text) > 24 or not any(c.isalpha() for c in text):
        return None
    return canonical_lead(text.replace("−", "-").replace("–", "-"))


def find_age_and_sex(
    phrases: Sequence[Phrase], notes: list[str]
) -> tuple[float | None, str | None]:
    """Return the age in years and the sex where they are printed as such."""
    age, sex = find_age_sex([p.text for p in phrases], notes)
    for phrase in phrases:
        if age is None and _YEARS.match(phrase.text):
            age = parse_age(phrase.text, notes)
        word = _SEX_WORDS.search(phrase.text)
        if sex is None and word is not None and len(phrase.text) <= 40:
            sex = parse_sex(word[1])
    return age, sex


def find_printed_filter(phrases: Iterable[Phrase]) -> str:
    """Return what the page prints of filters, or nothing."""
    found = [m[0].strip() for p in phrases for m in _FILTER.finditer(p.text)]
    return clean_text("; ".join(dict.fromkeys(f for f in found if not f.lower().endswith("none"))))
