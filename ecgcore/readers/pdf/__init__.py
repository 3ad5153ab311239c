"""An ECG printed as a PDF whose traces are drawn lines: the lines are taken as they are."""

from ecgcore.readers.pdf.reader import read, sniff

__all__ = ["read", "sniff"]
