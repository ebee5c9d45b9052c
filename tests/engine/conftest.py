"""What the tests of the engine compile is compiled once, for all workers that run them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from trainlab.engine.kernel import from_source
from trainlab.engine.kernel.lanes import Unit


@pytest.fixture(scope="session", autouse=True)
def checked_units_are_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the code of units that check each access in this run's folder: it takes numba half a minute."""
    base, make = tmp_path_factory.getbasetemp(), from_source.code_of
    folder = Path(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base, "checked-units")
    folder.mkdir(exist_ok=True)

    def code_of(unit: Unit) -> str:
        if not unit.lanes.checked:
            return make(unit)
        with open(folder / unit.symbol, "a+", encoding="utf-8") as kept:
            fcntl.flock(kept, fcntl.LOCK_EX)  # another worker may be at it: its code is waited for
            kept.seek(0)
            code = kept.read()
            if not code:
                code = make(unit)
                kept.write(code)
        return code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(from_source, "code_of", code_of)
        yield
