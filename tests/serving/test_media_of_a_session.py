"""A file at /media/ is given to the browser of its session, while that session is there."""

import pytest

from tests.serving.asking import ask_layer
from tests.serving.client import Server, Visit, eventually
from ui.serving.media import MediaOwners, VisitCookie

MADE = {"now": b"made at once", "later": b"made when asked"}


def address_of(visit: Visit, which: str) -> str:
    return visit.now() if which == "now" else visit.later()


@pytest.mark.parametrize("which", MADE)
def test_the_session_itself_gets_its_file(visit: Visit, which: str) -> None:
    status, headers, body = visit.fetch(address_of(visit, which))
    assert (status, body) == (200, MADE[which])
    assert headers["cache-control"] == "private, no-store"
    assert "sandbox" in headers["content-security-policy"]


@pytest.mark.parametrize("which", MADE)
def test_nobody_gets_it_without_the_cookie(server: Server, visit: Visit, which: str) -> None:
    address = address_of(visit, which)
    for headers in ({}, {"Cookie": "ecg_visit="}, {"Cookie": "ecg_visit=" + "x" * 43}):
        for method in ("GET", "HEAD"):
            status, _, body = server.ask(address, method, **headers)
            assert status == 404
            assert MADE[which] not in body


def test_another_browser_does_not_get_it(server: Server, visit: Visit) -> None:
    address = visit.later()
    other = Visit(server)
    try:
        assert other.fetch(address)[0] == 404
        # What it makes itself has the same content, and so the same address.
        assert other.later() == address
        assert other.fetch(address)[0] == 200
    finally:
        other.close()


@pytest.mark.parametrize("which", MADE)
def test_it_is_gone_with_the_socket(server: Server, which: str) -> None:
    visit = Visit(server)
    address = address_of(visit, which)
    assert visit.fetch(address)[0] == 200
    visit.close()
    eventually(lambda: visit.fetch(address)[0] == 404)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_sites_page_does_not_get_it(visit: Visit, site: str) -> None:
    assert visit.fetch(visit.now(), Sec_Fetch_Site="same-origin")[0] == 200
    assert visit.fetch(visit.now(), Sec_Fetch_Site=site)[0] == 404


def test_the_cookie_is_for_this_site_and_no_script(server: Server) -> None:
    def set_by(**headers: str) -> list[str]:
        lines = server.ask("/_stcore/health", **headers)[1].get_all("set-cookie") or []
        return [line for line in lines if line.startswith("ecg_visit=")]

    first, second = set_by()[0], set_by()[0]
    assert first.split(";")[0] != second.split(";")[0]
    assert "; HttpOnly" in first
    assert "; SameSite=Strict" in first
    assert "; Max-Age=7776000" in first
    # One that is there stays, and lasts as long from now; another site's page prolongs nothing.
    visit = first.split(";")[0]
    assert set_by(Cookie=visit) == [first]
    assert (
        set_by(Sec_Fetch_Site="cross-site")
        == set_by(Cookie=visit, Sec_Fetch_Site="same-site")
        == []
    )


@pytest.mark.parametrize("wrong", ["x", "x" * 42, "x" * 44, "x" * 42 + "=", "é" * 43])
def test_what_is_no_cookie_of_ours_is_replaced(server: Server, wrong: str) -> None:
    header = f"ecg_visit={wrong}".encode().decode("latin-1")
    lines = server.ask("/_stcore/health", Cookie=header)[1].get_all("set-cookie") or []
    (line,) = [line for line in lines if line.startswith("ecg_visit=")]
    assert not line.startswith(f"ecg_visit={wrong};")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_by_tls_the_cookie_goes_back_by_tls_alone(scheme: str) -> None:
    owners = MediaOwners()
    _, headers, _ = ask_layer(
        VisitCookie, [], path="/_stcore/health", scheme=scheme, owners=owners, keep_days=1
    )
    assert "; Max-Age=86400; HttpOnly; SameSite=Strict" in headers["set-cookie"]
    assert headers["set-cookie"].endswith("; Secure") == (scheme == "https")
