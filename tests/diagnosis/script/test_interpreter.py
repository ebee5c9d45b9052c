"""What a report puts back of Python while it is written, and hooks as a module is imported."""

from __future__ import annotations

import builtins
import importlib
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

from trainlab.diagnosis.script.interpreter import ImportHook, InterpreterState

# What a report puts back of Python while it is written, and leaves as the script had it.


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


def test_a_name_of_the_scripts_is_another_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("colorsys", "of_its_own"):
        (tmp_path / f"{name}.py").write_text("MINE = True\n", encoding="utf-8")
    (tmp_path / "round").symlink_to("round")  # of which not even this can be asked: is it a folder?
    python_s = importlib.import_module("colorsys")
    state = InterpreterState()
    monkeypatch.syspath_prepend(str(tmp_path))
    state.let_see(str(tmp_path))
    own, other = importlib.import_module("colorsys"), importlib.import_module("of_its_own")
    assert own.MINE
    assert other.MINE
    state.meet_modules()
    with state:
        assert importlib.import_module("colorsys") is python_s
        assert importlib.import_module("of_its_own") is other
    assert sys.modules["colorsys"] is own
    del sys.modules["colorsys"], sys.modules["of_its_own"]


# The hook that tells when a module has been imported.


NAME = "a_module_to_wait_for"


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Wait for a module that takes two names from others; return what has been told."""
    (tmp_path / f"{NAME}.py").write_text("import sys\nready = True\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    heard: list[bool] = []
    hook = ImportHook(NAME, lambda: heard.append(sys.modules[NAME].ready))
    hook.start()
    yield heard
    sys.modules.pop(NAME, None)
    if hook in sys.meta_path:
        sys.meta_path.remove(hook)


def test_it_tells_once_the_module_has_run(told: list[bool]):
    importlib.import_module(NAME)
    importlib.reload(sys.modules[NAME])
    assert told == [True]


def test_a_library_that_asks_whether_the_module_is_there_imports_nothing(told: list[bool]):
    assert find_spec(NAME) is not None
    assert find_spec(NAME) is not None
    assert told == []
    importlib.import_module(NAME)
    assert told == [True]


def test_an_import_that_fails_at_first_is_waited_for_again(told: list[bool], tmp_path: Path):
    code = (tmp_path / f"{NAME}.py").read_text(encoding="utf-8")
    (tmp_path / f"{NAME}.py").write_text("raise ImportError\n", encoding="utf-8")
    with pytest.raises(ImportError):
        importlib.import_module(NAME)
    (tmp_path / f"{NAME}.py").write_text(code + "# longer than what failed\n", encoding="utf-8")
    importlib.invalidate_caches()
    importlib.import_module(NAME)
    assert told == [True]
