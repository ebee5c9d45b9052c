"""Messages name options as they are typed, and leave all else as it is."""

from __future__ import annotations

import pytest

from trainlab.cli.typed_names import as_typed

OPTIONS = ("--inputs", "--outputs", "--min-width", "--max-width", "--size", "-h")


@pytest.mark.parametrize(
    ("command", "message", "typed"),
    [
        ("budget", "inputs=0 is too small", "--inputs 0 is too small"),
        ("budget", "parameters=0 is too small", "PARAMETERS 0 is too small"),
        (
            "budget",
            "max_width=3 is below min_width=5; allowed are limits with min_width <= max_width: raise "
            "max_width.",
            "--max-width 3 is below --min-width 5; allowed are limits with --min-width <= --max-width: raise "
            "--max-width.",
        ),
        ("budget", "allowed are two widths, inputs first", "allowed are two widths, inputs first"),
        ("params", "widths = '2-x': must be", "NETWORK '2-x': must be"),
        ("map", "size = '3': must be", "--size '3': must be"),
        ("map", "baseline.size = 3: must be", "baseline.size = 3: must be"),
        ("study", "size = 3: must be", "size = 3: must be"),
    ],
)
def test_options_stand_as_typed(command: str, message: str, typed: str):
    assert as_typed(message, command, OPTIONS) == typed
