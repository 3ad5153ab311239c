"""Tables as HTML, and charts: figures with their intervals, quietly set."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

Figure = Mapping[str, float | None]
_QUIET = {"displayModeBar": False}


def plot(figure: dict[str, Any], key: str) -> None:
    """Show a chart as the app's charts are shown: own colours, no tools."""
    st.plotly_chart(figure, config=_QUIET, theme=None, key=f"card_{key}")


def format_figure(figure: Figure | None, digits: int = 2) -> str:
    """Return a figure with its interval, or a dash."""
    if figure is None or figure.get("value") is None:
        return "–"
    value = f"{figure['value']:.{digits}f}"
    low, high = figure.get("low"), figure.get("high")
    if low is None or high is None:
        return value
    between = " to " if low < 0 else "–"
    return f"{value} ({low:.{digits}f}{between}{high:.{digits}f})"


def make_figure_cell(figure: Figure | None, digits: int = 2) -> str:
    """Return a figure with its interval as a table cell, the interval quieter."""
    value, _, between = format_figure(figure, digits).partition(" ")
    return f'<td class="value">{value} <span class="spread">{between}</span></td>'


def make_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, wide: bool = False) -> str:
    """Return an HTML table; ``rows`` hold finished cells (``<td>…``), ``head`` plain text."""
    right = [cell_.startswith('<td class="value"') for cell_ in rows[0]] if rows else []
    titles = "".join(
        f'<th class="value">{escape(title)}</th>' if at_right else f"<th>{escape(title)}</th>"
        for title, at_right in zip(head, right or [False] * len(head), strict=True)
    )
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return wrap_table(f"<tr>{titles}</tr>{body}", "ecg-table wide" if wide else "ecg-table")


def wrap_table(rows: str, kind: str) -> str:
    """Return finished rows as a table of a class that scrolls sideways, by keyboard too."""
    return f'<div class="ecg-scroll" tabindex="0"><table class="{kind}">{rows}</table></div>'


def make_cell(words: str, kind: str = "") -> str:
    """Return plain text as a table cell."""
    return f'<td class="{kind}">{escape(words)}</td>' if kind else f"<td>{escape(words)}</td>"
