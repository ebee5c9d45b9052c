import subprocess
import sys
from pathlib import Path

import pytest

from trainlab.engine import identity, stored_name
from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.torch import TorchEngine


def test_engines_and_precisions_are_stored_apart() -> None:
    engines = (
        *(FastEngine(), FastEngine(dtype="float64"), ReferenceEngine(), ReferenceEngine(dtype="float64")),
        *(TorchEngine(), TorchEngine(dtype="float64"), TorchEngine(device="cuda", dtype="float64")),
    )
    names = [stored_name(engine.name) for engine in engines]
    assert len(set(names)) == 7
    assert [name.partition("@")[0] for name in names] == [
        "fast",
        "fast-float64",
        "reference",
        "reference-float64",
        "torch",
        "torch-float64",
        "torch-cuda-float64",
    ]
    assert stored_name("an engine of somebody's own") == "an engine of somebody's own"


@pytest.mark.parametrize("engine", ["fast", "reference", "torch"])
def test_an_edit_of_any_source_that_computes_gives_another_name(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path(identity.__file__).parent
    sources = [here / "rng.py", here / "layout.py", here / "readings.py"]
    sources += [here / "fast.py"] if engine == "fast" else []
    sources += sorted((here / {"fast": "kernel"}.get(engine, engine)).glob("*.py"))
    sources += [here.parent / "maths" / "inits.py", here.parent / "tasks" / "shapes.py"]
    for room in ("engine", "maths", "tasks"):
        for path in (here.parent / room).rglob("*.py"):
            copy = tmp_path / path.relative_to(here.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(identity, "_HERE", tmp_path / "engine")
    named = stored_name.__wrapped__
    before = named(engine)
    assert before == stored_name(engine)
    for path in sources:
        copy = tmp_path / path.relative_to(here.parent)
        kept = copy.read_bytes()
        copy.write_bytes(kept + b"\n")
        assert named(engine) != before, path.name
        copy.write_bytes(kept)
    assert named(engine) == before


def test_the_name_costs_no_heavy_import() -> None:
    code = (
        "import sys; from trainlab.engine import stored_name; stored_name('fast'); stored_name('reference'); "
        "stored_name('torch'); "
        "sys.exit(bool({'numba', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
