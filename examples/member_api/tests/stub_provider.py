"""What stands where the language model provider would be."""

import json
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable


class StubProvider:
    """A language model provider at the edge of HTTP: our client is real, the network behind it is this."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.reply: Callable[[], httpx.Response] = lambda: httpx.Response(200, json={"response": " A member.\n"})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/api/generate")
        self.asked.append(json.loads(request.content))
        return self.reply()
