"""What is known of one statement."""

from collections.abc import Collection
from dataclasses import dataclass

ADULT_YEARS = 18.0
MEASUREMENT, BEATS, NETWORK, BOTH = "measurement", "beats", "network", "both"
DECIDERS = (MEASUREMENT, BEATS, NETWORK, BOTH)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a criterion is published.

    Attributes
    ----------
    short, full : str
        As it stands in a sentence, and beside an explanation.
    """

    short: str
    full: str


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a textbook looks for a statement.

    Attributes
    ----------
    waves : tuple of str
        Of P, PR, QRS, ST, T and baseline; the baseline before a P belongs to that P's beat.
    leads : tuple of str
        Where the criterion applies.
    criterion : str
        What is looked for, in words.
    feature : str
        The wave, edge or segment, as it stands in a sentence.
    sources : tuple of Source
    first : tuple of str
        The leads in which a reader looks first.
    beats : str
        Only beats of this type, "supraventricular" or "ventricular"; "": all.
    """

    waves: tuple[str, ...]
    leads: tuple[str, ...]
    criterion: str
    feature: str
    sources: tuple[Source, ...]
    first: tuple[str, ...] = ()
    beats: str = ""

    @property
    def source(self) -> str:
        """All sources in full."""
        return "; ".join(source.full for source in self.sources)


@dataclass(frozen=True, kw_only=True)
class LeadNeed:
    """Leads without which a statement is not read.

    Attributes
    ----------
    leads : tuple of str
    reason : str
    at_least : int
        So many of them.
    instead : tuple of str
        One of these stands in for them where enough leads are there.
    """

    leads: tuple[str, ...]
    reason: str
    at_least: int = 1
    instead: tuple[str, ...] = ()

    def is_met(self, leads: Collection[str]) -> bool:
        """Return whether enough of the leads are there."""
        return len(set(self.leads).intersection(leads)) >= self.at_least

    def has_stand_in(self, leads: Collection[str]) -> bool:
        """Return whether a lead that stands in is there."""
        return not set(self.instead).isdisjoint(leads)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One diagnostic statement.

    Attributes
    ----------
    code : str
        The project's code, as printed by the command line: PTB-XL's, else the SNOMED CT
        identifier, else "AHA" and the number in AHA/ACC/HRS 2007 Part II.
    term, short : str
        As in Part II (Mason et al., Circulation 115:1325), and where room is short.
    group : str
        Of :data:`ecgcore.statements.GROUPS`.
    aha : int
        Number in Part II; 0 where it has none.
    scp, snomed : tuple of str
        PTB-XL statements, and SNOMED CT identifiers (its own first, then other names of it).
    kind_of : str
        Code of the wider statement that holds wherever this one holds; empty if none.
    superclass : str
        PTB-XL's diagnostic super-class; empty if none.
    meaning : str
        What a probability of this statement is about; empty if no network gives one.
    alone : tuple of str or None
        Leads of which one alone can carry it; None: any.
    alone_reason : str
        Why others cannot.
    min_leads : int
        On fewer complete leads a network that learned from twelve gives no finding.
    needs : tuple of LeadNeed
    needs_voltage, only_voltage : bool
        Whether its criterion is in mV, and whether there is nothing else to it.
    needs_age_and_sex : bool
        Whether it is not read where they are unknown.
    varies_with_age : bool
        Whether what is normal changes with age.
    age_from, age_to : float
        Years it applies to, both included; None: no upper limit.
    lost_in_paced : bool
        Whether a pacemaker's own complexes imitate or hide it.
    place : Place or None
        None for a statement about the rate alone.
    decided_by : str
        ``"measurement"``, ``"beats"``, ``"network"``, or ``"both"``: a network can state it where
        measurement does not exclude it.
    criterion : str
        How it is decided by measurement, as a reader checks it.
    sources : tuple of Source
        Of the criterion.
    exclusive : str
        The set of statements of which one holds at a time; empty if none.
    excludes, implies : tuple of str
        Codes that cannot stand beside it, and codes that need not be said where it is.
    normal : bool
        Whether a normal ECG may have it.
    urgency : int
        1: an arrest or what soon becomes one; 2: what needs a decision at once; 0: neither, or
        urgent by its value alone.
    """

    code: str
    term: str
    short: str
    group: str
    aha: int = 0
    scp: tuple[str, ...] = ()
    snomed: tuple[str, ...] = ()
    kind_of: str = ""
    superclass: str = ""
    meaning: str = ""
    alone: tuple[str, ...] | None = None
    alone_reason: str = ""
    min_leads: int = 1
    needs: tuple[LeadNeed, ...] = ()
    needs_voltage: bool = False
    only_voltage: bool = False
    needs_age_and_sex: bool = False
    varies_with_age: bool = False
    age_from: float = ADULT_YEARS
    age_to: float | None = None
    lost_in_paced: bool = False
    place: Place | None = None
    decided_by: str = MEASUREMENT
    criterion: str = ""
    sources: tuple[Source, ...] = ()
    exclusive: str = ""
    excludes: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    normal: bool = False
    urgency: int = 0

    def check_age(self, age_years: float | None) -> str:
        """Return why it is not assessed at this age; empty where it is, or the age is unknown."""
        if age_years is None:
            return ""
        if age_years < self.age_from:
            return f"Not assessed under {self.age_from:g} years"
        if self.age_to is not None and age_years > self.age_to:
            return f"Not assessed over {self.age_to:g} years"
        return ""

    @property
    def needs_several_leads(self) -> bool:
        """Whether no single lead can carry it."""
        return self.alone == ()
