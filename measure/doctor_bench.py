"""Is the doctor to be trusted? Its verdicts on scripts whose faults are known, and on healthy ones.

Every script of the case sets (`measure/doctor_cases`, `examples/`, and folders of the same form that are
given) is run under the doctor, and so is the mended copy of each faulty one: some 10 minutes on a core.
Results are kept in measure/trust.json after each, so it can be stopped and run again; what an earlier doctor
said is measured anew. `--outcomes` asks whether doctor, watch, seeds and --try judge the same runs alike
(`doctor_outcomes`), `--remedies` whether the remedies that reports print help (`doctor_remedies`), `--cost`
what the doctor adds to a script's time and memory. `scripts/measure trust` makes the page of what is
kept.

    scripts/measure doctor [--outcomes | --remedies | --cost] [--cases NAME=FOLDER…] [--only SET…] [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from measure import doctor_liftable, doctor_outcomes, doctor_remedies
from measure.blocks import machine
from measure.doctor_runs import ROOT, Case, all_cases, cost, judged, row
from measure.doctor_score import alarms, by_set, calibration, overhead
from trainlab.draw import terminal_table
from trainlab.engine.source_digest import source_digest
from trainlab.stats import Rate

KEPT = Path(__file__).with_name("trust.json")
QUICK = 8
_ORDER = ("set", "fault", "kind", "key")
HEADS = ("set", "found", "first", "placed", "healthy accused", "mended accused")


def main(words: Sequence[str] | None = None) -> int:
    """Measure what isn't kept yet, and print what all comes to."""
    options = _options(words)
    with tempfile.TemporaryDirectory() as folder:
        made = doctor_liftable.cases(Path(folder)) if options.remedies else ()
        known = (*all_cases(options.cases), *made)
        chosen = [case for case in known if not options.only or case.of in options.only]
        if options.quick:
            chosen = chosen[:: max(1, len(chosen) // QUICK)]
        kept = read(options.kept)
        for found in _measured(chosen, kept, options):
            _keep(options, found)
        keys = {case.key for case in chosen}
    print(file=sys.stderr)
    show(kept, keys)
    return 0


def _measured(
    chosen: Sequence[Case], kept: dict[str, Any], options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Measure what is asked for, and yield all that is kept after each case."""
    if options.outcomes:
        return _outcomes(chosen, kept, again=options.again)
    if options.remedies:
        return _remedies(chosen, kept, again=options.again)
    return _costs(chosen, kept) if options.cost else _verdicts(chosen, kept, again=options.again)


def _verdicts(chosen: Sequence[Case], kept: dict[str, Any], *, again: bool) -> Iterator[dict[str, Any]]:
    """Judge what this doctor hasn't judged yet, and yield all that is kept after each."""
    rows, doctor = {row["key"]: row for row in kept.get("rows", [])}, doctors_digest()
    left = [case for case in chosen if again or rows.get(case.key, {}).get("doctor") != doctor]
    for number, (case, report) in enumerate(judged(left), start=1):
        rows[case.key] = {**row(case, report), "doctor": doctor}
        kept["rows"] = sorted(rows.values(), key=lambda row: [row[name] for name in _ORDER])
        yield _noted(kept, number, len(left))


def _remedies(chosen: Sequence[Case], kept: dict[str, Any], *, again: bool) -> Iterator[dict[str, Any]]:
    """Ask of what this doctor prints, a mended script apart, whether it helps."""
    rows, doctor = {row["key"]: row for row in kept.get("remedies", [])}, doctors_digest()
    left = [case for case in chosen if again or rows.get(case.key, {}).get("doctor") != doctor]
    left = [case for case in left if case.kind != "mended"]
    runner = doctor_remedies.Scripts()
    for number, case in enumerate(left, start=1):
        rows[case.key] = {**doctor_remedies.measured(case, runner), "doctor": doctor}
        kept["remedies"] = sorted(
            rows.values(), key=lambda row: [row[name] for name in ("set", "fault", "key")]
        )
        yield _noted(kept, number, len(left))


def _costs(chosen: Sequence[Case], kept: dict[str, Any]) -> Iterator[dict[str, Any]]:
    known = {row["key"] for row in kept.setdefault("cost", [])}
    left = [case for case in chosen if case.kind != "mended" and case.key not in known]
    for number, case in enumerate(left, start=1):
        kept["cost"].append(cost(case))
        yield _noted(kept, number, len(left))


def _outcomes(chosen: Sequence[Case], kept: dict[str, Any], *, again: bool) -> Iterator[dict[str, Any]]:
    """Let all judge the runs that weren't judged by this doctor, and yield all that is kept after each."""
    rows, doctor = {row["key"]: row for row in kept.get("outcomes", [])}, doctors_digest()
    asked = [case for case in chosen if case.kind != "mended"]
    left = [case for case in asked if again or rows.get(case.key, {}).get("doctor") != doctor]
    for number, case in enumerate(left, start=1):
        rows[case.key] = doctor_outcomes.measured(case) | {"doctor": doctor}
        kept["outcomes"] = sorted(rows.values(), key=lambda row: (row["set"], row["name"], row["key"]))
        yield _noted(kept, number, len(left))


def _noted(kept: dict[str, Any], number: int, of: int) -> dict[str, Any]:
    print(f"\r{number} of {of} ", end="", file=sys.stderr, flush=True)
    kept["machine"] = machine()
    return kept


def _keep(options: argparse.Namespace, found: dict[str, Any]) -> None:
    if not options.quick:
        write(options.kept, found)


def doctors_digest() -> str:
    """Return a digest of all that a verdict depends on."""
    return source_digest(sorted((ROOT / "src" / "trainlab" / "diagnosis").rglob("*.py")))


def read(path: Path) -> dict[str, Any]:
    """Return what is kept; nothing if there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(path: Path, found: dict[str, Any]) -> None:
    """Keep what was found, a case a line."""
    parts: list[str] = []
    for name, value in found.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in cast("list[Any]", value))
            text = f"[\n{lines}\n]"
        parts.append(f"{json.dumps(name)}: {text}")
    path.write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


def show(kept: dict[str, Any], keys: Collection[str]) -> None:
    """Print of these cases the scores by set, the calibration, what isn't judged alike, and the cost."""
    from rich.console import Console

    console = Console(width=120)
    rows = [row for row in kept.get("rows", []) if row["key"] in keys]
    scores = [
        (score.name, *map(_words, (score.found, score.first, score.placed, score.healthy, score.mended)))
        for score in by_set(rows)
    ]
    if rows:
        console.print(terminal_table(HEADS, scores, title="Right and wrong, with Wilson's 95 % intervals"))
        bins = [
            (f"{each.low:g} to {each.high:g}", f"{each.said:.2f}", str(each.right))
            for each in calibration(rows)
        ]
        console.print(terminal_table(("confidence", "on average", "right"), bins, title="Confidence"))
        named = ", ".join(f"{name} {count}" for name, count in alarms(rows).items())
        print(
            f"Named without a fault: {named or 'none'}; no answer: {sum(not row['answered'] for row in rows)}"
        )
    if outcomes := [row for row in kept.get("outcomes", []) if row["key"] in keys]:
        doctor_outcomes.show(outcomes)
    if remedies := [row for row in kept.get("remedies", []) if row["key"] in keys]:
        doctor_remedies.show(remedies)
    if added := overhead(row for row in kept.get("cost", []) if row["key"] in keys):
        print(
            f"{added['scripts']} scripts: {added['plain_cpu']:.1f} s of processor time by themselves, "
            f"{added['more_cpu']:+.1f} s with the doctor (medians), {added['times']:.2f} times in all; "
            f"peak memory {added['more_mb']:+.0f} MB (median); {added['same']} print the same"
        )


def _words(value: Rate | None) -> str:
    return "" if value is None else f"{value.k} of {value.n} ({100 * value.low:.0f}–{100 * value.high:.0f} %)"


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/measure doctor",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help=f"about {QUICK} cases, and nothing is kept")
    parser.add_argument("--again", action="store_true", help="measure all anew")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--outcomes", action="store_true", help="instead, who judges the same run otherwise")
    what.add_argument("--remedies", action="store_true", help="instead, how many of its remedies help")
    what.add_argument("--cost", action="store_true", help="instead, what the doctor adds to time and memory")
    parser.add_argument("--only", nargs="+", metavar="SET", help="only these sets")
    parser.add_argument(
        "--cases",
        nargs="+",
        default=[],
        type=_named,
        metavar="NAME=FOLDER",
        help="other sets, with labels.jsonl",
    )
    parser.add_argument(
        "--kept", type=Path, default=KEPT, help="the file of kept results (measure/trust.json)"
    )
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
