"""From an index entry to its recording."""

from dataclasses import replace

from ecgcore.datasets.entry import Entry
from ecgcore.errors import DatasetError, EcgError
from ecgcore.readers import ReadOptions, read
from ecgcore.recording import Patient, Recording
from ecgcore.units import MV, NU


def load_recording(entry: Entry) -> Recording:
    """Return the recording of an entry, as its file has it.

    The patient's age and sex are the data set's; a single-lead set's only row carries the name
    of the lead it was recorded from.

    Raises
    ------
    DatasetError
        If the file is missing, damaged, or of another unit than the data set says.
    """
    options = ReadOptions(lead_names=(entry.lead,) if entry.lead else None)
    header = entry.path.with_name(f"{entry.path.name}.hea")
    try:
        recording = read(header, options=options)
    except EcgError as error:
        raise DatasetError(
            f"{entry.dataset}: the record {entry.record} cannot be read: {error}"
        ) from error
    if entry.has_voltage != (recording.unit == MV):
        raise DatasetError(
            f"{entry.dataset}: the record {entry.record} is in {recording.unit}; "
            f"{MV if entry.has_voltage else NU} was expected."
        )
    return replace(recording, patient=Patient(entry.age_years, entry.sex))
