"""The hook that tells when a module has been imported."""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from trainlab.diagnosis.script.process_hooks import ImportHook

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
