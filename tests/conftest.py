"""Fixtures shared by all tests."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every run of CI; new ones each time by hand.  A busy machine fails no test.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("by hand", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "by hand")

# Before torch is imported: two threads on small tensors wait for one another more than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
REQUIRE_ALL = os.environ.get("ECG_REQUIRE_ALL") == "1"
RECORDINGS = Path(os.environ.get("ECG_DATA") or ROOT.parent / "shared" / "data").resolve()
NO_RECORDINGS = ROOT / "tests" / "no-recordings"


def skip_or_fail(reason: str) -> None:
    """Skip with a reason, or fail where everything is required."""
    if REQUIRE_ALL:
        pytest.fail(f"ECG_REQUIRE_ALL=1, but {reason}")
    pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what may run beside what, and refuse a test that reads recordings without the mark."""
    for item in items:
        asked = "ecg_data" in getattr(item, "fixturenames", ())
        if asked and item.get_closest_marker("data") is None:
            raise pytest.UsageError(f"{item.nodeid} reads recordings: mark it pytest.mark.data")
        # A file stays in one process, and shares what it made; so does all that needs the browser.
        journey = item.get_closest_marker("browser") is not None
        item.add_marker(pytest.mark.xdist_group("browser" if journey else str(item.path)))
    # What takes longest in one process begins first.
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Show the recordings to tests marked `data` alone: others pass wherever there are none.

    A command may have asked for more threads, and would slow down whatever comes after it.
    """
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    marked = item.get_closest_marker("data") is not None
    os.environ["ECG_DATA"] = str(RECORDINGS if marked else NO_RECORDINGS)
    if marked and not (RECORDINGS / "splits").is_dir():
        skip_or_fail("the recordings are not there; set ECG_DATA to their folder")


@pytest.fixture(scope="session", autouse=True)
def other_access_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what tests measure out of the log beside the results."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECG_TEST_ACCESS", str(tmp_path_factory.mktemp("access") / "log.csv"))
        yield


@pytest.fixture(scope="session", autouse=True)
def other_data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what apps that tests start keep of readers' work out of this tree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ECG_DATA_DIR", str(tmp_path_factory.mktemp("kept")))
        patch.delenv("DATABASE_URL", raising=False)
        yield


@pytest.fixture(scope="session")
def ecg_data() -> Path:
    """The folder of real recordings, for tests marked `data`."""
    return RECORDINGS
