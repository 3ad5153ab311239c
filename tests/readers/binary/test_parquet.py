"""Parquet."""

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_files import FS_HZ, N_SAMPLES, truth_mv
from reading import is_truth, read_named

from ecgcore.errors import EcgError, MissingInformationError, ReadError, TooLargeError
from ecgcore.leads import STANDARD_12

TOLD = {"fs_hz": FS_HZ, "unit": "mV"}


def parquet(table: pa.Table, **options) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def table_of_truth(scale: float = 1.0) -> pa.Table:
    return pa.table(dict(zip(STANDARD_12, truth_mv() * scale, strict=True)))


def test_parquet_asked_for():
    data = parquet(table_of_truth())
    with pytest.raises(MissingInformationError) as caught:
        read_named("a.parquet", data)
    assert caught.value.needs == ("fs_hz", "unit")
    assert is_truth(read_named("a.parquet", data, **TOLD))


def test_parquet_of_pandas_with_attributes_and_index():
    frame = pd.DataFrame(truth_mv().T, columns=STANDARD_12, index=np.arange(5, 5 + N_SAMPLES))
    frame.attrs = {"fs": 500, "unit": "mV", "age": 56}
    stream = io.BytesIO()
    frame.to_parquet(stream)
    recording = read_named("a.parquet", stream.getvalue())
    assert is_truth(recording)
    assert recording.patient.age_years == 56


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_parquet_timestamps_give_the_rate(unit):
    start = np.datetime64("2020-05-05T14:50:55", unit)
    times = start + (np.arange(N_SAMPLES) * 2).astype("timedelta64[ms]").astype(
        f"timedelta64[{unit}]"
    )
    table = table_of_truth().append_column("recorded", pa.array(times))
    assert is_truth(read_named("a.parquet", parquet(table), unit="mV"))


def test_parquet_of_lists_says_what_to_do():
    table = pa.table({n: [row.tolist()] for n, row in zip(STANDARD_12, truth_mv(), strict=True)})
    with pytest.raises(ReadError, match="one row per sample"):
        read_named("a.parquet", parquet(table), **TOLD)


def test_parquet_with_a_damaged_footer_never_ends_the_process():
    data = bytearray(parquet(table_of_truth()))
    rng = np.random.default_rng(4)
    size = int.from_bytes(data[-8:-4], "little")
    for _ in range(300):
        damaged = bytearray(data)
        damaged[len(data) - 8 - int(rng.integers(1, size))] = int(rng.integers(256))
        try:
            read_named("a.parquet", bytes(damaged), **TOLD)
        except EcgError as error:
            assert str(error).endswith(".")  # noqa: PT017


def test_parquet_null_is_absent_and_text_is_left_out():
    columns = {"I": pa.array([None, 0.5] * 300), "note": ["x"] * 600}
    recording = read_named("a.parquet", parquet(pa.table(columns)), **TOLD)
    assert np.isnan(recording.signal[0]).sum() == 300
    assert "note was left out" in " ".join(recording.notes)


def test_parquet_of_huge_expansion_is_refused_before_reading():
    table = pa.table({"I": np.zeros(3_000_000)})
    data = parquet(table)
    assert len(data) < 100_000
    with pytest.raises(TooLargeError, match="values"):
        read_named("a.parquet", data, **TOLD, max_samples=1_000_000)


def test_parquet_without_samples():
    for table in (pa.table({"a": ["x"]}), pa.table({"I": pa.array([], pa.float64())})):
        with pytest.raises(ReadError):
            read_named("a.parquet", parquet(table), **TOLD)


def test_parquet_cut():
    with pytest.raises(ReadError, match="damaged"):
        read_named("a.parquet", parquet(table_of_truth())[:-50], **TOLD)
