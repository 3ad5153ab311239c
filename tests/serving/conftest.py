"""A small app behind the layers, one for the tests of a file."""

from collections.abc import Iterator

import pytest

from tests.serving.client import Server, Visit, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("tiny") / "log.txt") as found:
        yield found


@pytest.fixture
def visit(server: Server) -> Iterator[Visit]:
    made = Visit(server)
    yield made
    made.close()
