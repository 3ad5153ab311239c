"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every run of CI; new ones each time by hand.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")

# Before torch is imported: two threads on small tensors wait for one another more than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
REQUIRE_ALL = os.environ.get("ECG_REQUIRE_ALL") == "1"


def skip_or_fail(reason: str) -> None:
    """Skip with a reason, or fail where everything is required."""
    if REQUIRE_ALL:
        pytest.fail(f"ECG_REQUIRE_ALL=1, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def ecg_data() -> Path:
    """The folder of real recordings, or a skip."""
    folder = Path(os.environ.get("ECG_DATA", ROOT / ".." / "shared" / "data")).resolve()
    if not (folder / "splits").is_dir():
        skip_or_fail("the recordings are not there; set ECG_DATA to their folder")
    return folder
