import ast
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from trainlab.engine import identity, stored_name
from trainlab.engine.fast import FastEngine
from trainlab.engine.kernel import archive
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.source_digest import source_digest
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


def digest_of_bytes(files: Iterable[Path], more: str = "") -> str:
    return hashlib.sha256(b"".join([more.encode(), *(path.read_bytes() for path in files)])).hexdigest()


@pytest.mark.parametrize("engine", ["fast", "reference", "torch"])
def test_an_edit_of_any_source_that_computes_gives_another_name(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path(identity.__file__).parent
    sources = [here / name for name in identity._SHARED]
    for folder in {"fast": ("fast", "kernel"), "torch": ("torch", "kernel")}.get(engine, (engine,)):
        sources += sorted((here / folder).glob("*.py"))
    sources += [here / "reference" / "optimizers.py"] if engine == "torch" else []
    sources += [here.parent / "maths" / "inits.py", here.parent / "tasks" / "generated.py"]
    sources += [here.parent / "spec" / "sampling.py", here.parent / "spec" / "schedules.py"]
    for room in ("engine", "maths", "spec", "tasks"):
        for path in (here.parent / room).rglob("*.py"):
            copy = tmp_path / path.relative_to(here.parent)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(identity, "_HERE", tmp_path / "engine")
    named = stored_name.__wrapped__
    assert named(engine) == stored_name(engine)
    # What a digest leaves out is in test_source_digest.py; here it is which files count, and many times.
    monkeypatch.setattr(identity, "syntax_digest", digest_of_bytes)
    before = named(engine)
    for path in sources:
        copy = tmp_path / path.relative_to(here.parent)
        kept = copy.read_bytes()
        copy.write_bytes(kept + b"\n")
        assert named(engine) != before, path.name
        copy.write_bytes(kept)
    assert named(engine) == before


def test_equal_bits_are_claimed_of_the_sources_as_they_are() -> None:
    """What the next change of the sources has ended is to be deleted."""
    assert identity._SAME_BITS.keys() <= {identity._sources_digest(kind) for kind in identity._FOLDERS}


def imported_by_the_kernel() -> list[str]:
    """Return the files outside of the kernel from which it takes constants, below the package."""
    here = Path(identity.__file__).parent
    names = set[str]()
    for path in {*(here / "kernel").glob("*.py")} - {here / "kernel" / name for name in archive._READS_IT}:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("trainlab."):
                names.add(node.module)
    outside = {name for name in names if not name.startswith("trainlab.engine.kernel")}
    return sorted(name.split(".", 1)[1].replace(".", "/") for name in outside)


def test_an_edit_of_a_constant_that_is_compiled_in_names_another_build(
    tmp_path: Path,
) -> None:
    files = imported_by_the_kernel()
    assert {"engine/rng", "maths/activation_functions", "maths/loss_functions"} <= set(files)
    package = Path(identity.__file__).parents[1]
    shutil.copytree(package / "engine", tmp_path / "engine")
    shutil.copytree(package / "maths", tmp_path / "maths")
    kernel = tmp_path / "engine" / "kernel"
    for file in files:
        before = source_digest(archive.sources_of_kernel(kernel))
        with (tmp_path / f"{file}.py").open("a") as handle:
            handle.write("\nANOTHER = 1\n")
        assert source_digest(archive.sources_of_kernel(kernel)) != before, file


@pytest.mark.parametrize("engine", ["fast", "torch"])
def test_other_compiled_code_gives_another_name(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stored_name(engine)
    monkeypatch.setattr(identity, "code_digest", lambda: "0" * 64)
    assert stored_name.__wrapped__(engine) != before


def test_the_name_costs_no_heavy_import() -> None:
    code = (
        "import sys; from trainlab.engine import stored_name; stored_name('fast'); stored_name('reference'); "
        "stored_name('torch'); "
        "sys.exit(bool({'llvmlite', 'numba', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
