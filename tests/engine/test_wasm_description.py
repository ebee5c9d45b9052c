"""The module of WebAssembly is of the kernel as it is, and experiments are described for it without loss."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine.builders import tools_of

from trainlab.engine.kernel import tables
from trainlab.engine.kernel.archive import kernel_digest, made_of, packaged
from trainlab.engine.wasm.description import (
    BLOCK,
    KERNEL_SECTION,
    TOOLS_SECTION,
    UNITS_SECTION,
    described,
    module_units,
    steps_of_init,
)
from trainlab.errors import EngineError
from trainlab.maths import INITS
from trainlab.spec import Experiment
from trainlab.web.without_server import STATIC

MODULE = STATIC / "kernel.wasm"
SETTINGS: dict[str, dict[str, Any]] = {
    "uniform": {"a": -0.3, "b": 0.7},
    "normal": {"mean": 0.1, "std": 0.7},
    "constant": {"val": 0.3},
    "xavier_uniform": {"gain": 1.7},
    "kaiming_normal": {"a": 0.1, "mode": "fan_out", "nonlinearity": "relu"},
}
XOR = {"network": {"widths": "2-3-1"}, "epochs": 5}


def sections(path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and text of each of a module's sections that is its users' own."""
    content, at = path.read_bytes(), 8

    def number() -> int:
        nonlocal at
        total = shift = 0
        while True:
            byte = content[at]
            at, total, shift = at + 1, total | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return total

    while at < len(content):
        kind, at = content[at], at + 1
        end = number() + at
        if kind == 0:
            length = number()
            name = content[at : at + length].decode()
            yield name, content[at + length : end].decode(errors="replace")
        at = end


def test_the_module_was_made_of_the_kernel_as_it_is() -> None:
    said = dict(sections(MODULE))
    assert said[KERNEL_SECTION] == kernel_digest() == made_of()[0], "run scripts/wasm"
    assert said[TOOLS_SECTION].split() == tools_of("wasm"), "run scripts/wasm"
    assert said[UNITS_SECTION].split() == [unit.symbol for unit in module_units()], "run scripts/wasm"
    assert MODULE.stat().st_size < 300_000


def test_every_unit_of_the_module_is_in_the_package() -> None:
    assert [unit.symbol for unit in module_units() if packaged(unit) is None] == []
    assert len(set(module_units())) == len(module_units())


@pytest.mark.parametrize("name", sorted(INITS.keys() - {"orthogonal"}))
def test_an_inits_steps_give_its_bits(name: str) -> None:
    init, settings = INITS[name], SETTINGS.get(name, {})
    draws = np.random.default_rng(1).random((4, 15))
    values = draws
    for step, number in steps_of_init(name, 5, 3, settings):
        values = values * number if step == "times" else values + number
    assert values.tobytes() == init.sample(draws, 5, 3, **settings).tobytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"init": {"weight": "orthogonal"}}, r"init 'orthogonal': .* draws each weight by itself"),
        ({"gradient": "equalised"}, r"update_apart 0: .* hasn't this part of the kernel"),
        ({"network": {"widths": "2-3-1", "dropout": 0.5}}, r"drop 0: .* hasn't this part of the kernel"),
        ({"noise": {"std": 0.1}}, r"noise 0: .* hasn't this part of the kernel"),
        (
            {"loss": {"name": "custom", "function": "own", "digest": "0" * 64}},
            r"loss: .* has none of your own",
        ),
        ({"after": XOR}, r"after: .* trains from draws"),
    ],
)
def test_what_the_module_lacks_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(EngineError, match=said):
        described(Experiment.from_dict({**XOR, "optimizer": "sgd", **change}))


def test_a_description_is_json_that_fills_the_whole_record() -> None:
    experiment = Experiment.from_dict(
        {**XOR, "task": {"name": "moons", "points": 50}, "sampling": {"name": "batch", "batch_size": 8}}
    )
    given = json.loads(json.dumps(described(experiment, marks=(2, 5)), allow_nan=False))
    fields, addresses = given["record"]["fields"], given["record"]["addresses"]
    assert fields.keys() | addresses.keys() == set(tables.RECORD.names or ())
    assert addresses.keys() == given["arrays"].keys()
    places = [fields[f"unit_{name}"]["value"] for name in tables.Units._fields]
    assert [module_units()[place - 1].kind for place in places if place] == [
        *("batch_steps", "evaluation", "update", "gather", "gather_anew", "shuffle")
    ]
    assert given["networks"] == BLOCK.networks
    assert given["reading"]["marks"] == 2
