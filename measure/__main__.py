"""Figures and pages made anew, or looked at: what scripts/measure does.

scripts/measure                    takes all figures that are kept anew (hours), then makes all pages
scripts/measure NAME…              makes what these sources have on pages: blocks, pictures, whole pages
scripts/measure NAME [OPTION…]     takes figures; ``--help`` after a name says how
scripts/measure --check [NAME…]    changes nothing: says which pages are stale, and ends with 1 if any is
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import blocks
from measure.doctor_bench import doctors_digest

HERE = Path(__file__).parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Figures that are taken: the module that takes them, and the options that keep them.

    `keeping` has the options of each run; none where figures are only printed, for a page's author to copy.
    """

    module: str
    keeping: tuple[tuple[str, ...], ...] = ()


TAKEN = {
    "benchmarks": Taken(module="benchmarks", keeping=(("--docs",),)),
    "account": Taken(module="account", keeping=(("--docs",),)),
    "plain_runs": Taken(module="plain_runs", keeping=((),)),
    "rates": Taken(module="fidelity", keeping=(("--docs",), ("--docs", "--engine", "reference"))),
    "sides": Taken(module="engines", keeping=(("--docs",),)),
    "intervals": Taken(module="coverage", keeping=(("--docs",),)),
    "doctor": Taken(module="doctor_bench", keeping=((), ("--outcomes",), ("--remedies",), ("--cost",))),
    "peers": Taken(module="doctor_peers", keeping=(("--keep",),)),
    "bits": Taken(
        module="probe_bits",
        keeping=(("--keep", "examples", "measure/doctor_cases/open", "measure/doctor_cases/sealed"),),
    ),
    "overhead": Taken(module="probe_totals", keeping=(("--keep",),)),
    "lab": Taken(module="lab", keeping=(("--pictures",),)),
    "crossover": Taken(module="crossover"),
    "first_answer": Taken(module="first_answer"),
    "learnt": Taken(module="learnt"),
    "limit": Taken(module="limit"),
    "other_processor": Taken(module="other_processor"),
    "port_peaks": Taken(module="port_peaks"),
    "scale": Taken(module="scale"),
    "seeds_ways": Taken(module="seeds_ways"),
    "stored_runs": Taken(module="stored_runs"),
    "sweeps": Taken(module="sweeps"),
    "wasm": Taken(module="wasm"),
}
"""By name, in the order in which all are taken: what reads others' figures comes after them."""


def main(words: Sequence[str] | None = None) -> int:
    """Take figures, make pages, or check them."""
    words = list(sys.argv[1:] if words is None else words)
    if words and words[0] in TAKEN:
        return take(TAKEN[words[0]], words[1:])
    options = _options(words)
    known = blocks.sources()
    for name in options.names:
        if name not in known:
            print(
                f"scripts/measure: {name!r} is nothing that is measured; figures: {', '.join(TAKEN)}; "
                f"pages: {', '.join(known)}",
                file=sys.stderr,
            )
            return 2
    chosen = options.names or known
    if options.check:
        return check(chosen, store=options.store)
    failed: list[str] = []
    if not options.names:
        failed += [name for name, taken in TAKEN.items() for keeping in taken.keeping if take(taken, keeping)]
    for path in blocks.write(blocks.files(blocks.carry_out(chosen, store=options.store))):
        print(f"{path}: written")
    for name in failed:
        print(f"scripts/measure: {name} could not be taken; it says why above", file=sys.stderr)
    return 1 if failed else 0


def take(taken: Taken, options: Sequence[str]) -> int:
    """Take figures in a process of their own, as engines and libraries are told how many threads to use."""
    return subprocess.run([sys.executable, "-m", f"measure.{taken.module}", *options], check=False).returncode


def check(chosen: Sequence[str], *, store: str | None) -> int:
    """Say which pages of these sources are stale, and why."""
    any_stale = False
    for told in _stale(chosen, store):
        any_stale = True
        print(told, flush=True)
    if not any_stale:
        print("No page is stale.")
    return 1 if any_stale else 0


def _stale(chosen: Sequence[str], store: str | None) -> Iterator[str]:
    for name in chosen:
        wanted = blocks.files(blocks.carry_out([name], store=store))
        for path in blocks.stale(wanted, getattr(blocks.load(name), "same", str.__eq__)):
            yield f"{path}: out of date; run scripts/measure {name}"
        for path, text in wanted.items():
            if "**Out of date**" in text:
                yield f"{path}: says what is out of date; run scripts/measure rates --docs, sides --docs"
    if "trust" in chosen:
        today = doctors_digest()
        kept = json.loads((HERE / "trust.json").read_text(encoding="utf-8"))
        for part, option in (("rows", ""), ("outcomes", " --outcomes"), ("remedies", " --remedies")):
            older = sum(row["doctor"] != today for row in kept[part])
            if older:
                yield (
                    f"docs/trust.md: {older} of {len(kept[part])} {part} are of an earlier doctor; "
                    f"run scripts/measure doctor{option}"
                )


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/measure", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of figures: {', '.join(TAKEN)}; of pages: {', '.join(blocks.sources())}",
    )
    parser.add_argument("--check", action="store_true", help="change nothing; fail if a page is stale")
    parser.add_argument("--store", default=".trainlab", help="the folder that keeps finished runs")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())
