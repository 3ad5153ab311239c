"""Writing a recording as a DICOM waveform object (PS3.3 A.34, C.10.9)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    AmbulatoryECGWaveformStorage,
    ExplicitVRLittleEndian,
    General32bitECGWaveformStorage,
    GeneralECGWaveformStorage,
    TwelveLeadECGWaveformStorage,
    generate_uid,
)

from ecgcore.errors import InvalidArgumentError
from ecgcore.leads import STANDARD_12
from ecgcore.readers.assemble import SIMULATED_COMMENT
from ecgcore.readers.base import clean_text, guard_writing, require_voltage
from ecgcore.readers.dicom.codes import COMPUTED_CHANNEL, find_code
from ecgcore.recording import Recording

STEPS_PER_MV = 1000.0  # one step is 1 microvolt
# Limits of the standard: PS3.3 A.34.3.4 (12-lead), A.34.4.4 (general), A.34.5.4 (ambulatory).
MAX_SAMPLES_12 = 16_384
MAX_LEADS_12, MAX_LEADS_GENERAL, MAX_LEADS_AMBULATORY = 13, 24, 12
RATES_HZ, RATES_AMBULATORY_HZ = (200.0, 1000.0), (50.0, 1000.0)


def write_dicom(recording: Recording, path: str | Path, *, anonymised: bool = False) -> Path:
    """Write a DICOM file with one rhythm group in steps of 1 uV.

    Twelve standard leads of up to 16,384 samples become a 12-lead ECG, anything else a general
    ECG (an ambulatory one below 200 Hz, a 32-bit one where the amplitude needs it).  Absent
    samples carry the padding value.  Identity is written only where the recording keeps it.

    Parameters
    ----------
    recording : Recording
        In mV.
    path : str or pathlib.Path
        Of the file; overwritten if it is there.
    anonymised : bool
        Whether to write that identity was removed (PS3.3 C.7.1.1); removing it is the caller's.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    InvalidArgumentError
        For normalised units, or more leads, another rate or amplitude than the standard allows.
    EcgError
        If the file cannot be written.
    """
    require_voltage(recording.unit, "DICOM")
    path = Path(path)
    stored = _pack_samples(recording)
    dataset = _make_dataset(recording, _choose_storage(recording, stored))
    if anonymised:
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = "ecgcore: no identity, no dates, no device"
        dataset.LongitudinalTemporalInformationModified = "REMOVED"
    dataset.WaveformSequence = [_make_group(recording, stored)]
    with guard_writing(path):
        dcmwrite(path, dataset, enforce_file_format=True)
    return path


def _pack_samples(recording: Recording) -> NDArray[np.signedinteger]:
    """Return the samples in microvolts, shape (n_samples, n_leads), 16 or 32 bits."""
    absent = np.isnan(recording.signal)
    steps = np.round(np.where(absent, 0, recording.signal).astype(np.float64) * STEPS_PER_MV)
    peak = float(np.abs(steps).max())
    if peak > 2**31 - 1:
        raise InvalidArgumentError(f"Amplitudes up to {peak / STEPS_PER_MV:g} mV do not fit.")
    dtype = np.dtype("<i2" if peak < 2**15 else "<i4")
    stored = steps.astype(dtype)
    stored[absent] = _choose_padding(dtype)
    return np.ascontiguousarray(stored.T)


def _choose_padding(dtype: np.dtype[np.signedinteger]) -> int:
    return int(np.iinfo(dtype).min)


def _choose_storage(recording: Recording, stored: NDArray[np.signedinteger]) -> str:
    """Return the SOP class whose limits the recording keeps."""
    n_leads, n_samples, fs_hz = recording.n_leads, recording.n_samples, recording.fs_hz
    ordinary = RATES_HZ[0] <= fs_hz <= RATES_HZ[1]
    if stored.dtype.itemsize == 4 and n_leads <= MAX_LEADS_GENERAL:
        return General32bitECGWaveformStorage
    twelve = set(STANDARD_12) <= set(recording.leads) and n_leads <= MAX_LEADS_12
    if twelve and ordinary and n_samples <= MAX_SAMPLES_12:
        return TwelveLeadECGWaveformStorage
    if ordinary and n_leads <= MAX_LEADS_GENERAL:
        return GeneralECGWaveformStorage
    slow = RATES_AMBULATORY_HZ[0] <= fs_hz < RATES_HZ[0]
    if slow and n_leads <= MAX_LEADS_AMBULATORY:
        return AmbulatoryECGWaveformStorage
    raise InvalidArgumentError(
        f"{n_leads} leads at {fs_hz:g} Hz fit no DICOM ECG object (up to {MAX_LEADS_GENERAL} leads "
        f"at {RATES_HZ[0]:g} to {RATES_HZ[1]:g} Hz, or {MAX_LEADS_AMBULATORY} at "
        f"{RATES_AMBULATORY_HZ[0]:g} Hz and more); save it as WFDB or CSV."
    )


def _make_dataset(recording: Recording, storage: str) -> Dataset:
    """Return the object without its waveform: patient, study, series, equipment, time."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = storage, generate_uid(None)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(None), generate_uid(None)
    identity = recording.patient.identity
    dataset.PatientName = clean_text(identity.get("name", ""), 64)
    dataset.PatientID = clean_text(identity.get("identifier", ""), 64)
    dataset.PatientBirthDate = ""
    dataset.PatientSex = {"female": "F", "male": "M"}.get(recording.patient.sex or "", "")
    if recording.patient.age_years is not None:
        dataset.PatientAge = _format_age(recording.patient.age_years)
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "ECG", 1, 1
    dataset.StudyID = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.Manufacturer = ""
    dataset.ManufacturerModelName = clean_text(recording.provenance.device, 64)
    _set_time(dataset, recording)
    dataset.AcquisitionContextSequence = []
    if recording.provenance.simulated:
        dataset.ImageComments = SIMULATED_COMMENT
    return dataset


