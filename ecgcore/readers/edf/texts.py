"""What this package writes into EDF+ where the format has no field of its own, and reads back."""

import re
from collections.abc import Sequence

import edfio
import numpy as np
from numpy.typing import NDArray

from ecgcore.leads import canonical_lead
from ecgcore.readers.base import take_if_readable

# Annotations: samples of this label, or of all, are absent; where the recording itself ends.
ABSENT = "Absent samples: "
ALL_LEADS = "all"
PADDING = "End of the recording; the rest fills the data record"
# A signal's transducer.
COMPUTED = "Computed from two recorded limb leads"
# Subfields of the patient and of the recording; they hold no spaces.
AGE = "Age_"
SIMULATED = "Simulated_by_ecgcore"
_AGE = re.compile(rf"{AGE}(\d{{1,3}}(?:\.\d{{1,9}})?)")

Edf = edfio.Edf | edfio.Bdf
Signal = edfio.EdfSignal | edfio.BdfSignal


def mark_absent(edf: Edf, labels: Sequence[str], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the samples, those marked as absent by this package as NaN, without its padding.

    Parameters
    ----------
    edf : edfio.Edf or edfio.Bdf
    labels : sequence of str
        The file's label of each row.
    rows : array of float32, shape (n_leads, n_samples)
        All of one rate.
    """
    seconds = edf.num_data_records * edf.data_record_duration
    annotations = take_if_readable(lambda: edf.annotations) or ()
    if not annotations or not seconds > 0:
        return rows
    fs_hz = rows.shape[1] / seconds
    end = rows.shape[1]
    for found in annotations:
        first = round(min(max(found.onset, 0.0), seconds) * fs_hz)
        stop = first + round(min(found.duration or 0.0, seconds) * fs_hz)
        if found.text == PADDING:
            end = max(1, min(end, first))
        elif found.text == ABSENT + ALL_LEADS:
            rows[:, first:stop] = np.nan
        elif found.text.startswith(ABSENT) and found.text.removeprefix(ABSENT) in labels:
            rows[labels.index(found.text.removeprefix(ABSENT)), first:stop] = np.nan
    return rows[:, :end]


def find_computed(signals: Sequence[Signal]) -> tuple[str, ...]:
    """Return the leads of which this package wrote that it computed them."""
    leads = (canonical_lead(s.label) for s in signals if s.transducer_type == COMPUTED)
    return tuple(lead for lead in leads if lead is not None)


def find_age(subfields: Sequence[str]) -> float | None:
    """Return the age in years among the further subfields of the patient, or None."""
    found = (_AGE.fullmatch(field) for field in subfields)
    years = next((float(match[1]) for match in found if match), None)
    return years if years is not None and years <= 130 else None
