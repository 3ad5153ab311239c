"""Files in the smaller formats, built from their standards, of the same known recording."""

import binascii
import io
import json
import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.io
from made_files import FS_HZ, N_SAMPLES, NAME, Made, truth_mv

from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions, write_csv, write_dicom
from ecgcore.recording import Patient, Recording

ISHNE_CODES = (5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
ASKED = ReadOptions(fs_hz=FS_HZ, unit="mV", lead_names=STANDARD_12)
WITH_NAME = {"ISHNE", "MFER"}


def ishne_bytes(
    stored: np.ndarray,
    *,
    codes: Sequence[int] = ISHNE_CODES,
    fs_hz: int = 500,
    step_nv: int = 250,
    announced: int | None = None,
    text: bytes = b"",
    quality: int = 1,
    pacemaker: int = 0,
    crc: int | None = None,
    sex: int = 2,
    born: tuple[int, int, int] = (2, 1, 1964),
) -> bytes:
    """Build an ISHNE file of samples of shape (n_leads, n_samples) (Badilini 1998)."""
    n_leads, n = stored.shape

    def twelve(value):
        return np.array([*value, *[-9] * 12][:12], "<i2").tobytes()

    fixed = struct.pack("<iiiih", len(text), n if announced is None else announced, 522,
                        522 + len(text), 1)  # fmt: skip
    fixed += NAME.encode().ljust(40, b"\0") + b"Jane".ljust(40, b"\0") + b"X7".ljust(20, b"\0")
    fixed += struct.pack("<hh3h3h3h3hh", sex, 0, *born, 5, 5, 2020, 6, 5, 2020, 14, 50, 55, n_leads)
    fixed += twelve(codes) + twelve([quality] * n_leads) + twelve([step_nv] * n_leads)
    fixed += struct.pack("<h40sh", pacemaker, b"digital M1", fs_hz) + bytes(80 + 80 + 88) + text
    sum_ = binascii.crc_hqx(fixed, 0xFFFF) if crc is None else crc
    return b"ISHNE1.0" + struct.pack("<H", sum_) + fixed + stored.T.astype("<i2").tobytes()


STEP_MV = 0.00025


def stored_truth(step_mv: float) -> np.ndarray:
    return np.round(truth_mv() / step_mv).astype(np.int64)


def ishne_file(folder: Path) -> Made:
    data = ishne_bytes(stored_truth(0.00025), text=b"exported")
    return Made({"a.ecg": data}, "a.ecg", "ISHNE", 1e-6)


def atc_block(kind: bytes, content: bytes) -> bytes:
    """One ATC block with the sum of its bytes."""
    whole = kind + struct.pack("<I", len(content)) + content
    return whole + struct.pack("<I", sum(whole))


def atc_bytes(
    stored: np.ndarray,
    *,
    fs_hz: int = 500,
    step_nv: int = 250,
    flags: int = 0b1100,
    coding: int = 1,
) -> bytes:
    """Build an ATC file of 1 to 12 leads in the order of the standard (specification 1.7)."""
    texts = [b"2020-05-05T14:50:55.000+02:00", b"58E0A7D7", b"2b6f0cc9", b"iPhone 4"]
    texts += [b"AliveECG 1.6.7", b"triangle", b"SN=AC6L"]
    info = struct.pack("<32s40s44s32s32s32s52s", *texts)
    kinds = [b"ecg ", *(f"ecg{c}".encode() for c in "23456789abc")]
    blocks = [atc_block(b"info", info)]
    blocks += [atc_block(b"fmt ", struct.pack("<BHHBH", coding, fs_hz, step_nv, flags, 0))]
    blocks += [
        atc_block(kind, row.astype("<i2").tobytes())
        for kind, row in zip(kinds, stored, strict=False)
    ]
    blocks += [atc_block(b"avg ", np.full(450, 9, "<i2").tobytes())]
    blocks += [atc_block(b"ann ", struct.pack("<IIH", 300, 1500, 1))]
    return b"ALIVE\0\0\0" + struct.pack("<I", 4) + b"".join(blocks)


def atc_file(folder: Path) -> Made:
    data = atc_bytes(stored_truth(0.00025))
    return Made({"a.atc": data}, "a.atc", "ATC", 1e-6, has_patient=False)


def apple_text(
    values_uv: Sequence[float],
    *,
    decimal: str = ".",
    names: Sequence[str] = (),
    quote: bool = False,
) -> str:
    """Build what the Health app exports, in English or with other names of the lines."""
    names = names or ("Name", "Date of Birth", "Recorded Date", "Classification", "Symptoms",
                      "Software Version", "Device", "Sample Rate", "Lead", "Unit")  # fmt: skip
    rate = f"512{decimal}25 hertz"
    values = (f"{NAME} Jane", '"Jan 2, 1964"', "2020-05-05 14:50:55 +0200", "Sinus Rhythm", "",
              "1.90", '"Watch6,1"', f'"{rate}"', "Lead I", "µV")  # fmt: skip
    lines = [f"{n},{v}" for n, v in zip(names, values, strict=True)]
    lines = [*lines[:8], "", "", *lines[8:], ""]
    mark = '"' if quote else ""
    return "\n".join(
        [*lines, *(f"{mark}{v:.3f}{mark}".replace(".", decimal) for v in values_uv), ""]
    )


def mat_4(folder: Path) -> Made:
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"val": truth_mv() * 1000}, format="4")
    options = ReadOptions(fs_hz=FS_HZ, unit="uV", lead_names=STANDARD_12)
    files = {"a.mat": stream.getvalue()}
    return Made(files, "a.mat", "MATLAB", 1e-6, options=options, has_patient=False)