def _set_time(dataset: Dataset, recording: Recording) -> None:
    """Set date and time; all are empty where the recording's own is unknown."""
    start = recording.start
    day = start.strftime("%Y%m%d") if start else ""
    clock = start.strftime("%H%M%S.%f") if start else ""
    dataset.StudyDate = dataset.SeriesDate = dataset.ContentDate = day
    dataset.StudyTime = dataset.SeriesTime = dataset.ContentTime = clock
    dataset.AcquisitionDateTime = day + clock


def _format_age(years: float) -> str:
    """Return an age as DICOM writes it (``056Y``); below two years as months, weeks or days."""
    if years >= 2:
        return f"{round(years):03d}Y"
    units = (("M", 12.0), ("W", 52.18), ("D", 365.25))
    unit, in_year = min(units, key=lambda unit: abs(round(years * unit[1]) / unit[1] - years))
    return f"{round(years * in_year):03d}{unit}"


def _make_group(recording: Recording, stored: NDArray[np.signedinteger]) -> Dataset:
    bits = 8 * stored.dtype.itemsize
    group = Dataset()
    group.MultiplexGroupTimeOffset = "0"
    group.WaveformOriginality = "ORIGINAL"
    group.MultiplexGroupLabel = "RHYTHM"
    group.NumberOfWaveformChannels = recording.n_leads
    group.NumberOfWaveformSamples = recording.n_samples
    group.SamplingFrequency = f"{recording.fs_hz:.10g}"
    group.ChannelDefinitionSequence = [
        _make_channel(number, lead, lead in recording.derived_leads, bits)
        for number, lead in enumerate(recording.leads, start=1)
    ]
    group.WaveformBitsAllocated = bits
    group.WaveformSampleInterpretation = "SS" if bits == 16 else "SL"
    padding = np.array([_choose_padding(stored.dtype)], stored.dtype)
    if (stored == padding[0]).any():
        group.WaveformPaddingValue = padding.tobytes()
    group.WaveformData = stored.tobytes()
    return group


def _make_channel(number: int, lead: str, computed: bool, bits: int) -> Dataset:
    channel = Dataset()
    channel.WaveformChannelNumber = number
    channel.ChannelLabel = clean_text(lead, 16)
    code = find_code(lead)
    if code is None:
        channel.ChannelSourceSequence = [_make_code("LEAD", "99ECGCORE", clean_text(lead, 64))]
    else:
        channel.ChannelSourceSequence = [_make_code(code, "MDC", f"Lead {lead}")]
    if computed:
        channel.ChannelDerivationDescription = COMPUTED_CHANNEL
    channel.ChannelSensitivity = "1"
    channel.ChannelSensitivityUnitsSequence = [_make_code("uV", "UCUM", "microvolt")]
    channel.ChannelSensitivityCorrectionFactor = "1"
    channel.ChannelBaseline = "0"
    channel.ChannelSampleSkew = "0"
    channel.WaveformBitsStored = bits
    return channel


def _make_code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
