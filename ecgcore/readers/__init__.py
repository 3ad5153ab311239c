"""Readers: ``read(source) -> Recording``, one module a format, one table.

The format is recognised by content, not by the name.
"""

from ecgcore.readers.base import ReadOptions
from ecgcore.readers.dicom.write import write_dicom
from ecgcore.readers.discover import find_recordings, list_recordings
from ecgcore.readers.edf.write import write_edf
from ecgcore.readers.opening import Files, read, read_many
from ecgcore.readers.table import FORMATS
from ecgcore.readers.text.write import write_csv
from ecgcore.readers.wfdb.write import write_wfdb

__all__ = [
    "FORMATS",
    "Files",
    "ReadOptions",
    "find_recordings",
    "list_recordings",
    "read",
    "read_many",
    "write_csv",
    "write_dicom",
    "write_edf",
    "write_wfdb",
]
