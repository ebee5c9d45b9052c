"""Tiers of tests, what one without a marker may cost, and Ctrl-C for those that press it."""

from __future__ import annotations

import signal

pytest_plugins = ["tiers", "chromium"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So a shell starts what a script runs in the background, and so would every process that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
