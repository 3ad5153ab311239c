"""Files made to do harm; what the tests make already is taken from there."""

import io
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.io

from tests.browser.test_hostile_uploads import Trap

MIB = 2**20
CSV = b"# fs: 500\n# unit: mV\nI,II\n" + b"0.1,0.2\n0.2,0.1\n" * 1000
ZIP_MAX_MEMBERS = 100_000


def wfdb_header(signal: str, samples: int = 1000) -> bytes:
    """Return a header whose signal file has this name."""
    return f"r 1 500 {samples}\n{signal} 16 200/mV 16 0 0 0 0 I\n".encode()


def wfdb_record(name: str, *leads: str, comment: str = "") -> dict[str, bytes]:
    """Return a record of these leads, 10 s at 300 Hz; all but lead I are noise."""
    rng, leads = np.random.default_rng(0), leads or ("I",)
    wave = 200 * np.sin(np.arange(3000) / 40)
    drawn = [wave if lead == "I" else rng.normal(0, 200, wave.size) for lead in leads]
    lines = [f"{name} {len(leads)} 300 {wave.size}"]
    lines += [f"{name}.dat 16 200/mV 16 0 0 0 0 {lead}" for lead in leads]
    header = "\n".join([*lines, f"# {comment}", ""]).encode()
    return {
        f"{name}.hea": header,
        f"{name}.dat": np.stack(drawn, 1).round().astype("<i2").tobytes(),
    }


def zip_of(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def zip_with_link(target: Path) -> bytes:
    """Return an archive whose one member is a symbolic link to a file of the server."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("ecg.csv")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(target))
    return stream.getvalue()


def zip_of_zeros(n_bytes: int, name: str = "ecg.csv", head: bytes = CSV) -> bytes:
    """Return an archive that expands to so many bytes."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        member.write(head)
        for _ in range(n_bytes // MIB):
            member.write(bytes(MIB))
    return stream.getvalue()


def nested_zip(depth: int = 8) -> bytes:
    content = zip_of_zeros(100 * MIB)
    for _ in range(depth):
        content = zip_of({f"{n}.zip": content for n in range(8)})
    return content


def overlapping_zip(entries: int = 2000) -> bytes:
    """Return an archive with one body of 10 MiB that every entry of its directory points to."""
    one = zip_of_zeros(10 * MIB, "aaaaaaaa.csv")
    end = one.rindex(b"PK\x05\x06")
    at, size = struct.unpack_from("<I", one, end + 16)[0], 0
    entry = one[at:end]
    directory = bytearray()
    for number in range(entries):
        directory += entry.replace(b"aaaaaaaa", f"{number:08d}".encode(), 1)
    size = len(directory)
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, entries, entries, size, at, 0)
    return one[:at] + bytes(directory) + tail


def zip_of_many() -> bytes:
    return zip_of({f"{number}": b"" for number in range(ZIP_MAX_MEMBERS)})


def xml_with_entity(where: str) -> bytes:
    """XML whose text is whatever lies at an address."""
    head = f'<!DOCTYPE AnnotatedECG [<!ENTITY x SYSTEM "{where}">]>'
    return f"{head}<AnnotatedECG><id>&x;</id></AnnotatedECG>".encode()


def xml_with_outside_type(where: str) -> bytes:
    return f'<!DOCTYPE AnnotatedECG SYSTEM "{where}"><AnnotatedECG/>'.encode()


def deep_xml(depth: int = 200_000) -> bytes:
    return b"<AnnotatedECG>" + b"<a>" * depth + b"</a>" * depth + b"</AnnotatedECG>"


def deep_json(depth: int = 200_000) -> bytes:
    return b'{"leads": ' + b"[" * depth + b"]" * depth + b"}"


def pickled_npy(trap: Trap) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([trap], dtype=object))
    return stream.getvalue()


def pickled_parquet(trap: Trap) -> bytes:
    """Return a table with an extension type that old versions of Arrow unpickled."""
    told = {"ARROW:extension:name": "arrow.py_extension_type"}
    told["ARROW:extension:metadata"] = pickle.dumps(trap).decode("latin-1")
    field = pa.field("I", pa.float64(), metadata=told)
    stream = io.BytesIO()
    pq.write_table(pa.table([pa.array([0.1] * 2000)], schema=pa.schema([field])), stream)
    return stream.getvalue()


def matlab_bomb() -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, {"val": np.zeros((12, 8_000_000))}, do_compression=True)
    return stream.getvalue()


def parquet_bomb() -> bytes:
    stream = io.BytesIO()
    column = pa.array(np.zeros(60_000_000))
    pq.write_table(pa.table({"I": column, "II": column}), stream, compression="zstd")
    return stream.getvalue()


def deflated_dicom(n_bytes: int = 1_200_000_000) -> bytes:
    """Return a DICOM file whose deflated data set holds one huge private element."""
    meta = struct.pack("<2H2sH26s", 2, 0x10, b"UI", 26, b"1.2.840.10008.1.2.1.99")
    media = b"1.2.840.10008.5.1.4.1.1.9.1.1\0"
    meta = struct.pack("<2H2sH", 2, 2, b"UI", len(media)) + media + meta
    head = bytes(128) + b"DICM" + struct.pack("<2H2sHI", 2, 0, b"UL", 4, len(meta)) + meta
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    parts = [packer.compress(struct.pack("<2H2s2xI", 9, 0x1010, b"OB", n_bytes))]
    parts += [packer.compress(bytes(MIB)) for _ in range(n_bytes // MIB)]
    return head + b"".join([*parts, packer.flush()])


def absurd_edf() -> bytes:
    """Return an EDF header of 9,999 signals and 99,999,999 records."""
    fields = [b"0".ljust(8), b"x".ljust(80), b"x".ljust(80), b"01.01.2001.01.01"]
    fields += [b"2560000 ", b" " * 44, b"99999999", b"0.000001", b"9999"]
    return b"".join(fields) + bytes(5000)


def large_csv(n_bytes: int = 199 * MIB) -> bytes:
    row = b"0.123,0.234,0.345,0.456,0.567,0.678,0.789,0.890,0.901,0.012,0.123,0.234\n"
    head = b"# fs: 500\n# unit: mV\nI,II,III,aVR,aVL,aVF,V1,V2,V3,V4,V5,V6\n"
    return head + row * ((n_bytes - len(head)) // len(row))
