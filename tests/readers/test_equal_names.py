"""Files of one name are told apart by content, and each WFDB header gets the files that fit."""

import io
import itertools
import warnings
import zipfile

import numpy as np
import pytest

from ecgcore import readers
from ecgcore.errors import EcgError, ReadError
from ecgcore.readers.names import format_name, number_equal_names
from ecgcore.readers.pairing import bundle_files
from ecgcore.recording import Recording


def signal(seed, n_samples=600):
    return np.random.default_rng(seed).integers(-900, 900, n_samples).astype("<i2")


def record(seed, *, name="x", dat="x.dat", n_samples=600, sums=True):
    """Return header and signal file of one lead; without sums only the length can tell."""
    values = signal(seed, n_samples)
    total = int(values.sum(dtype=np.int64)) % 65536
    total -= 65536 if total > 32767 else 0
    tail = f"16 0 {values[0]} {total} 0 II" if sums else "16 0"
    head = f"{name} 1 300 {n_samples}\n{dat} 16 1000/mV {tail}\n"
    return head.encode(), values.tobytes()


def zipped(*members):
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")  # two members of one name
        for name, data in members:
            archive.writestr(name, data)
    return stream.getvalue()


class Upload:
    def __init__(self, name, data):
        self.name, self._data = name, data

    def getvalue(self):
        return self._data


def read_all(*files):
    return dict(readers.read_many([Upload(name, data) for name, data in files]))


def seeds(results, n_samples=600):
    """Return which record each recording is."""
    return {
        name: next(
            seed
            for seed in range(1, 9)
            if np.allclose(found.signal[0] * 1000, signal(seed, found.n_samples), atol=0.01)
        )
        for name, found in results.items()
        if isinstance(found, Recording)
    }


def table(value):
    return f"# fs: 500\n# unit: mV\nII\n{value}\n0.2\n".encode() + b"0.1\n0.3\n" * 600


def test_two_files_of_one_name_are_both_read():
    found = read_all(("ecg.csv", table(0.5)), ("ecg.csv", table(0.7)))
    assert [float(r.signal[0, 0]) for r in found.values()] == pytest.approx([0.5, 0.7])
    assert list(found) == ["ecg.csv", "ecg.csv (2)"]


def test_the_same_file_twice_is_one():
    assert list(read_all(("a.csv", table(0.5)), ("a.csv", table(0.5)))) == ["a.csv"]


