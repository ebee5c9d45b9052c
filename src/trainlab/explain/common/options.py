"""What may be asked: one rule for each option that several questions share, in Python and for commands.

Each check returns its value, and raises ExplainError with one line: argument, value, what is allowed.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeGuard, cast

from trainlab.engine import ENGINES
from trainlab.errors import EngineError, ExplainError, listing, nearest, shown
from trainlab.explain.common.populations import OnProgress, Populations
from trainlab.spec import Experiment, Study
from trainlab.spec.study import MAX_SEEDS

Source = Experiment | Study | str | os.PathLike[str]

SEEDS: Final = 1000
"""Of each population, unless another number is asked for."""
MOST_SEEDS: Final = 1_000_000
"""Seeds of a population; a question may take fewer, where it says so, and as many fresh ones."""
MOST_WORKERS: Final = 1024


def whole(name: str, value: object, *, least: int, most: int) -> int:
    """Return a whole number from `least` to `most`."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or not least <= number <= most:
        raise ExplainError(f"{name} = {shown(value)}: must be a whole number from {least:,} to {most:,}.")
    return number


def check_seeds(seeds: object) -> int:
    """Return how many seeds a population has."""
    return whole("seeds", seeds, least=1, most=MOST_SEEDS)


def check_seed(seed: object) -> int:
    """Return a single seed."""
    return whole("seed", seed, least=0, most=MAX_SEEDS - 1)


def check_place(
    name: str, value: object, most: int, owner: str = "the data have", things: str = "examples"
) -> int:
    """Return a place counted from 1; `owner` and `things` say of what: "2-5-1 has" so many "layers"."""
    try:
        return whole(name, value, least=1, most=most)
    except ExplainError:
        raise ExplainError(
            f"{name} = {shown(value)}: {owner} {most:,} {things}; give a whole number from 1 to {most:,}."
        ) from None


def check_engine(engine: object) -> str:
    """Return the name of an engine; EngineError if there is none."""
    if not isinstance(engine, str) or engine not in ENGINES:
        raise EngineError(
            f"engine = {shown(engine)}: must be {listing(ENGINES)}.{nearest(str(engine), ENGINES)}"
        )
    return engine


def check_workers(workers: object) -> int | None:
    """Return how many threads or processes; None is all processors."""
    return None if workers is None else whole("workers", workers, least=1, most=MOST_WORKERS)


def check_yes_or_no(name: str, value: object) -> bool:
    """Return True or False."""
    if isinstance(value, bool):
        return value
    raise ExplainError(f"{name} = {shown(value)}: must be True or False.")


def check_cell(cell: object) -> str | None:
    """Return the name of a study's cell; None if none is named. Reading it tells whether there is one."""
    return text("cell", cell, example="Model 1:A+B")


def text(name: str, given: object, *, example: str) -> str | None:
    """Return a text; None if it was left out."""
    if given is None or isinstance(given, str):
        return given
    raise ExplainError(f"{name} = {shown(given)}: must be a text, as in {example!r}.")


def listed(name: str, given: object, *, example: str) -> tuple[Any, ...]:
    """Return a list as a tuple, and a single text as a list of one; none if it was left out."""
    value = cast("Any", given)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Iterable) and not isinstance(value, bytes | Mapping):
        return tuple(cast("Iterable[Any]", value))
    raise ExplainError(f"{name} = {shown(given)}: must be a list, as in [{example}].")


def populations_of(
    *,
    seeds: object,
    engine: object,
    store: object,
    workers: object,
    on_progress: OnProgress | None,
) -> Populations:
    """Return how populations are trained, checked before anything is."""
    if store is not None and not isinstance(store, str | os.PathLike):
        raise ExplainError(f"store = {shown(store)}: must be the name of a folder, or None.")
    return Populations(
        seeds=check_seeds(seeds),
        engine=check_engine(engine),
        store=cast("str | os.PathLike[str] | None", store),
        workers=check_workers(workers),
        on_progress=on_progress,
    )


def is_source(source: object) -> TypeGuard[Source]:
    """Return whether it is, or names, an experiment or a study."""
    return isinstance(source, Experiment | Study | str | os.PathLike)


def check_source(source: object, *, modules: bool = True) -> Source:
    """Return what is, or names, an experiment or a study; `modules` says that a torch module is fine, too."""
    if is_source(source):
        return source
    kinds = "an Experiment, a Study, the name of a file or of an example"
    raise ExplainError(
        f"source: is a {type(source).__name__}; give {kinds}{', or a torch.nn.Module' if modules else ''}."
    )


def only_for_experiments(**options: object) -> None:
    """Refuse options that a torch module has no use for."""
    for name, value in options.items():
        if value is not None:
            raise ExplainError(
                f"{name} = {shown(value)}: is for an experiment; a torch module has its network and batch."
            )


def only_for_modules(**options: object) -> None:
    """Refuse options that an experiment has no use for."""
    for name, value in options.items():
        if value is not None:
            raise ExplainError(f"{name}: is for a torch.nn.Module; an experiment has its own {name}.")
