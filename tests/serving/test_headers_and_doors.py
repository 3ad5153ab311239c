"""What every answer carries, and which of Streamlit's own addresses are closed."""

import json
import re

import pytest
from streamlit.web.server.starlette import starlette_agent_routes, starlette_routes

from tests.serving.asking import ask_layer
from tests.serving.client import Server
from ui.serving.doors import Doors
from ui.serving.headers import SecurityHeaders, content_policy, inline_hashes

PATHS = ("/", "/review", "/_stcore/health", "/_stcore/metrics", "/media/none.pdf", "/static/no.js")
CLOSED = (
    starlette_routes.ROUTE_METRICS,
    starlette_routes.ROUTE_SCRIPT_HEALTH,
    starlette_agent_routes._ROUTE_AGENT_SCHEMA,
    starlette_agent_routes._ROUTE_AGENT_INTERACT,
    starlette_agent_routes._ROUTE_AGENT_MCP,
    "_stcore/",
    "_stcore/anything-new",
    "_stcore/healthy",
    "_stcore/stream/more",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["", "evil.example"])
def test_every_answer_carries_them(server: Server, path: str, host: str) -> None:
    _, headers, _ = server.ask(path, **({"Host": host} if host else {}))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert len(headers.get_all("content-security-policy") or []) == 1
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_policy_lets_nothing_in_from_elsewhere(server: Server) -> None:
    policy = server.ask("/")[1]["content-security-policy"]
    rules = {
        name: values.split() for name, _, values in (r.partition(" ") for r in policy.split("; "))
    }
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == ["'self'", "blob:", "'wasm-unsafe-eval'", *inline_hashes()]
    assert len(inline_hashes()) == 1
    assert "'unsafe-eval'" not in policy
    assert rules["connect-src"][0] == "'self'"
    own = {f"ws://127.0.0.1:{server.port}", f"wss://127.0.0.1:{server.port}"}
    assert {value for values in rules.values() for value in values if "//" in value} == own


@pytest.mark.parametrize("host", ["a;script-src *", "a b", "a,b", "a\tb", "x' *"])
def test_a_host_adds_nothing_to_the_policy(host: str) -> None:
    _, headers, _ = ask_layer(SecurityHeaders, [(b"host", host.encode())])
    assert headers["content-security-policy"] == content_policy("")


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_what_no_page_asks_for_is_closed(server: Server, path: str, method: str) -> None:
    status, _, body = server.ask(f"/{path}", method)
    assert (status, body) == (404, b"Not found.\n")


def test_health_stays(server: Server) -> None:
    status, headers, body = server.ask("/_stcore/health")
    assert (status, body) == (200, b"ok")
    assert re.search("_streamlit_xsrf=", headers["set-cookie"])
    assert json.loads(server.ask("/_stcore/host-config")[2])["metricsUrl"] == ""


def test_doors_are_closed_under_a_base_path_too() -> None:
    for path, status in (("/ecg/_stcore/metrics", 404), ("/ecg/_stcore/health", 200)):
        assert ask_layer(Doors, [], path=path, base="ecg")[0] == status
