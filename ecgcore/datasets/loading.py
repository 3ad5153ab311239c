"""From an index entry to its recording."""

from pathlib import Path

import numpy as np
import wfdb

from ecgcore.datasets.entry import Entry
from ecgcore.errors import DatasetError, EcgError
from ecgcore.leads import canonical_lead
from ecgcore.recording import Patient, Provenance, Recording
from ecgcore.units import MV, NU, is_normalised, mv_per


def load_recording(entry: Entry) -> Recording:
    """Return the recording of an entry, as its file has it.

    The patient's age and sex are the data set's; a single-lead set's only row carries the name
    of the lead it was recorded from.

    Raises
    ------
    DatasetError
        If the file is missing, damaged, or of another unit than the data set says.
    """
    try:
        recording = _read(entry.path, entry.lead)
    except (EcgError, OSError, ValueError) as error:
        raise DatasetError(
            f"{entry.dataset}: the record {entry.record} cannot be read: {error}"
        ) from error
    if entry.has_voltage != (recording.unit == MV):
        raise DatasetError(
            f"{entry.dataset}: the record {entry.record} is in {recording.unit}; "
            f"{MV if entry.has_voltage else NU} was expected."
        )
    return Recording(
        recording.signal,
        recording.fs_hz,
        recording.leads,
        unit=recording.unit,
        start=recording.start,
        patient=Patient(entry.age_years, entry.sex),
        provenance=recording.provenance,
        derived_leads=recording.derived_leads,
        notes=recording.notes,
    )


def _read(path: Path, lead: str | None) -> Recording:
    record = wfdb.rdrecord(str(path))
    names = [lead] if lead else [canonical_lead(n) or n for n in record.sig_name]
    lost = all(is_normalised(unit) for unit in record.units)
    per = [1.0 if lost else mv_per(unit) for unit in record.units]
    return Recording(
        np.asarray(record.p_signal.T * np.array(per)[:, None], dtype=np.float32),
        float(record.fs),
        tuple(names),
        unit=NU if lost else MV,
        provenance=Provenance(format="WFDB", original_fs_hz=float(record.fs)),
    )
