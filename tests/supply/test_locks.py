"""What is installed is what is written down: one version, and a hash for every file of it."""

import re

import pytest

from scripts import lock
from scripts.pins import APP, CUDA, DEV, LOCKS, ROOT, TORCH, TORCH_CPU, Pin, read_pins

LISTS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")


def versions(*paths) -> dict[str, str]:
    return {pin.name: pin.version for path in paths for pin in read_pins(path)}


def test_the_locks_name_the_versions_of_the_requirements():
    assert versions(APP, TORCH) == versions(LISTS[0])
    assert versions(TORCH_CPU) == versions(TORCH)
    assert versions(DEV) == versions(LISTS[1])


@pytest.mark.parametrize("path", sorted(LOCKS.glob("*.txt")), ids=lambda path: path.stem)
def test_every_line_of_a_lock_has_a_hash(path):
    pins = read_pins(path)
    assert pins
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert len({pin.name for pin in pins}) == len(pins)


def test_what_a_cuda_build_needs_moves_nothing_that_the_app_needs():
    assert not versions(CUDA).keys() & versions(APP, TORCH).keys()


def test_no_list_names_a_place_to_load_from():
    for path in (*LISTS, *LOCKS.glob("*.txt")):
        assert re.search(r"://|--(extra-)?index-url|--find-links", path.read_text()) is None


def test_make_installs_from_the_locks_alone():
    rules = (ROOT / "Makefile").read_text()
    assert "--no-deps --require-hashes" in rules
    assert "pip install --quiet --requirement requirements" not in rules


@pytest.mark.parametrize(
    "line", ["numpy", "numpy>=2", "numpy==2.4.6 scipy==1.17.1", "-e .", "numpy @ file:///x"]
)
def test_a_line_that_pins_no_version_is_refused(tmp_path, line):
    (tmp_path / "list.txt").write_text(f"{line}\n")
    with pytest.raises(ValueError, match="does not pin one version"):
        read_pins(tmp_path / "list.txt")


def test_a_build_that_no_index_lists_is_added_by_file(tmp_path):
    wheel = tmp_path / "torch-2.13.0+made-cp311-cp311-linux_x86_64.whl"
    wheel.write_bytes(b"wheel")
    pin = Pin("torch", "2.13.0")
    kept = lock.builds(pin, [wheel])
    assert wheel.name in kept
    text = lock.with_builds("torch==2.13.0 \\\n    --hash=sha256:" + "0" * 64, kept)
    (tmp_path / "torch.txt").write_text(text)
    (read,) = read_pins(tmp_path / "torch.txt")
    assert set(read.hashes) == {"0" * 64, *kept.values()}
    wheel = wheel.rename(tmp_path / "numpy-2.4.6.whl")
    with pytest.raises(SystemExit, match=r"is not torch 2\.13\.0"):
        lock.builds(pin, [wheel])


def test_the_part_of_a_lock_that_is_known_is_left_out():
    text = (
        "a-b==1 \\\n    --hash=sha256:1\ntorch==2 \\\n    --hash=sha256:2\nc==3 \\\n    --hash=3\n"
    )
    assert lock.without(text, {"torch", "a-b"}) == "c==3 \\\n    --hash=3\n"
