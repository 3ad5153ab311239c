"""Files in every format that is read, made here from one known recording."""

import datetime
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import edfio
import numpy as np
import pydicom
import wfdb
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions

FS_HZ = 500.0
N_SAMPLES = 2000
NAME = "Doe"
WITH_NAME = {"EDF", "BDF", "DICOM"}  # formats whose files here carry the patient's name


def truth_mv() -> np.ndarray:
    """Twelve leads that obey Einthoven and Goldberger, in steps of 1 uV; shape (12, n)."""
    t = np.arange(N_SAMPLES) / FS_HZ
    beats = np.exp(-(((t % 0.8) - 0.3) ** 2) / 2 / 0.012**2)
    slow = 0.1 * np.sin(2 * np.pi * t / 1.7)
    free = {
        name: np.round(2 * (gain * beats + slow * (k + 1) / 8), 3) / 2
        for k, (name, gain) in enumerate(
            zip(
                ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"),
                (0.6, 1.2, -0.8, 0.4, 0.9, 1.6, 1.3, 0.8),
                strict=True,
            )
        )
    }
    i, ii = free["I"], free["II"]
    free |= {"III": ii - i, "aVR": -(i + ii) / 2, "aVL": i - ii / 2, "aVF": ii - i / 2}
    return np.stack([free[name] for name in STANDARD_12])


@dataclass(frozen=True)
class Made:
    """Files, which to open, and what must come out."""

    files: dict[str, bytes]
    main: str
    format: str
    tolerance_mv: float
    leads: tuple[str, ...] = STANDARD_12
    derived: tuple[str, ...] = ()
    options: ReadOptions = field(default_factory=ReadOptions)
    has_patient: bool = True


