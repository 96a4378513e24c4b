"""From this machine to its own browser: a few fixed files, and answers.

Only the loopback address is bound; a request must name it as its host, so that no name on the
network that is made to point here can ask (DNS rebinding), and know a token that was drawn for this
one run. No path of a request is ever looked up on disk: the page's files are read beforehand.
"""

import json
import os
import secrets
import socket
import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from freerun._checks import FreerunError, fail
from freerun.explore.answers import ForecastRequest, Forecasts, TextRequest, Texts
from freerun.explore.asking import read_request

__all__ = ["LOOPBACK", "app_for", "draw_token", "listen", "server_for"]

LOOPBACK = "127.0.0.1"
HOSTS = [LOOPBACK, "localhost"]

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}

Endpoint = Callable[[Request], Response]

HEADERS = {
    # Nothing but what is here: no other host is asked, and no other page may frame this one.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def draw_token() -> str:
    """A word that no other page can guess: 128 bits."""
    return secrets.token_urlsafe(16)


def listen(port: int) -> socket.socket:
    """A socket that listens on the loopback address; port 0 takes one that is free.

    Raises:
        ArgumentError: The port is taken, or not ours.
    """
    # With its protocol named asyncio sends at once: else a reply's body waits 40 ms for the header.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere it would let others listen to the same port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError as error:
        listening.close()
        reason = (error.strerror or str(error)).lower()
        got = f"{port} ({reason})"
        fail("freerun", "--port must be one that is free", got, "Use --port 0 to be given one.")
    listening.listen()
    return listening


def app_for(subject: Forecasts | Texts, title: str, token: str) -> Starlette:
    """The application: the page, what it is about, and answers.

    Args:
        subject: What answers.
        title: What the page is called.
        token: What an address must begin with.
    """
    lock = threading.Lock()  # a network runs one request at a time: a second would only slow both
    kind: Any = ForecastRequest if isinstance(subject, Forecasts) else TextRequest
    about = {"title": title, **subject.about(), "first": vars(subject.first())}

    def tell(request: Request) -> Response:
        return JSONResponse(about, headers=HEADERS)

    def answer(request: Request) -> Response:
        try:
            asked = read_request(kind, request.query_params.multi_items())
            with lock:
                found = subject.answer(asked).to_dict()
        except FreerunError as error:
            return JSONResponse({"error": str(error)}, 400, HEADERS)
        except Exception as error:
            got = f"{type(error).__name__}: {error}"
            message = f"explore: an answer was expected, got {got}. Ask for something else."
            return JSONResponse({"error": message}, 500, HEADERS)
        return Response(json.dumps(found, allow_nan=False), 200, HEADERS, "application/json")

    routes: dict[str, Endpoint] = {"about": tell, "answer": answer}
    routes |= {name: _file(name, content) for name, content in _page().items()}
    routes[""] = routes.pop("index.html")
    return Starlette(
        routes=[
            Route("/{token}/" + name, _guarded(token, endpoint), methods=["GET"])
            for name, endpoint in routes.items()
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
    )


def _guarded(token: str, endpoint: Endpoint) -> Endpoint:
    """Answer only who knows the token; to others there is nothing here."""

    def guard(request: Request) -> Response:
        given = request.path_params["token"]
        if not secrets.compare_digest(given.encode(), token.encode()):
            return Response("Not Found", 404, HEADERS, "text/plain")
        return endpoint(request)

    return guard


def _page() -> dict[str, bytes]:
    """The files of the page, by name."""
    page = files("freerun.explore") / "page"
    there = [*page.iterdir(), *(page / "uplot").iterdir()]
    return {one.name: one.read_bytes() for one in there if one.name.rpartition(".")[2] in TYPES}


def _file(name: str, content: bytes) -> Endpoint:
    kind = TYPES[name.rpartition(".")[2]]
    return lambda request: Response(content, 200, HEADERS, kind)


def server_for(app: Starlette) -> uvicorn.Server:
    """What answers: it says nothing of its own, and ends at Ctrl-C when it has answered."""
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        limit_concurrency=64,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)