def mat_cpsc(folder: Path, *, compressed: bool = True) -> Made:
    """The layout of the CPSC 2018 originals."""
    stream = io.BytesIO()
    ecg = {"sex": "Female", "age": 56, "data": truth_mv()}
    scipy.io.savemat(stream, {"ECG": ecg}, do_compression=compressed)
    return Made({"A1.mat": stream.getvalue()}, "A1.mat", "MATLAB", 1e-6, options=ASKED)


def mat_told(folder: Path) -> Made:
    stream = io.BytesIO()
    leads = np.array(STANDARD_12, dtype=object)
    told = {
        "signal": truth_mv().T,
        "fs": FS_HZ,
        "units": "mV",
        "leads": leads,
        "age": 56,
        "sex": "F",
    }
    scipy.io.savemat(stream, told)
    return Made({"a.mat": stream.getvalue()}, "a.mat", "MATLAB", 1e-6)


def npy_file(folder: Path) -> Made:
    stream = io.BytesIO()
    np.save(stream, truth_mv().T)
    files = {"a.npy": stream.getvalue()}
    return Made(files, "a.npy", "NumPy", 1e-6, options=ASKED, has_patient=False)


def npz_file(folder: Path) -> Made:
    stream = io.BytesIO()
    np.savez_compressed(stream, signal=truth_mv() * 1000, fs=FS_HZ, unit="uV", age=56, sex="F",
                        leads=np.array(STANDARD_12), sampling_note="x")  # fmt: skip
    return Made({"a.npz": stream.getvalue()}, "a.npz", "NumPy", 1e-6)


def json_file(folder: Path) -> Made:
    leads = {n: [float(v) for v in row] for n, row in zip(STANDARD_12, truth_mv(), strict=True)}
    content = {"fs": 500, "unit": "mV", "patient": {"name": NAME, "age": 56, "sex": "F"}}
    data = json.dumps(content | {"leads": leads}).encode()
    return Made({"a.json": data}, "a.json", "JSON", 1e-6)


def json_list(folder: Path) -> Made:
    leads = [
        {"name": f"Lead {n}", "unit": "uV", "samples": [float(v) for v in row * 1000]}
        for n, row in zip(STANDARD_12, truth_mv(), strict=True)
    ]
    data = json.dumps({"sampling_rate": 500.0, "leads": leads}, indent=1).encode()
    return Made({"a.json": data}, "a.json", "JSON", 1e-6, has_patient=False)


def parquet_file(folder: Path) -> Made:
    table = pa.table(dict(zip(STANDARD_12, truth_mv(), strict=True)))
    facts = {"fs": "500", "unit": "mV", "age": "56", "sex": "F"}
    stream = io.BytesIO()
    pq.write_table(table.replace_schema_metadata(facts), stream)
    return Made({"a.parquet": stream.getvalue()}, "a.parquet", "Parquet", 1e-6)


