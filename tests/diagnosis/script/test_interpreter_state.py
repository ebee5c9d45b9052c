"""What a report puts back of Python while it is written, and leaves as the script had it."""

from __future__ import annotations

import builtins
import warnings

import pytest

from trainlab.diagnosis.script.interpreter_state import InterpreterState


def test_what_was_shown_once_isnt_shown_again(capsys: pytest.CaptureFixture[str]):
    """Python forgets what it has shown whenever `warnings.catch_warnings` begins or ends."""
    state = InterpreterState()
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = lambda message, *given: print(message)
        before = list(warnings.filters)
        for _ in range(3):
            warnings.warn("of the script", stacklevel=1)
            with state:
                warnings.warn("of the report", stacklevel=1)
        assert list(warnings.filters) == before
    assert capsys.readouterr().out == "of the script\n"


def test_a_builtin_that_was_removed_is_there_within_and_gone_after(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(builtins, "kept", 1, raising=False)
    state = InterpreterState()
    del builtins.kept  # pyright: ignore
    with state, state:
        assert builtins.kept == 1  # pyright: ignore
    assert not hasattr(builtins, "kept")
    builtins.kept = 2  # pyright: ignore
    with state:
        assert builtins.kept == 1  # pyright: ignore
    assert builtins.kept == 2  # pyright: ignore