def _record(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _wfdb(folder: Path, fmt: str, *, unit: str = "mV", gain: float = 1000.0) -> Made:
    scale = 1000.0 if unit == "uV" else 1.0
    wfdb.wrsamp(
        "rec1",
        fs=FS_HZ,
        units=[unit] * 12,
        sig_name=list(STANDARD_12),
        p_signal=truth_mv().T * scale,
        fmt=[fmt] * 12,
        adc_gain=[gain / scale] * 12,
        baseline=[0] * 12,
        comments=["Age: 56", "Sex: Female", "Dx: 426783006"],
        write_dir=str(folder),
    )
    return Made(_record(folder), "rec1.hea", "WFDB", 0.51 / gain)


def _packed(stored: np.ndarray, fmt: str) -> bytes:
    """Samples in dat-file order, coded as signal(5) of the WFDB guide defines."""
    if fmt == "61":
        return stored.astype(">i2").tobytes()
    if fmt == "160":
        return (stored + 32768).astype("<u2").tobytes()
    a, b, c = (stored.reshape(-1, 3) & 0x3FF).T
    if fmt == "311":
        return (a | b << 10 | c << 20).astype("<u4").tobytes()
    low = (a << 1) | ((c & 0x1F) << 11)
    high = (b << 1) | ((c >> 5) << 11)
    return (low | high << 16).astype("<u4").tobytes()


def wfdb_packed(fmt: str, gain: float) -> Made:
    """Formats that the wfdb package reads but does not write."""
    stored = np.round(truth_mv() * gain).astype(np.int64)
    lines = ["rec1 12 500 2000"]
    for name, row in zip(STANDARD_12, stored, strict=True):
        lines.append(f"rec1.dat {fmt} {gain:g}(0)/mV 0 0 {row[0]} {row.sum() % 65536} 0 {name}")
    lines += ["# age: 56 sex: F"]
    files = {"rec1.hea": "\n".join(lines).encode(), "rec1.dat": _packed(stored.T, fmt)}
    return Made(files, "rec1.hea", "WFDB", 0.51 / gain)


def wfdb_mat(folder: Path) -> Made:
    """The layout of the PhysioNet challenges: a MATLAB v4 file, samples after 24 bytes."""
    stored = np.round(truth_mv() * 1000).astype("<i2")
    lines = ["rec1 12 500 2000"]
    for name, row in zip(STANDARD_12, stored, strict=True):
        lines.append(f"rec1.mat 16+24 1000/mV 16 0 {row[0]} {row.sum() % 65536} 0 {name}")
    lines += ["#Age: 56", "#Sex: Female"]
    head = np.array([30, 12, N_SAMPLES, 0, 4], "<i4").tobytes() + b"val\x00"
    text = "\r\n".join(lines) + "\r\n"
    return Made(
        {"rec1.hea": text.encode(), "rec1.mat": head + stored.T.tobytes()},
        "rec1.hea",
        "WFDB",
        0.00051,
    )


def csv_plain(folder: Path) -> Made:
    lines = ["time (s)," + ",".join(f"{n} (mV)" for n in STANDARD_12)]
    lines += [
        f"{i / FS_HZ:.3f}," + ",".join(f"{v:.4f}" for v in row)
        for i, row in enumerate(truth_mv().T)
    ]
    return Made({"a.csv": "\n".join(lines).encode()}, "a.csv", "CSV", 1e-4, has_patient=False)


def csv_german(folder: Path) -> Made:
    lines = [
        "# Abtastrate: 500 Hz",
        "# Age: 56",
        "# Sex: F",
        ";".join(f"Ableitung {n} [µV]" for n in STANDARD_12),
    ]
    lines += [";".join(f"{v * 1000:.1f}".replace(".", ",") for v in row) for row in truth_mv().T]
    return Made({"a.txt": "\r\n".join(lines).encode("utf-16")}, "a.txt", "CSV", 1e-4)


def csv_rows(folder: Path) -> Made:
    lines = [
        n + "\t" + "\t".join(f"{v:.4f}" for v in row)
        for n, row in zip(STANDARD_12, truth_mv(), strict=True)
    ]
    options = ReadOptions(fs_hz=FS_HZ, unit="mV")
    return Made(
        {"rows": "\n".join(lines).encode()}, "rows", "CSV", 1e-4, options=options, has_patient=False
    )


def csv_eight(folder: Path) -> Made:
    keep = [i for i, n in enumerate(STANDARD_12) if n not in ("III", "aVR", "aVL", "aVF")]
    lines = [" ".join(f"{v:.4f}" for v in row[keep]) for row in truth_mv().T]
    options = ReadOptions(fs_hz=FS_HZ, unit="mV", lead_names=tuple(STANDARD_12[i] for i in keep))
    return Made(
        {"a.txt": "\n".join(lines).encode()}, "a.txt", "CSV", 2e-4,
        derived=("III", "aVR", "aVL", "aVF"), options=options, has_patient=False,
    )  # fmt: skip


def edf_file(folder: Path, *, bdf: bool = False) -> Made:
    signal = edfio.BdfSignal if bdf else edfio.EdfSignal
    limits = (-(2**23), 2**23 - 1) if bdf else (-(2**15), 2**15 - 1)
    signals = [
        signal(
            row * 1000,
            FS_HZ,
            label=f"ECG {name}",
            physical_dimension="uV",
            digital_range=limits,
            physical_range=(-4000, 4000),
            prefiltering="HP:0.05Hz LP:150Hz",
        )
        for name, row in zip(STANDARD_12, truth_mv(), strict=True)
    ]
    signals.append(signal(np.zeros(int(N_SAMPLES / FS_HZ * 25)), 25, label="Resp oro-nasal"))
    patient = edfio.Patient(code="X7", sex="F", birthdate=datetime.date(1964, 1, 2), name=NAME)
    made = (edfio.Bdf if bdf else edfio.Edf)(
        signals,
        patient=patient,
        recording=edfio.Recording(startdate=datetime.date(2020, 5, 5)),
        annotations=[edfio.EdfAnnotation(1, None, "cough")],
    )
    name = "a.bdf" if bdf else "a.edf"
    return Made({name: made.to_bytes()}, name, "BDF" if bdf else "EDF", 0.0002)


CODES = {"I": 1, "II": 2, "III": 61, "aVR": 62, "aVL": 63, "aVF": 64} | {
    f"V{i}": i + 2 for i in range(1, 7)
}


def _coded(value: str, meaning: str, scheme: str = "SCPECG") -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def dicom_group(samples_mv: np.ndarray, label: str, *, originality: str = "ORIGINAL") -> Dataset:
    """One multiplex group of the twelve leads in steps of 2.5 uV, 16 bits."""
    group = Dataset()
    group.MultiplexGroupLabel, group.WaveformOriginality = label, originality
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = samples_mv.shape
    group.SamplingFrequency = FS_HZ
    channels = []
    for name in STANDARD_12:
        channel = Dataset()
        channel.ChannelSourceSequence = [_coded(f"5.6.3-9-{CODES[name]}", f"Lead {name}")]
        channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor = 1.25, 2
        channel.ChannelSensitivityUnitsSequence = [_coded("uV", "microvolt", "UCUM")]
        channel.ChannelBaseline, channel.WaveformBitsStored = 100, 16
        channel.FilterLowFrequency, channel.FilterHighFrequency = 0.05, 150
        channels.append(channel)
    group.ChannelDefinitionSequence = channels
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.WaveformData = np.round((samples_mv.T * 1000 - 100) / 2.5).astype("<i2").tobytes()
    return group


def dicom_bytes(groups: list[Dataset], storage: str = "1.2.840.10008.5.1.4.1.1.9.1.1") -> bytes:
    """A DICOM object with these multiplex groups."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = storage, generate_uid()
    dataset.Modality, dataset.PatientName, dataset.PatientID = "ECG", f"{NAME}^Jane", "X7"
    dataset.PatientAge, dataset.PatientSex = "056Y", "F"
    dataset.AcquisitionDateTime = "20200505145055"
    dataset.Manufacturer, dataset.ManufacturerModelName = "Maker", "M1"
    if groups:
        dataset.WaveformSequence = groups
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


def dicom_file(folder: Path) -> Made:
    groups = [
        dicom_group(truth_mv()[:, :600], "MEDIAN BEAT", originality="DERIVED"),
        dicom_group(truth_mv(), "RHYTHM"),
    ]
    return Made({"a.dcm": dicom_bytes(groups)}, "a.dcm", "DICOM", 0.0013)


def zipped(files: dict[str, bytes], folder: str = "") -> bytes:
    """A zip archive of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(folder + name, data)
    return stream.getvalue()


def zip_file(folder: Path) -> Made:
    inner = _wfdb(folder, "16")
    return Made({"a.zip": zipped(inner.files, "case/")}, "a.zip", "WFDB", inner.tolerance_mv)


MAKERS: dict[str, Callable[[Path], Made]] = {
    "wfdb-16": lambda folder: _wfdb(folder, "16"),
    "wfdb-212": lambda folder: _wfdb(folder, "212"),
    "wfdb-24": lambda folder: _wfdb(folder, "24"),
    "wfdb-32": lambda folder: _wfdb(folder, "32"),
    "wfdb-61": lambda _: wfdb_packed("61", 1000.0),
    "wfdb-80": lambda folder: _wfdb(folder, "80", gain=60.0),
    "wfdb-160": lambda _: wfdb_packed("160", 1000.0),
    "wfdb-310": lambda _: wfdb_packed("310", 200.0),
    "wfdb-311": lambda _: wfdb_packed("311", 200.0),
    "wfdb-508-flac": lambda folder: _wfdb(folder, "508", gain=60.0),
    "wfdb-516-flac": lambda folder: _wfdb(folder, "516"),
    "wfdb-524-flac": lambda folder: _wfdb(folder, "524"),
    "wfdb-uv": lambda folder: _wfdb(folder, "16", unit="uV"),
    "wfdb-mat": wfdb_mat,
    "csv-plain": csv_plain,
    "csv-german": csv_german,
    "csv-rows": csv_rows,
    "csv-eight": csv_eight,
    "edf": edf_file,
    "bdf": lambda folder: edf_file(folder, bdf=True),
    "dicom": dicom_file,
    "zip": zip_file,
}
