"""Text exports of recorders and tools, built by their descriptions."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from made_files import FS_HZ, N_SAMPLES, Made, truth_mv

from ecgcore.leads import STANDARD_12
from ecgcore.readers import ReadOptions


def labchart_text(
    rows: np.ndarray,
    titles: Sequence[str],
    ranges: Sequence[str],
    *,
    fs_hz: float = FS_HZ,
    day: str = "4.435442708333333e4",
    time: bool = True,
    comments: dict[int, str] | None = None,
) -> str:
    """Build one block of a LabChart export; ``rows`` in the ranges' units."""
    lines = [
        f"Interval=\t{1 / fs_hz:g} s",
        f"ExcelDateTime=\t{day}\t6/8/2021 10:15:00.000000",
        "TimeFormat=\tStartOfBlock",
        "DateFormat=\t",
        "\t".join(["ChannelTitle=", *titles]),
        "\t".join(["Range=", *ranges]),
    ]
    for i, values in enumerate(rows.T):
        fields = [f"{i / fs_hz:g}"] * time + [f"{value:.5f}" for value in values]
        fields += [f"#* {comments[i]}"] if comments and i in comments else []
        lines.append("\t".join(fields))
    return "\n".join(lines) + "\n"


def opensignals_text(
    columns: dict[str, np.ndarray], sensors: Sequence[str], labels: Sequence[str], **changes: object
) -> str:
    """Build an OpenSignals file: the columns as they stand, one device."""
    device = {
        "sensor": list(sensors),
        "device name": "00:11",
        "column": list(columns),
        "time": "14:55:14.66",
        "date": "2021-06-08",
        "device": "bitalino_rev",
        "sampling rate": FS_HZ,
        "label": list(labels),
        "resolution": [10] * len(columns),
    }
    header = json.dumps({"00:11": {**device, **changes}})
    rows = np.stack(list(columns.values())).T.astype(int)
    body = "".join("\t".join(map(str, row)) + "\t\n" for row in rows)
    return f"# OpenSignals Text File Format\n# {header}\n# EndOfHeader\n{body}"


def clock(seconds: float) -> str:
    """Return a time as rdsamp prints it: ``1:02:03.004``, without hours below one."""
    minutes, rest = divmod(seconds + 1e-9, 60)
    hours, minutes = divmod(int(minutes), 60)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{rest:06.3f}"


def rdsamp_text(rows: np.ndarray, names: Sequence[str], *, fs_hz: float = FS_HZ) -> str:
    """Build what PhysioNet's rdsamp writes as CSV with elapsed time."""
    lines = [",".join(f"'{name}'" for name in ("Elapsed time", *names))]
    lines.append(",".join(f"'{unit}'" for unit in ("hh:mm:ss.mmm", *["mV"] * len(names))))
    for i, values in enumerate(rows.T):
        lines.append(",".join([f"'{clock(i / fs_hz)}'", *(f"{value:.3f}" for value in values)]))
    return "\n".join(lines) + "\n"


def _labchart(folder: Path) -> Made:
    text = labchart_text(truth_mv(), STANDARD_12, ["5.0 mV"] * 12)
    return Made({"a.txt": text.encode()}, "a.txt", "LabChart", 1e-5, has_patient=False)


def _rdsamp(folder: Path) -> Made:
    text = rdsamp_text(truth_mv(), STANDARD_12)
    return Made({"a.csv": text.encode()}, "a.csv", "CSV", 0.00051, has_patient=False)


def _units_in_cells(folder: Path) -> Made:
    lines = [";".join(f'"{name}"' for name in ("Time", *(f"Lead {n}" for n in STANDARD_12)))]
    for i, values in enumerate(truth_mv().T):
        cells = [f"{1000 * i / FS_HZ:g} ms", *(f"{1000 * value:.1f} uV" for value in values)]
        lines.append(";".join(f'"{cell}"' for cell in cells))
    return Made({"a.csv": "\n".join(lines).encode()}, "a.csv", "CSV", 1e-4, has_patient=False)


TEXT: dict[str, Callable[[Path], Made]] = {
    "labchart": _labchart,
    "rdsamp": _rdsamp,
    "units-in-cells": _units_in_cells,
}


def opensignals_file(folder: Path) -> Made:
    """One ECG sensor beside another one: without voltage, so not for the contract."""
    count = np.arange(N_SAMPLES)
    counts = np.round(512 + 100 * truth_mv()[1])
    columns = {"nSeq": count % 16, "I1": 0 * count, "O1": 0 * count, "A1": 500 + 0 * count}
    text = opensignals_text({**columns, "A2": counts}, ("RESP", "ECG"), ("A1", "A2"))
    return Made({"a.txt": text.encode()}, "a.txt", "OpenSignals", 0.0, options=ReadOptions())
