"""Tiers of tests, Chromium, and Ctrl-C for those that press it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import forked
import pytest

pytest_plugins = ["running", "tiers", "chromium"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So a shell starts what a script runs in the background, and so would every process that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def forking() -> Iterator[None]:
    """Fork the processes that trainlab's own functions start (`forked`)."""
    with forked.forking():
        yield


@pytest.fixture(scope="module")
def all_forking() -> Iterator[None]:
    """Do so in all tests of a file, with the fixtures that they share."""
    with forked.forking():
        yield
