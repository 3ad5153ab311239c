"""Uploads are bounded by session and by server; what is removed or closed is given back."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.client import Server, Visit, eventually, served

MB = 2**20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose sessions hold 6 MB."""
    log = tmp_path_factory.mktemp("bounds") / "log.txt"
    with served(log, ECG_SESSION_UPLOAD_MB="6") as found:
        yield found


def test_a_session_holds_so_much_and_no_more(visit: Visit) -> None:
    assert visit.put(4 * MB, "first")[0] == 204
    status, _, body = visit.put(3 * MB, "second")
    assert status == 413
    assert body.decode().strip().endswith("Remove files from the list, then add this one again.")
    assert visit.put(MB, "third")[0] == 204
    visit.read_until(lambda: bool(visit.warnings))
    assert "exceed 6 MB together" in visit.warnings[0]


def test_a_removed_file_makes_room(visit: Visit) -> None:
    assert visit.put(5 * MB, "first")[0] == 204
    assert visit.put(5 * MB, "second")[0] == 413
    assert visit.remove("first") == 204
    assert visit.put(5 * MB, "second")[0] == 204


def test_the_same_file_again_and_a_small_one_after_a_refusal_are_taken(visit: Visit) -> None:
    for _ in range(3):
        assert visit.put(7 * MB)[0] == 413
    assert visit.put(5 * MB)[0] == 204


def test_a_body_that_announces_no_length_is_counted_too(visit: Visit) -> None:
    assert visit.put(7 * MB, chunked=True)[0] == 413
    assert visit.put(5 * MB, chunked=True)[0] == 204


def test_files_on_their_way_count(visit: Visit) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(visit.put(4 * MB)[0])) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {204, 413}
    assert found.count(204) == 1


def test_all_sessions_together_are_bounded_and_a_closed_one_gives_back(tmp_path: Path) -> None:
    """Nobody else comes: a session is closed a second after its browser is gone all the same."""
    options = ("--server.disconnectedSessionTTL", "1")
    with served(tmp_path / "log.txt", *options, ECG_SERVER_UPLOAD_MB="9") as server:
        first, second = Visit(server), Visit(server)
        assert first.put(5 * MB)[0] == 204
        status, _, body = second.put(5 * MB)
        assert status == 413
        assert "this server has no room" in body.decode()
        first.close()
        eventually(lambda: second.put(5 * MB)[0] == 204)
        second.close()


def test_an_upload_without_the_token_or_for_nobody_costs_nothing(visit: Visit) -> None:
    token, visit.xsrf = visit.xsrf, "none"
    assert visit.put(5 * MB)[0] == 403
    visit.xsrf = token
    session, visit.session = visit.session, "nobody"
    assert visit.put(5 * MB)[0] == 400
    visit.session = session
    assert visit.put(5 * MB)[0] == 204
