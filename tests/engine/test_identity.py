import ast
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from trainlab.engine import identity, stored_name
from trainlab.engine.fast import FastEngine
from trainlab.engine.kernel.initial_draws import fill_draws
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.torch import TorchEngine
from trainlab.engine.torch.compiled_draws import shuffle_examples


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
    for folder in ("fast", "kernel") if engine == "fast" else (engine,):
        sources += sorted((here / folder).glob("*.py"))
    sources += (
        [here / "kernel" / "philox.py", here / "reference" / "optimizers.py"] if engine == "torch" else []
    )
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
    monkeypatch.setattr(identity, "source_digest", digest_of_bytes)
    before = named(engine)
    for path in sources:
        copy = tmp_path / path.relative_to(here.parent)
        kept = copy.read_bytes()
        copy.write_bytes(kept + b"\n")
        assert named(engine) != before, path.name
        copy.write_bytes(kept)
    assert named(engine) == before


def imported_by_the_kernel() -> list[str]:
    """Return the files outside of the kernel from which it takes constants, below the package."""
    here = Path(identity.__file__).parent
    names = set[str]()
    for path in (here / "kernel").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("trainlab."):
                names.add(node.module)
    outside = {name for name in names if not name.startswith("trainlab.engine.kernel")}
    # identity itself makes the digest.
    return sorted(name.split(".", 1)[1].replace(".", "/") for name in outside - {"trainlab.engine.identity"})


def test_an_edit_of_a_constant_that_is_compiled_in_names_another_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = imported_by_the_kernel()
    assert {"engine/rng", "maths/activation_functions", "maths/loss_functions"} <= set(files)
    package = Path(identity.__file__).parents[1]
    shutil.copytree(package / "engine", tmp_path / "engine")
    shutil.copytree(package / "maths", tmp_path / "maths")
    monkeypatch.setattr(identity, "_HERE", tmp_path / "engine")
    for file in files:
        before = identity.kernel_digest.__wrapped__()
        with (tmp_path / f"{file}.py").open("a") as handle:
            handle.write("\n")
        assert identity.kernel_digest.__wrapped__() != before, file


def test_what_is_compiled_without_lanes_is_kept_under_the_digest() -> None:
    keys, order = np.zeros((1, 2), dtype=np.uint64), np.zeros((1, 3), dtype=np.int64)
    shuffle_examples(keys, 0, order)
    fill_draws(0, 0, 0, False, np.zeros((1, 1)))
    for function in (shuffle_examples, fill_draws):
        kept = Path(function.stats.cache_path).glob(f"*-{identity.kernel_digest()}-*.nbi")
        assert any(function.py_func.__name__ in path.name for path in kept)


def test_the_name_costs_no_heavy_import() -> None:
    code = (
        "import sys; from trainlab.engine import stored_name; stored_name('fast'); stored_name('reference'); "
        "stored_name('torch'); "
        "sys.exit(bool({'numba', 'torch'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_the_kernel_keeps_by_types_of_its_own_is_named_by_its_digest():
    """numba reads an index before it knows whether it is stale; types that an upgrade moved can't be read."""
    kept = [
        f"{path.stem}.{node.name}"
        for path in sorted(Path(identity.__file__).parent.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if "cache=True" in ast.unparse(decorator)
    ]
    assert kept == []
