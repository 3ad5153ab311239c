"""Tiny folders laid out like the public sets, made on the spot."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import wfdb

from ecgcore.leads import STANDARD_12

FS_HZ = 500
GAIN = 1000

# The header of PTB-XL's table of statements, with some of its rows: two of each kind, and one
# (NDT) that is of two kinds.
STATEMENTS = """\
,description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass
NDT,non-diagnostic T abnormalities,1.0,1.0,,STTC,STTC
NORM,normal ECG,1.0,,,NORM,NORM
IMI,inferior myocardial infarction,1.0,,,MI,IMI
ILMI,inferolateral myocardial infarction,1.0,,,MI,IMI
AMI,anterior myocardial infarction,1.0,,,MI,AMI
ABQRS,abnormal QRS,,1.0,,,
SR,sinus rhythm,,,1.0,,
AFIB,atrial fibrillation,,,1.0,,
"""


def samples(seed: int, seconds: float = 2.0) -> np.ndarray:
    """Return whole microvolts, shape (n, 12): a sine of another size and rate in each record."""
    t = np.arange(round(seconds * FS_HZ)) / FS_HZ
    wave = np.sin(2 * np.pi * (5 + seed % 7) * t)
    return np.rint(np.outer(wave, 100 * (1 + seed % 5) * np.arange(1, 13))).astype(np.int16)


def write_dat(folder: Path, record: str, seed: int, fs_hz: int = FS_HZ) -> None:
    """Write a 12-lead record as PTB-XL's."""
    path = folder / record
    path.parent.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        path.name,
        fs=fs_hz,
        units=["mV"] * 12,
        sig_name=[name.upper() for name in STANDARD_12],
        d_signal=samples(seed),
        fmt=["16"] * 12,
        adc_gain=[float(GAIN)] * 12,
        baseline=[0] * 12,
        write_dir=str(path.parent),
    )


def ptbxl_folder(folder: Path, coded: Sequence[Mapping[str, float]]) -> Path:
    """Make a folder like PTB-XL's: one record for each dict of statements, folds 1 to 10 in turn.

    Two records in a row are of one patient.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scp_statements.csv").write_text(STATEMENTS)
    lines = ["ecg_id,patient_id,age,sex,scp_codes,strat_fold,filename_lr,filename_hr"]
    for i, codes in enumerate(coded):
        low, high = f"records100/00000/{i:05d}_lr", f"records500/00000/{i:05d}_hr"
        patient, fold = 100 + i // 2, 1 + (i // 2) % 10
        lines.append(f'{i},{patient}.0,60.0,1,"{dict(codes)}",{fold},{low},{high}')
        write_dat(folder, high, i)
    (folder / "ptbxl_database.csv").write_text("\n".join(lines) + "\n")
    return folder


def write_mat(path: Path, diagnoses: str, seed: int) -> None:
    """Write a record as the challenge's: a MATLAB file of 16-bit samples and its header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = samples(seed)
    # MATLAB level 4: type 30 (16-bit), 12 rows, n columns, real, a name of four bytes.
    head = struct.pack("<5i", 30, 12, len(values), 0, 4) + b"val\0"
    path.with_suffix(".mat").write_bytes(head + values.astype("<i2").tobytes())
    lines = [f"{path.name} 12 {FS_HZ} {len(values)} 05-Feb-2020 11:39:16"]
    for lead, column in zip(STANDARD_12, values.T, strict=True):
        total = int(column.sum(dtype=np.int16))
        lines.append(f"{path.name}.mat 16+24 {GAIN}/mV 16 0 {column[0]} {total} 0 {lead}")
    lines += ["#Age: 74", "#Sex: Male", f"#Dx: {diagnoses}", "#Rx: Unknown"]
    path.with_suffix(".hea").write_text("\n".join(lines) + "\n")


def challenge_folder(folder: Path, diagnoses: Sequence[str], name: str = "Q") -> Path:
    """Make a folder like the challenge's: records in sub-folders g1, g2 of six each."""
    for i, codes in enumerate(diagnoses):
        write_mat(folder / f"g{1 + i // 6}" / f"{name}{i:04d}", codes, i)
    return folder
