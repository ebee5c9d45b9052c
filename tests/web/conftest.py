"""A server of the lab for the tests of its page."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from trainlab.store import DEFAULT_FOLDER


@contextmanager
def served(
    *, port: int = 0, workers: int = 1, store: str = DEFAULT_FOLDER
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run ``trainlab serve``, and give its address and its process."""
    command = [sys.executable, "-m", "trainlab", "serve", "--no-open"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--workers", str(workers), "--store", store],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield _address(process.stdout), process
    finally:
        process.kill()
        process.communicate()


def _address(said: IO[str]) -> str:
    """Return the address that the server says it is at."""
    line = said.readline()
    found = re.search(r"http://\S+", line)
    assert found is not None, line + said.read()
    return found[0]


@pytest.fixture(scope="session")
def lab_address_of_server() -> Iterator[str]:
    """The address of a server that runs as long as the tests."""
    with served() as (address, _):
        yield address
