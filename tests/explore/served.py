"""A page as whoever knows its port sees it."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

TOKEN = "a-token"


@dataclass(frozen=True)
class Reply:
    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def object(self) -> dict[str, Any]:
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Served:
    port: int

    def get(
        self, path: str, host: str | None = None, method: str = "GET", referer: str = ""
    ) -> Reply:
        """Ask for what is at a path, by the name of a host."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Referer": referer} | ({} if host is None else {"Host": host})
        try:
            connection.request(method, path, headers=headers)
            reply = connection.getresponse()
            found = {name.lower(): value for name, value in reply.getheaders()}
            return Reply(reply.status, found, reply.read())
        finally:
            connection.close()

    def answer(self, query: str) -> Reply:
        """Ask for paths."""
        return self.get(f"/{TOKEN}/answer?{query}")