def test_two_folders_given_without_their_names_are_both_read():
    found = read_all(("one/ecg.csv", table(0.5)), ("two\\ecg.csv", table(0.7)))
    assert list(found) == ["ecg.csv", "ecg.csv (2)"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_each_header_gets_the_signal_file_that_fits_it(order):
    (h1, d1), (h2, d2) = record(1), record(2)
    files = [("x.hea", h1), ("x.hea", h2), ("x.dat", d1), ("x.dat", d2)]
    found = read_all(*(files[i] for i in order))
    assert sorted(seeds(found).values()) == [1, 2]
    assert not [note for r in found.values() for note in r.notes if "checksum" in note]


def test_the_length_tells_where_there_is_no_checksum():
    (h1, d1), (h2, d2) = record(1, sums=False), record(2, sums=False, n_samples=900)
    found = read_all(("x.hea", h1), ("x.dat", d2), ("x.hea", h2), ("x.dat", d1))
    assert sorted(seeds(found).values()) == [1, 2]
    assert {r.n_samples for r in found.values()} == {600, 900}


def test_what_cannot_be_told_is_said_and_never_guessed():
    (h1, d1), (h2, d2) = record(1, sums=False), record(2, sums=False, name="y")
    found = read_all(("x.hea", h1), ("x.dat", d1), ("x.hea", h2), ("x.dat", d2))
    assert len(found) == 2
    for error in found.values():
        assert "is unclear which one belongs" in str(error)


def test_a_signal_file_that_fits_no_header_is_told():
    (h1, d1), (_, d2) = record(1), record(2)
    for first, second in ((d1, d2), (d2, d1)):
        found = read_all(("x.hea", h1), ("x.dat", first), ("x.dat", second))
        assert list(seeds(found).values()) == [1]
        (left,) = (e for e in found.values() if isinstance(e, EcgError))
        assert "give its header" in str(left)


def test_one_signal_file_can_belong_to_two_headers():
    h1, d1 = record(1)
    found = read_all(("x.hea", h1), ("x.hea", h1 + b"# Age: 50\n"), ("x.dat", d1))
    assert list(seeds(found).values()) == [1, 1]


def test_two_records_that_name_the_same_signal_file_get_each_their_own():
    (h1, d1), (h2, d2) = record(1, name="a", dat="s.dat"), record(2, name="b", dat="s.dat")
    found = read_all(("a.hea", h1), ("s.dat", d2), ("b.hea", h2), ("s.dat", d1))
    assert sorted(seeds(found).values()) == [1, 2]


@pytest.mark.parametrize("other", ["x.hea", "./x.hea", "/x.hea", "../x.hea"])
def test_an_archive_may_hold_two_members_of_one_name(other):
    (h1, d1), (h2, d2) = record(1), record(2)
    dat = other.replace(".hea", ".dat")
    packed = zipped(("x.hea", h1), (dat, d2), (other, h2), ("x.dat", d1))
    found = read_all(("all.zip", packed))
    assert sorted(seeds(found).values()) == [1, 2]
    with pytest.raises(ReadError, match=r"2 recordings in it \(x\.hea \(2\), x\.hea\)"):
        readers.read({"all.zip": packed})
    assert readers.read({"all.zip": packed}, member="x.hea (2)").n_leads == 1


def test_a_path_to_an_archive_with_equal_names_is_read(tmp_path):
    (h1, d1), (_, d2) = record(1), record(2)
    path = tmp_path / "all.zip"
    path.write_bytes(zipped(("x.hea", h1), ("x.dat", d2), ("x.dat", d1)))
    assert not [note for note in readers.read(path).notes if "checksum" in note]


def test_archives_with_equal_members_and_equal_names_lose_nothing():
    packed = [zipped(("x.hea", record(s)[0]), ("x.dat", record(s)[1])) for s in (1, 2, 3)]
    found = read_all(("a.zip", packed[0]), ("a.zip", packed[1]), ("b.zip", packed[2]))
    assert list(seeds(found)) == ["a.zip (2)/x.hea", "b.zip/x.hea", "x.hea"]
    assert sorted(seeds(found).values()) == [1, 2, 3]


def test_a_file_beside_an_archive_that_holds_its_name_keeps_it():
    packed = zipped(("ecg.csv", table(0.7)))
    found = read_all(("all.zip", packed), ("ecg.csv", table(0.5)))
    assert list(found) == ["all.zip/ecg.csv", "ecg.csv"]
    assert float(found["ecg.csv"].signal[0, 0]) == pytest.approx(0.5)
    with pytest.raises(ReadError, match="2 recordings"):
        readers.read({"all.zip": packed, "ecg.csv": table(0.5)})


def test_names_that_differ_by_case_alone_are_kept_apart():
    (h1, d1), (h2, d2) = record(1, dat="X.DAT"), record(2)
    found = read_all(("X.hea", h1), ("x.hea", h2), ("x.dat", d2), ("X.DAT", d1))
    assert seeds(found) == {"X.hea": 1, "x.hea": 2}
    found = read_all(("X.hea", record(1)[0]), ("X.DAT", d1))
    assert seeds(found) == {"X.hea": 1}
    assert len(found) == 1  # its signal file is not told as one that belongs to none


def test_segments_of_two_records_of_one_name_are_told_apart():
    def segmented(seed):
        head, data = record(seed, name="x_1", dat="x_1.dat")
        return b"x/1 1 300 600\nx_1 600\n", head, data

    (master, h1, d1), (_, h2, d2) = segmented(1), segmented(2)
    found = read_all(("x.hea", master), ("x_1.hea", h1), ("x_1.dat", d2), ("x_1.dat", d1))
    assert list(seeds(found).values()) == [1]
    found = read_all(
        ("x.hea", master), ("x_1.hea", h1), ("x_1.dat", d1), ("x_1.hea", h2), ("x_1.dat", d2)
    )
    assert "is unclear" in str(found["x.hea"])


def test_files_are_bundled_as_they_are_read():
    h1, d1 = record(1)
    files = number_equal_names(
        [("x.hea", h1), ("a.csv", b"1"), ("x.dat", d1), ("x.atr", b"2"), ("x.hea", h1 + b"#"),
         ("p.png", b"3"), ("x.zip", zipped(("x.hea", h1))), ("a.csv", b"4")]
    )  # fmt: skip
    assert [sorted(map(format_name, part)) for part in bundle_files(files)] == [
        ["x.atr", "x.dat", "x.hea", "x.hea (2)"],
        ["a.csv"],
        ["p.png"],
        ["x.zip"],
        ["a.csv (2)"],
    ]
