"""A lab that is served for a test, in a thread, on a free port; and pages that ask it."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.routing import BaseRoute
from websockets.sync.client import ClientConnection, connect

from trainlab.web.frames import decode
from trainlab.web.guard import Binding, listen
from trainlab.web.questions import Limits
from trainlab.web.server import STATIC, lab_app, server_config

DOUBLE = (sys.executable, str(Path(__file__).parent / "double_worker.py"))


@dataclass
class Lab:
    binding: Binding
    server: uvicorn.Server

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.binding.port}"

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """Ask for a path as it is written, and read what comes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.binding.port, timeout=60)
        sent = {"Host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        response.text = response.read().decode()
        connection.close()
        return response

    @contextmanager
    def open(self, *, origin: str | None = None, reads: bool = True, **headers: str) -> Generator[Page]:
        """Open the socket as a page of the lab does; one that doesn't read leaves frames where they are."""
        with connect(
            f"ws://{self.host}/socket",
            additional_headers={"Origin": f"http://{self.host}" if origin is None else origin} | headers,
            max_size=None,
            max_queue=None if reads else 1,
            close_timeout=60 if reads else 0.1,
            compression=None,
            open_timeout=60,
        ) as socket:
            yield Page(socket)


class Page:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def ask(self, number: int, *, lane: str = "answer", **experiment: Any) -> None:
        question = {"ask": "population", "experiment": experiment}
        self.send(json.dumps({"id": number, "lane": lane, "question": question}))

    def send(self, message: str | bytes | Iterable[str]) -> None:
        self.socket.send(message)

    def header(self, timeout: float = 60) -> dict[str, Any]:
        """Wait for the next frame, and return its header."""
        message = self.socket.recv(timeout=timeout)
        assert isinstance(message, bytes)
        return decode(message)[0]

    def headers(self, *, until_last_of: int) -> list[dict[str, Any]]:
        """Return the headers of all frames until the last of a question."""
        found = [self.header()]
        while not (found[-1]["last"] and found[-1]["id"] == until_last_of):
            found.append(self.header())
        return found


@contextmanager
def serving(
    *,
    workers: int = 0,
    token: str | None = None,
    limits: Limits | None = None,
    static: Path = STATIC,
    pages: Sequence[BaseRoute] = (),
) -> Generator[Lab]:
    """Serve a lab inside the block; without workers its questions wait."""
    limits = limits or Limits()
    listening, binding = listen("127.0.0.1", 0)
    app = lab_app(
        binding=binding,
        workers=workers,
        token=token,
        limits=limits,
        worker_command=DOUBLE,
        static=static,
        pages=pages,
    )
    server = uvicorn.Server(server_config(app, limits))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
            assert thread.is_alive()
        yield Lab(binding, server)
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()
