"""A store in SQLite, and the same in PostgreSQL where there is a server."""

import os
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from ecgcore.reviews import Session, Store
from tests.conftest import skip_or_fail


@contextmanager
def own_database() -> Iterator[str]:
    """Make an empty PostgreSQL database; give its address."""
    server = os.environ.get("ECG_TEST_POSTGRES", "")
    if not server:
        skip_or_fail("ECG_TEST_POSTGRES names no server; run .ci/with-postgres make test")
    name = f"ecg_{uuid.uuid4().hex}"
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """What DATABASE_URL says; None: a file."""
    if request.param == "sqlite":
        yield None
        return
    with own_database() as found:
        yield found


@pytest.fixture
def store(url: str | None, tmp_path: Path) -> Iterator[Store]:
    with closing(Store(url, tmp_path / "data")) as made:
        made.open()
        yield made


def begin(store: Store) -> Session:
    """Return a new reader's session."""
    found = store.resume(store.begin_session())
    assert found is not None
    return found


@pytest.fixture
def reader(store: Store) -> Session:
    return begin(store)
