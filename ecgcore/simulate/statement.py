"""What one statement is to the simulator, and where it stands in the order of composition."""

from dataclasses import dataclass

from ecgcore.simulate.recipes import Change

# In this order statements are applied; all but the last two hold one statement each.
RHYTHM, AV, CONDUCTION, MASS, ISCHAEMIA, REPOLARISATION, ECTOPY, TECHNICAL = range(8)
SLOT_NAMES = (
    "rhythm",
    "AV conduction",
    "ventricular conduction",
    "voltage",
    "ischaemia and ST",
    "QT and electrolytes",
    "ectopy",
    "technical",
)
SEVERAL = {ECTOPY, TECHNICAL}


@dataclass(frozen=True)
class SimulatedStatement:
    """One statement that can be simulated.

    Attributes
    ----------
    key, title : str
    codes : tuple of str
        What it is labelled as.
    slot : int
        Its place in the order of composition.
    change : callable
        From a case without it to the case with it.
    criterion : str
        What makes it the statement, in words.
    uncertain : tuple of str
        Codes that cannot be told beside it.
    whole : bool
        The ventricles' shape is replaced as a whole: nothing else can change it.
    needs : tuple of str
        Rhythms it can stand in; empty for any.
    stands_on : str
        A statement that it changes, and is composed with: infarction in a bundle branch block.
    alone : bool
        Beside ``stands_on`` nothing else changes the shape of the beat.
    """

    key: str
    title: str
    codes: tuple[str, ...]
    slot: int
    change: Change
    criterion: str
    uncertain: tuple[str, ...] = ()
    whole: bool = False
    needs: tuple[str, ...] = ()
    stands_on: str = ""
    alone: bool = False
