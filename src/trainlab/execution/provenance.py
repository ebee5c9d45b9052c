"""How runs are trained and where they are kept; and where results come from: engines, versions, machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from trainlab.engine import by_engine
from trainlab.engine.choose import choose
from trainlab.execution.ray_cluster import cluster_size
from trainlab.execution.workers import default_workers
from trainlab.plain import pick
from trainlab.spec import Custom, Experiment

if TYPE_CHECKING:
    from trainlab.store import Store

# Settings that go through many functions, handed on as one.


@dataclass(frozen=True, kw_only=True, slots=True)
class RunSettings:
    """The options that `trainlab.study` and all other public functions that train have under these names."""

    engine: str = "auto"
    store: Store | str | os.PathLike[str] | None = None
    workers: int | None = None
    on: str | None = None
    fresh: bool = False
    on_progress: Callable[..., None] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The same by name, as the public functions take them."""
        return {name: getattr(self, name) for name in RunSettings.__slots__}

    def opened(self) -> AbstractContextManager[Store | None]:
        """Return the store for a ``with``: opened, unless there is none, or it is open, and stays so."""
        from trainlab.store import Store

        if self.store is None or isinstance(self.store, Store):
            return nullcontext(self.store)
        return Store.open(self.store)

    def training(self, **others: Any) -> dict[str, Any]:
        """Return all but `fresh`, as `train_all` takes them, with `others` in their place."""
        return {name: value for name, value in self.options.items() if name != "fresh"} | others


# How a result was made, which goes with it.


PACKAGES = {"fast": "llvmlite", "reference": "torch", "torch": "torch", "torch-cuda": "torch"}
"""The package that an engine computes with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """How a result was made: enough to make it again.

    `seconds` is the time of this call, loading stored runs included.
    """

    engine: str
    engine_reason: str
    first_seed: int
    seeds: int
    workers: int
    versions: dict[str, str]
    machine: str
    seconds: float
    trained_steps: int
    trained_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return what another run would have in common, then the times."""
        return {
            **pick(self, "engine engine_reason first_seed seeds versions"),
            "time": pick(self, "workers machine seconds trained_steps trained_seconds"),
        }


def provenance_of(
    settings: RunSettings,
    experiments: Iterable[Experiment],
    *,
    seeds: int,
    seconds: float,
    trained_steps: int,
    trained_seconds: float,
) -> Provenance:
    """Return how experiments were trained on that many seeds, by an engine or by those chosen for them.

    What was trained `on` a cluster names it; if all was stored, no cluster was asked.
    """
    groups = by_engine(settings.engine, experiments)
    reasons = "asked for"
    if settings.engine == "auto":
        largest = [max(group, key=lambda each: each.network.parameters) for group in groups.values()]
        reasons = "; ".join(choose(each).reason.rstrip(".") for each in largest)
    cluster = cluster_size() if settings.on is not None else None
    return Provenance(
        engine=" and ".join(groups),
        engine_reason=reasons,
        first_seed=0,
        seeds=seeds,
        workers=settings.workers or (default_workers() if cluster is None else cluster.processors),
        versions=versions(groups, compiled=_compiles(groups)),
        machine=machine() if cluster is None else f"{machine()}; {cluster}",
        seconds=seconds,
        trained_steps=trained_steps,
        trained_seconds=trained_seconds,
    )


def machine() -> str:
    """Return what the machine is."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"


def _compiles(groups: dict[str, list[Experiment]]) -> bool:
    """Return whether the fast engine had numba compile a loss of the user's own."""
    return any(isinstance(each.loss, Custom) for each in groups.get("fast", []))


def versions(engines: Iterable[str], *, compiled: bool = False) -> dict[str, str]:
    """Return the versions of what computed the result; numba's, too, if it compiled a part."""
    used = [PACKAGES[name] for name in engines if name in PACKAGES] + ["numba"] * compiled
    found = {"python": platform.python_version()}
    for name in ("trainlab", "numpy", "scipy", *dict.fromkeys(used)):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found
