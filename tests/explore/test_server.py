"""Who is answered, and with what."""

import re
import socket
from contextlib import suppress
from urllib.parse import quote

import pytest

from freerun import ArgumentError
from freerun.explore import server
from freerun.explore.answers import ForecastRequest
from tests.explore.examples import forecasts
from tests.explore.served import TOKEN, Served


def test_answers_are_those_of_the_functions(served: Served) -> None:
    asked = ForecastRequest(origin=650, horizon=20, series=1, output=1, share=0.3, around=5)
    query = "&".join(f"{name}={value}" for name, value in vars(asked).items())
    reply = served.answer(query)
    assert reply.code == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.object == forecasts().answer(asked).to_dict()


def test_what_it_is_about(served: Served) -> None:
    found = served.get(f"/{TOKEN}/about").object
    assert found["title"] == "a run"
    assert [one["name"] for one in found["series"]] == ["north", "south"]
    assert found["series"][0] == {"name": "north", "steps": 700, "trained_on": 466}
    query = "&".join(f"{name}={value}" for name, value in found["first"].items())
    assert served.answer(query).code == 200


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "explore: origin must be given, got none. Pass origin=1."),
        ("origin=700", "explore: origin must be a whole number from 1 to 699, got 700. "),
        ("origin=9&horizon=1e9", "explore: horizon must be a whole number, got '1e9'. "),
        ("origin=9&horizon=1000000000", "explore: horizon must be a whole number from 1 to 300, "),
        ("origin=9&paths=5000", "explore: paths must be a whole number from 0 to 200, "),
        ("origin=9&share=nan", "explore: share must be a finite number from 0 to 1, got nan. "),
        ("origin=9&" + quote("<script>") + "=1", "explore: a name must be one of 'origin', "),
        ("origin=9&origin=9", "explore: origin must be given once, got several. "),
        ("origin=%ff", "explore: origin must be a whole number, got "),
    ],
)
def test_bad_requests_are_said_in_four_parts(served: Served, query: str, message: str) -> None:
    reply = served.answer(query)
    assert reply.code == 400
    assert list(reply.object) == ["error"]
    assert reply.object["error"].startswith(message)
    assert re.fullmatch(r"explore: .+, got .+\. .+[.?]", reply.object["error"])


def test_what_goes_wrong_is_no_traceback(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("a hole in the kernel")

    monkeypatch.setattr("freerun.explore.answers.forecasts.state_at", breaks)
    reply = served.answer("origin=9")
    assert reply.code == 500
    assert "RuntimeError: a hole in the kernel" in reply.object["error"]
    assert b"Traceback" not in reply.body


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
@pytest.mark.parametrize("path", ["", "about", "answer?origin=9"])
def test_other_hosts_names_are_refused(served: Served, host: str, path: str) -> None:
    reply = served.get(f"/{TOKEN}/{path}", host)
    assert reply.code == 400
    assert reply.body == b"Invalid host header"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_its_own_names_are_answered(served: Served, host: str) -> None:
    assert served.get(f"/{TOKEN}/about", f"{host}:{served.port}").code == 200


@pytest.mark.parametrize("path", ["", "about", "answer?origin=9", "main.js"])
@pytest.mark.parametrize("token", ["other", "a-toke", "a-token2", "%C3%A9", ""])
def test_without_the_token_there_is_nothing(served: Served, token: str, path: str) -> None:
    reply = served.get(f"/{token}/{path}")
    assert reply.code == 404
    assert b"freerun" not in reply.body
    assert served.get("/").code == 404


@pytest.mark.parametrize(
    "path",
    [
        "server.py",
        "../server.py",
        "..%2Fserver.py",
        "%2e%2e/server.py",
        "page/main.js",
        "uplot/LICENSE",
        "//etc/passwd",
        "index.html",
    ],
)
def test_no_other_file_is_there(served: Served, path: str) -> None:
    assert served.get(f"/{TOKEN}/{path}").code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(served: Served, method: str) -> None:
    assert served.get(f"/{TOKEN}/answer?origin=9", method=method).code == 405


def test_a_request_has_a_size(served: Served) -> None:
    codes = []
    with suppress(ConnectionError):  # it may close before all of it was sent
        codes.append(served.get(f"/{TOKEN}/about", referer="9" * 200_000).code)
    assert codes in ([], [400])
    assert served.get(f"/{TOKEN}/about", referer="9" * 2000).code == 200


def test_the_page_asks_no_other_host(served: Served) -> None:
    page = served.get(f"/{TOKEN}/")
    assert page.code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'self';")
    assert page.headers["referrer-policy"] == "no-referrer"
    named = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.body.decode())
    assert sorted(named) == ["main.js", "style.css", "uPlot.iife.min.js", "uPlot.min.css"]
    scripts = served.get(f"/{TOKEN}/main.js").body.decode()
    for name in [*named, *re.findall(r'from "\./([\w.]+)"', scripts)]:
        file = served.get(f"/{TOKEN}/{name}")
        assert file.code == 200
        assert file.headers["content-type"].split("/")[0] == "text"
        assert file.headers["x-content-type-options"] == "nosniff"
        assert not re.search(rb"(?:fetch|import|url)\W{1,3}https?:", file.body)


def test_only_this_machine_is_listened_to() -> None:
    with server.listen(0) as listening:
        host, port = listening.getsockname()
        assert host == "127.0.0.1"
        assert listening.proto == socket.IPPROTO_TCP  # or every answer takes 40 ms longer
        with pytest.raises(ArgumentError, match=rf"--port must be one that is free, got {port} \("):
            server.listen(port)
        with socket.create_connection((host, port), timeout=5):
            pass


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {server.draw_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[\w-]{22}", token) for token in tokens)
