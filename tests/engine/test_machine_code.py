"""The kernel's code in the package: all that experiments ask for, the same bits on every processor."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, get_args

import pytest
from engine.bits import EXPERIMENTS, PLAIN, differing, train
from engine.builders import tools_of

from trainlab.engine.fast import job
from trainlab.engine.fast.job import prepare
from trainlab.engine.kernel import archive, machine_code
from trainlab.engine.kernel.lanes import Lanes, Unit
from trainlab.engine.kernel.shipped import shipped_units
from trainlab.engine.runs import Runs
from trainlab.errors import EngineError
from trainlab.maths import ACTIVATIONS, OPTIMIZERS
from trainlab.spec import Experiment, Loss, name_of

SETS = {"SSE2": ("x86-64", ""), "AVX2": ("haswell", "+avx2,+fma"), "AVX-512": ("skylake-avx512", "+avx512f")}
"""LLVM's name of a processor with these instructions, and the features that say so."""


def test_it_was_compiled_from_the_source_as_it_is() -> None:
    assert archive.made_of() == (archive.kernel_digest(), *tools_of("kernel")), "run scripts/kernel"
    assert archive.read_all().keys() == {unit.symbol for unit in shipped_units()}
    assert archive.ARCHIVE.stat().st_size < 1_000_000


