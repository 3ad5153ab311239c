"""Under which licence the weights of a model folder are passed on, made from its card."""

from pathlib import Path

from ecgcore.inference.card import ModelCard

LICENCE_FILE = "LICENSE"
_SHARE_ALIKE = "CC BY-SA 4.0"
_OWN = "MIT"
_TEXT = """\
The weights in this folder ({name}), and the figures beside them, are under
Creative Commons Attribution-ShareAlike 4.0 International (CC BY-SA 4.0):
https://creativecommons.org/licenses/by-sa/4.0/legalcode

They were made by this project's code (MIT licence) and learned from recordings
that are published under that licence:
{alike}

Whether weights are adapted material of what they learned from is not settled.
They are passed on as if they were: you may use, change and share them, also
commercially, if you credit this project and the data sets named here, say what
you changed, and share what you make of them under the same licence.

They also learned from:
{others}

They come without any warranty. No author of a data set endorses them.
"""


def weights_licence(card: ModelCard) -> str:
    """Return the licence of the weights: that of data which must be shared alike, or MIT."""
    shared = any(source.licence == _SHARE_ALIKE for source in card.data)
    return _SHARE_ALIKE if shared else _OWN


def write_licence(card: ModelCard, folder: Path) -> None:
    """Write the folder's LICENSE; without one the project's own holds.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    path = folder / LICENCE_FILE
    if weights_licence(card) == _OWN:
        path.unlink(missing_ok=True)
        return
    path.write_text(licence_text(card), encoding="utf-8")


def licence_text(card: ModelCard) -> str:
    """Return the notice of weights that learned from data which must be shared alike."""
    alike = [f"  {s.title}: {s.licence}" for s in card.data if s.licence == _SHARE_ALIKE]
    others = [f"  {s.title}: {s.licence}" for s in card.data if s.licence != _SHARE_ALIKE]
    return _TEXT.format(name=card.full_name, alike="\n".join(alike), others="\n".join(others))
