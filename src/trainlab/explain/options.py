"""What all five questions share: options, one rule for each, and the sections that are told.

Each check returns its value, and raises ExplainError with one line: argument, value, what is allowed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeGuard, TypeVar, cast

from trainlab.engine import ENGINES
from trainlab.errors import EngineError, ExplainError, listing, nearest, shown, whole_number
from trainlab.explain.module_copy import is_module
from trainlab.explain.populations import OnProgress, Populations
from trainlab.interrupt import one_call
from trainlab.page.section import Section
from trainlab.plain import plain
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
    return whole_number(value, least=least, most=most, said=f"{name} = {shown(value)}:", error=ExplainError)


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


def check_source(source: object, *, modules: bool = False) -> Source:
    """Return what is, or names, an experiment or a study; `modules` says that a torch module is fine, too."""
    if is_source(source):
        return source
    kinds = "an Experiment, a Study, the name of a file or of an example"
    if is_module(source):
        raise ExplainError(
            f"source: is a {type(source).__name__}; explain.init and explain.chain_rule take a "
            f"torch.nn.Module, this question doesn't: give {kinds}."
        )
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


# The sections of an explanation, declared once a question: what each is called, and what makes it.
#
# A section is made of `Evidence`, an object of the question's own that computes what several sections share
# when it is first asked for. So a section alone needs nothing that only others are made of.


OnSection = Callable[[Section], None]
Evidence = TypeVar("Evidence", contravariant=True)


def _no_numbers(_evidence: object) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Part(Generic[Evidence]):
    """A section by its name: what makes it, or says why there is nothing to show; and its numbers."""

    name: str
    section: Callable[[Evidence], Section | str]
    numbers: Callable[[Evidence], dict[str, Any]] = _no_numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The sections that were made, in order, with their numbers; `whole` says that none was left out."""

    names: frozenset[str]
    whole: bool
    sections: tuple[Section, ...]
    numbers: dict[str, Any]

    def has(self, *names: str) -> bool:
        """Return whether one of these parts is among those told."""
        return not self.names.isdisjoint(names)


def check_parts(declared: Sequence[Part[Any]], given: object, *, option: str = "parts =") -> tuple[str, ...]:
    """Return the names of the parts asked for; none stands for all of them.

    Raises:
        ExplainError: one is unknown; `option` is how it was given.
    """
    known = [part.name for part in declared]
    names = listed("parts", given, example=repr(known[0]))
    for name in names:
        if name not in known:
            raise ExplainError(
                f"{option} {shown(name)}: must be {listing(known)}.{nearest(str(name), known)}"
            )
    return names


def tell_parts(
    declared: Sequence[Part[Evidence]],
    names: Sequence[str],
    evidence: Evidence,
    on_section: OnSection | None,
) -> Told:
    """Make the parts that are named, all if none is, and hand each section over as soon as it is ready.

    A part with nothing to show says why if it was named, and is left out of the whole.
    """
    chosen = [part for part in declared if not names or part.name in names]
    sections: list[Section] = []
    numbers: dict[str, Any] = {}
    with one_call():
        for part in chosen:
            section = part.section(evidence)
            if isinstance(section, str) and names:
                heading = part.name.replace("-", " ").capitalize()
                section = Section(name=part.name, heading=heading, text=(f"Nothing to show: {section}",))
            if not isinstance(section, str):
                sections.append(section)
                if on_section is not None:
                    on_section(section)
            numbers |= part.numbers(evidence)
    return Told(
        names=frozenset(part.name for part in chosen),
        whole=not names,
        sections=tuple(sections),
        numbers=plain(numbers),
    )


def with_note(section: Section, note: str) -> Section:
    """Return the section with a note that ends its text, unless it is empty."""
    return replace(section, text=(*section.text, note)) if note else section
