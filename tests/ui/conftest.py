"""What all tests of the app share: the app itself, and nothing that computes ahead of it."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.desk_app import ROOT, TIMEOUT_S


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The app, started; no case is open."""
    monkeypatch.chdir(ROOT)
    return AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT_S).run()


@pytest.fixture(autouse=True)
def nothing_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is computed before it is asked for: what a test presses stands alone."""
    monkeypatch.setattr("ui.desk.ahead.enabled", False)


@pytest.fixture
def one_method(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps by one quick method, not by the better of two."""
    monkeypatch.setattr(
        "ui.model_answers.best_checked", lambda _model, _code, explain: explain("gradcam")
    )
