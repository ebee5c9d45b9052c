"""Is the doctor to be trusted? Its verdicts on scripts whose faults are known, and on healthy ones.

Every script of the case sets (`benchmarks/doctor_cases`, `examples/`, and folders of the same form that are
given) is run twice in a process of its own: by itself, and under `trainlab doctor`; so is the mended copy of
each faulty one. Results are kept in docs/trust.json after each, so it can be stopped and run again; what an
earlier doctor said is measured anew. About 25 minutes on a core. `scripts/docs --figures trust` makes the
page of what is kept.

    scripts/bench --doctor [--cases NAME=FOLDER…] [--only SET…] [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.doctor_runs import by_itself, measured
from benchmarks.doctor_score import alarms, by_set, calibration, overhead
from benchmarks.doctor_sets import ROOT, all_cases
from benchmarks.machine import machine
from trainlab.draw import terminal_table
from trainlab.engine.source_digest import source_digest
from trainlab.stats import Rate

KEPT = ROOT / "docs" / "trust.json"
QUICK = 8
HEADS = ("set", "found", "first", "placed", "healthy accused", "mended accused")


def main(words: Sequence[str] | None = None) -> int:
    """Measure what isn't kept yet, and print what all comes to."""
    options = _options(words)
    chosen = [case for case in all_cases(options.cases) if not options.only or case.of in options.only]
    if options.quick:
        chosen = chosen[:: max(1, len(chosen) // QUICK)]
    kept = read(options.kept) if not options.again else {}
    rows = {row["key"]: row for row in kept.get("rows", [])}
    doctor = doctors_digest()
    left = [case for case in chosen if rows.get(case.key, {}).get("doctor") != doctor]
    for number, case in enumerate(left, start=1):
        print(f"\r{number} of {len(left)} ", end="", file=sys.stderr, flush=True)
        plain = rows.get(case.key, {}).get("plain")
        if plain is None and case.kind != "mended" and not options.no_plain:
            plain = by_itself(case)
        rows[case.key] = {**measured(case, plain), "doctor": doctor}
        if not options.quick:
            write(options.kept, {**kept, "machine": machine(), "rows": in_order(rows.values())})
    print(file=sys.stderr)
    show([rows[case.key] for case in chosen])
    return 0


def doctors_digest() -> str:
    """Return a digest of all that a verdict depends on."""
    return source_digest(sorted((ROOT / "src" / "trainlab" / "diagnosis").rglob("*.py")))


def read(path: Path) -> dict[str, Any]:
    """Return what is kept; nothing if there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(path: Path, found: dict[str, Any]) -> None:
    """Keep what was found, a case a line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in found["rows"])
    rest = json.dumps({k: v for k, v in found.items() if k != "rows"}, ensure_ascii=False, indent=1)
    path.write_text(f'{rest[:-2]},\n "rows": [\n{lines}\n]}}\n', encoding="utf-8")


def in_order(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows by set, and within a set by fault and key."""
    return sorted(rows, key=lambda row: (row["set"], row["fault"], row["kind"], row["key"]))


def show(rows: Sequence[dict[str, Any]]) -> None:
    """Print the scores by set, the calibration and what the doctor costs."""
    from rich.console import Console

    console = Console(width=120)
    scores = [
        (score.name, *map(_words, (score.found, score.first, score.placed, score.healthy, score.mended)))
        for score in by_set(rows)
    ]
    console.print(terminal_table(HEADS, scores, title="Right and wrong, with Wilson's 95 % intervals"))
    bins = [
        (f"{each.low:g} to {each.high:g}", f"{each.said:.2f}", str(each.right)) for each in calibration(rows)
    ]
    console.print(terminal_table(("confidence", "on average", "right"), bins, title="Confidence"))
    if named := alarms(rows):
        print("Named without a fault:", ", ".join(f"{name} {count}" for name, count in named.items()))
    if cost := overhead(rows):
        print(
            f"Processor time of {cost['scripts']} scripts: {cost['plain_cpu']:.1f} s by themselves, "
            f"{cost['more_cpu']:+.1f} s with the doctor (medians), {cost['times']:.2f} times in all; "
            f"peak memory {cost['more_mb']:+.0f} MB (median). {cost['otherwise']} printed something else."
        )
    print(f"No answer: {sum(not row['answered'] for row in rows)}")


def _words(value: Rate | None) -> str:
    return "" if value is None else f"{value.k} of {value.n} ({100 * value.low:.0f}–{100 * value.high:.0f} %)"


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench --doctor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help=f"about {QUICK} cases, and nothing is kept")
    parser.add_argument("--again", action="store_true", help="measure all anew")
    parser.add_argument(
        "--no-plain",
        action="store_true",
        help="don't run scripts by themselves: no figures on time and memory",
    )
    parser.add_argument("--only", nargs="+", metavar="SET", help="only these sets")
    parser.add_argument(
        "--cases",
        nargs="+",
        default=[],
        type=_named,
        metavar="NAME=FOLDER",
        help="other sets, with labels.jsonl",
    )
    parser.add_argument("--kept", type=Path, default=KEPT, help="the file of kept results (docs/trust.json)")
    options = parser.parse_args(words)
    options.cases = dict(options.cases)
    return options


def _named(word: str) -> tuple[str, Path]:
    name, _, folder = word.rpartition("=")
    path = Path(folder)
    if not (path / "labels.jsonl").exists():
        raise argparse.ArgumentTypeError(f"{folder} has no labels.jsonl; give a folder of cases.")
    return name or path.name, path


if __name__ == "__main__":
    sys.exit(main())
