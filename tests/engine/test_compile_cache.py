# pyright: basic
"""What is kept of the compiled kernel answers for nothing else, also where two processes compile at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import pytest
from numba import types
from numba.core.caching import IndexDataCacheFile

from trainlab.engine.kernel.compile_cache import NamedFiles, cached_cfunc


def files(kind: type[IndexDataCacheFile], folder: Path) -> IndexDataCacheFile:
    return kind(cache_path=str(folder), filename_base="unit-1.py311", source_stamp=(1, 2))


def saved_at_once(kind: type[IndexDataCacheFile], folder: Path) -> IndexDataCacheFile:
    """Save `one` and `other` by two processes, both of which have read the index before either writes it."""
    one, other = files(kind, folder), files(kind, folder)
    read, write = (one._load_index(), other._load_index()), one._save_data

    def write_last(name: str, data: Any) -> None:
        other.save("other", "the other's")
        write(name, data)

    one._load_index, other._load_index = (lambda index=index: dict(index) for index in read)
    one._save_data = write_last
    one.save("one", "the one's")
    return files(kind, folder)


def test_as_numba_does_it_one_build_answers_for_another(tmp_path: Path) -> None:
    assert saved_at_once(IndexDataCacheFile, tmp_path).load("other") == "the one's"


def test_of_two_saved_at_once_none_answers_for_the_other(tmp_path: Path) -> None:
    kept = saved_at_once(NamedFiles, tmp_path)
    found = {key: kept.load(key) for key in ("one", "other")}
    assert found["one"] in ("the one's", None)
    assert found["other"] in ("the other's", None)
    assert any(found.values())


def test_what_is_saved_is_loaded_and_later_saves_leave_it(tmp_path: Path) -> None:
    for key in ("a", "b", "a"):
        files(NamedFiles, tmp_path).save(key, key.upper())
    assert [files(NamedFiles, tmp_path).load(key) for key in ("a", "b", "c")] == ["A", "B", None]


def test_what_numba_has_numbered_is_not_believed(tmp_path: Path) -> None:
    files(IndexDataCacheFile, tmp_path).save("a", "somebody's")
    assert files(NamedFiles, tmp_path).load("a") is None
    files(NamedFiles, tmp_path).save("a", "its own")
    assert files(NamedFiles, tmp_path).load("a") == "its own"


@pytest.mark.compiles
def test_units_are_kept_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def adding(constant: int) -> Any:
        def unit(a: int) -> int:
            return a + constant

        return cached_cfunc(unit, types.int64(types.int64), kept_on_disk=True)

    made = [adding(1), adding(2), adding(1)]
    assert [each.cache_hits for each in made] == [0, 0, 1]
    assert [each.ctypes(10) for each in made] == [11, 12, 11]
    names = {each.name.split(".")[-2] for each in tmp_path.rglob("*.nbc")}
    assert sorted(map(len, names)) == [24, 24]