def parquet_time(folder: Path) -> Made:
    columns = {"time_ms": np.arange(N_SAMPLES) * 2.0} | {
        f"{n}_uV": row * 1000 for n, row in zip(STANDARD_12, truth_mv(), strict=True)
    }
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    files = {"a.parquet": stream.getvalue()}
    return Made(files, "a.parquet", "Parquet", 1e-6, has_patient=False)


MFER_CODES = (1, 2, 61, 62, 63, 64, 3, 4, 5, 6, 7, 8)


def tlv(tag: int, content: bytes) -> bytes:
    """One MFER definition; its length as BER has it."""
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes(4, "big")
    return bytes([tag, 0x84]) + size + content


def mfer_bytes(
    frames: Sequence[np.ndarray],
    *,
    little: bool = True,
    dtype: str = "i2",
    block: int = 100,
    codes: Sequence[int] = MFER_CODES,
    extra: bytes = b"",
) -> bytes:
    """Build an MFER file: steps of 0.25 uV at 500 Hz, blocks of 100 samples a channel."""
    order = "<" if little else ">"
    types = {"i2": 0, "u2": 1, "i4": 2, "f4": 7}

    def number(value, size=2):
        return int(value).to_bytes(size, "little" if little else "big", signed=True)

    out = tlv(0x40, b"MFR ".ljust(32)) + tlv(0x01, bytes([little]))
    out += tlv(0x17, b"Maker^M1^1.0") + tlv(0x08, number(1)) + tlv(0x0A, bytes([types[dtype]]))
    out += (
        tlv(0x81, f"{NAME}^^Jane".encode()) + tlv(0x83, bytes([56]) + number(0)) + tlv(0x84, b"\2")
    )
    out += tlv(0x85, number(2020) + bytes([5, 5, 14, 50, 55]) + number(0) + number(0))
    out += tlv(0x0B, bytes([1, 0xFD]) + number(2)) + tlv(0x0C, bytes([0, 0xF8]) + number(25))
    out += tlv(0x11, b"HPF=0.05") + extra + tlv(0x05, number(len(codes), 1))
    for channel, code in enumerate(codes):
        attributes = tlv(0x09, number(code))
        out += bytes([0x3F, channel, len(attributes)]) + attributes
    for frame in frames:
        n_sequences = frame.shape[1] // block
        out += tlv(0x04, number(block, 4)) + tlv(0x06, number(n_sequences, 4))
        whole = frame.reshape(len(codes), n_sequences, block).transpose(1, 0, 2)
        out += tlv(0x1E, whole.astype(order + dtype).tobytes())
    return out + b"\x80\0"


def mfer_file(folder: Path, *, little: bool = True) -> Made:
    stored = stored_truth(0.00025)
    data = mfer_bytes([stored[:, :800], stored[:, 800:]], little=little)
    return Made({"a.mwf": data}, "a.mwf", "MFER", 1e-6)


def truth_recording(**changes: object) -> Recording:
    fields = {
        "signal": truth_mv(),
        "fs_hz": FS_HZ,
        "leads": STANDARD_12,
        "patient": Patient(56.0, "female"),
        "start": datetime(2020, 5, 5, 14, 50, 55),
    }
    return Recording(**(fields | changes))


def written_csv(folder: Path) -> Made:
    path = write_csv(truth_recording(), folder / "a.csv")
    return Made({"a.csv": path.read_bytes()}, "a.csv", "CSV", 1e-6)


def written_dicom(folder: Path) -> Made:
    patient = Patient(56.0, "female", {"name": NAME, "identifier": "X7"})
    path = write_dicom(truth_recording(patient=patient), folder / "a.dcm")
    return Made({"a.dcm": path.read_bytes()}, "a.dcm", "DICOM", 0.00051)


SMALL: dict[str, Callable[[Path], Made]] = {
    "ishne": ishne_file,
    "atc": atc_file,
    "mat-4": mat_4,
    "mat-cpsc": mat_cpsc,
    "mat-cpsc-plain": lambda folder: mat_cpsc(folder, compressed=False),
    "mat-told": mat_told,
    "npy": npy_file,
    "npz": npz_file,
    "json": json_file,
    "json-list": json_list,
    "parquet": parquet_file,
    "parquet-time": parquet_time,
    "mfer": mfer_file,
    "mfer-big": lambda folder: mfer_file(folder, little=False),
    "written-csv": written_csv,
    "written-dicom": written_dicom,
}
