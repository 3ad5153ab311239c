"""The comparisons and the checks install the same versions."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


@pytest.mark.parametrize("package", pins("reproductions/requirements.txt"))
def test_a_package_of_the_comparisons_has_one_version(package: str) -> None:
    assert pins("requirements-dev.txt")[package] == pins("reproductions/requirements.txt")[package]


def test_the_comparisons_need_two_packages_more() -> None:
    assert set(pins("reproductions/requirements.txt")) == {"lightgbm", "pywavelets"}
