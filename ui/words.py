"""Text that may come from a file, on its way to Streamlit's Markdown."""

import re

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-!|$~:])")


def plain(text: str) -> str:
    """Return Markdown that reads as this text: no link, picture, formula or colour of a file's own.

    A picture's address in a lead's name would otherwise be fetched by every reader's browser.
    """
    return _MARKS.sub(r"\\\1", text)