def experiments() -> Generator[Experiment]:
    """Yield one with each loss, activation, optimizer, sampling and treatment of a step."""
    network = {"widths": [2, 3, 1], "activation": "tanh", "output_activation": "sigmoid"}
    base = {"network": network, "epochs": 3}
    many = {"task": {"name": "moons", "points": 40}}
    samplings = ("full", "single", {"name": "batch", "batch_size": 3}, {"name": "batch", "batch_size": 20})
    for sampling, more in itertools.product(samplings, ({}, many)):
        for activation in ACTIVATIONS.keys() - {"softmax", "log_softmax"}:
            for dropout in (0.0, 0.5):
                of = {**network, "activation": activation, "dropout": dropout}
                yield Experiment.from_dict({**base, **more, "network": of, "sampling": sampling})
        for name in OPTIMIZERS:
            for way in ({}, {"gradient": "equalised"}, {"noise": {"std": 0.1}}, {"clip": {"norm": 1.0}}):
                yield Experiment.from_dict(
                    {**base, **more, "optimizer": {"name": name}, "sampling": sampling, **way}
                )
        for loss in {name_of(kind) for kind in get_args(Loss)} - {"custom", "cross_entropy", "nll"}:
            yield Experiment.from_dict({**base, **more, "loss": loss, "sampling": sampling})
    yield from EXPERIMENTS.values()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_that_an_experiment_asks_for_is_in_the_package(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = set[Unit]()
    monkeypatch.setattr(job, "address_of", lambda unit: asked.add(unit) or 1)
    for experiment, population in itertools.product(experiments(), (1, 12, 20, 40)):
        prepare(
            experiment,
            marks=(experiment.epochs,),
            population=population,
            networks=None,
            samples=None,
            dtype=dtype,
            checked=False,
        )
    assert len(asked) > 200
    assert [unit.symbol for unit in asked if archive.packaged(unit) is None] == []


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Make machine code anew in a test; what is there already stays where it is."""
    made = (machine_code._target, machine_code._engine, machine_code._function)
    engine = machine_code._engine()
    monkeypatch.setattr(machine_code, "_addresses", {})
    for each in made:
        each.cache_clear()
    yield
    ours = machine_code._engine()
    monkeypatch.undo()
    for each in made:
        each.cache_clear()
    KEPT.extend([engine, ours])


KEPT: list[Any] = []


@pytest.fixture(scope="module", params=["float32", "float64"])
def native(request: pytest.FixtureRequest) -> tuple[str, dict[str, Runs]]:
    """Return runs as this processor makes them, and their precision."""
    return request.param, {
        name: train(experiment, PLAIN, request.param) for name, experiment in EXPERIMENTS.items()
    }


@pytest.mark.trains
@pytest.mark.parametrize("instructions", SETS)
def test_no_instruction_changes_a_bit(
    native: tuple[str, dict[str, Runs]], anew: None, instructions: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"SSE2": "sse2", "AVX2": "avx2", "AVX-512": "avx512f"}[instructions]
    if f"+{asked}" not in machine_code.processor()[1]:
        pytest.skip(f"this processor has no {instructions}")
    monkeypatch.setattr(machine_code, "processor", lambda: SETS[instructions])
    dtype, here = native
    for name, runs in here.items():
        assert differing(train(EXPERIMENTS[name], PLAIN, dtype), runs, curves=True) == [], name


@pytest.mark.process
def test_a_training_imports_no_compiler_of_python() -> None:
    code = (
        "import sys; sys.modules['numba'] = None; import trainlab;"
        "e = trainlab.Experiment.from_dict({'network': {'widths': '2-2-1'}, 'epochs': 2});"
        "trainlab.run(e, seeds=3, engine='fast')"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_damaged_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_anew: None) -> None:
    content = bytearray(archive.ARCHIVE.read_bytes())
    content[len(content) // 3] ^= 255
    broken = tmp_path / "kernel.zip"
    broken.write_bytes(content)
    monkeypatch.setattr(archive, "ARCHIVE", broken)
    with pytest.raises(EngineError, match=r"kernel\.zip: can't be read .* Install trainlab anew\.$"):
        archive.read_all()


@pytest.fixture
def read_anew() -> Generator[None]:
    """Read the archive anew, before and after."""
    caches = (archive._of_kind, archive.made_of, archive._check_sources)
    for each in caches:
        each.cache_clear()
    yield
    for each in caches:
        each.cache_clear()


UNIT = Unit(kind="train", lanes=Lanes(networks=64))


def damaged_at_every_place(content: bytes) -> Generator[bytes]:
    """Yield the archive with a bit altered in each place of its directory and headers in turn, and cut."""
    start = content.rindex(b"PK\x01\x02", 0, content.index(b"PK\x01\x02") + 4)
    for at in [*range(40), *range(start, len(content) - 200)]:
        yield content[:at] + bytes([content[at] ^ 8]) + content[at + 1 :]
    yield from (content[: len(content) // 2], b"", b"other")


def test_damage_is_told_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_anew: None
) -> None:
    """Never as a lack of numba, nor by another error; a bit that says nothing may go unnoticed."""
    content, broken = archive.ARCHIVE.read_bytes(), tmp_path / "kernel.zip"
    right = machine_code._code(UNIT)
    monkeypatch.setattr(archive, "ARCHIVE", broken)
    monkeypatch.setattr(machine_code, "find_spec", lambda name: None)
    said = 0
    for damaged in damaged_at_every_place(content):
        broken.write_bytes(damaged)
        for cached in (archive._of_kind, archive.made_of, archive._check_sources):
            cached.cache_clear()
        try:
            code = machine_code._code(UNIT)
        except EngineError as error:
            said += 1
            code = right if "trainlab anew." in str(error) else str(error)
        assert code == right
    assert said > 150


def test_code_of_other_sources_is_refused(monkeypatch: pytest.MonkeyPatch, read_anew: None) -> None:
    monkeypatch.setattr(archive, "kernel_digest", lambda: "0123456789abcdef")
    with pytest.raises(
        EngineError, match=r"was made of other sources than those beside it\. Run scripts/kernel"
    ):
        archive.packaged(UNIT)


def test_a_python_without_lzma_is_told(monkeypatch: pytest.MonkeyPatch, read_anew: None) -> None:
    monkeypatch.setitem(sys.modules, "lzma", None)
    with pytest.raises(EngineError, match=r"needs Python's module lzma, which this Python was built without"):
        archive.packaged(UNIT)


def test_code_that_llvm_cannot_read_is_told(monkeypatch: pytest.MonkeyPatch, anew: None) -> None:
    monkeypatch.setattr(machine_code, "packaged", lambda unit: "define nothing")
    with pytest.raises(
        EngineError, match=r"^llvmlite [\d.]+ can't read the kernel's code, train_0_64x1_float32: "
    ):
        machine_code.address_of(UNIT)


@pytest.mark.parametrize(
    ("lanes", "said"),
    [
        (Lanes(networks=8, samples=4, checked=True), "checked = True: needs numba, .*Leave it out, or"),
        (Lanes(networks=5, samples=3), "networks = 5, samples = 3: needs numba, .*Leave them out, or"),
    ],
)
def test_without_numba_what_is_not_there_is_said_in_a_line(
    lanes: Lanes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_code, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match=rf"^engine 'fast', {said}"):
        machine_code.address_of(Unit(kind="evaluation", lanes=lanes))


@pytest.mark.compiles
def test_a_unit_that_could_fail_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from trainlab.engine.kernel import from_source

    def fails(address: int, a: int, b: int, c: int) -> None:
        if a > b:
            raise ValueError("a")

    monkeypatch.setattr(from_source, "source_of", lambda unit: fails)
    with pytest.raises(TypeError, match="a unit can't fail"):
        from_source.code_of(next(iter(shipped_units())))
