"""Text that may come from a file, on its way to Streamlit's Markdown."""

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-!|$~:&=])")
_NUMBERED = re.compile(r"^(\s*\d+)([.)])", re.MULTILINE)
_INDENTED = re.compile(r"^[ \t]{4,}", re.MULTILINE)
# Where a bare address, an emoji's or an icon's name, or a typed arrow begins: Streamlit makes links
# and signs of these after it has taken the backslashes away, so that escaping them does not help.
_MADE_OF_WORDS = re.compile(
    r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)|(?<=:)(?=[\w+\-/]+:)|(?<=[<>~\-])(?=[\-=>])",
    re.IGNORECASE,
)
_JOINER = "\N{WORD JOINER}"  # no width, and no line breaks at it


def plain(text: str) -> str:
    """Return Markdown that reads as this text: no link, picture, formula or colour of a file's own.

    A picture's address in a lead's name would otherwise be fetched by every reader's browser.
    """
    apart = _INDENTED.sub("   ", _MADE_OF_WORDS.sub(_JOINER, text))
    return _NUMBERED.sub(r"\1\\\2", _MARKS.sub(r"\\\1", apart))
