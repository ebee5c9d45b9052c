from pathlib import Path

import pytest
from cli.calling import TINY, Caller


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the working one, with a small study in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "tiny.toml").write_text(TINY)
    return tmp_path


@pytest.fixture
def trainlab(capsys: pytest.CaptureFixture[str]) -> Caller:
    return Caller(capsys)
