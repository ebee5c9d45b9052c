"""Edits of the script's own lines, each run before it is printed.

The script's text with an edit runs from its start in a process that can't harm anybody (`replay.harmless`),
to its end or as far as there is time, beside a run without. An edit with which the script fails isn't told,
nor one that changes neither a loss nor a word of what the script prints. Of another it is told how far both
came: that is one run each, and proves no more.
"""

from __future__ import annotations

import sys
import tokenize
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from trainlab.diagnosis.edits import edited
from trainlab.diagnosis.faults import all_faults, remedies_for
from trainlab.diagnosis.remedies.replayed import FEWEST, LEAST
from trainlab.diagnosis.remedies.trial import set_after
from trainlab.diagnosis.remedies.trying import Tell
from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.process_pool import ProcessPool, Ran
from trainlab.draw import counted, format_number

MOST = 2
"""Edits that are run: those of the first causes."""
IN_TURN, WHOLE = 2.0, 10.0
"""Seconds of a script up to which its runs come one after the other, and up to which they go to its end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """What came of a run with an edit, beside one without, of `steps` steps each.

    `error` is what the script fails of with the edit. `changes` is false where all that is seen of the run is
    what it was. `words` say where both runs end, as far as that can be compared.
    """

    steps: int
    error: str = ""
    changes: bool = True
    words: str = ""


def with_edits_run(report: dict[str, Any], plan: Plan, *, tell: Tell) -> dict[str, Any]:
    """Return a report without the edits that mend nothing, and with what others came to.

    Where the script can't run harmlessly, or takes too long, its edits stay as they are. `tell` shows that
    something is run.
    """
    found = _edits(report, plan)
    if not found:
        return report
    tell(0.0, "running the script with the edit, some seconds")
    try:
        told = _run(report, plan, found)
    except KeyboardInterrupt:
        return report  # it is whole; Ctrl-C ends only what nobody asked for
    findings = [_with(one, told[one["fault"]]) if one["fault"] in told else one for one in report["findings"]]
    return report | {"findings": findings}


def _edits(report: dict[str, Any], plan: Plan) -> dict[str, str]:
    """Return the script's text with the edit of each of the first causes, by fault."""
    ended, script = report["ended"], Path(plan.script)
    whole = ended.get("how") in ("end", "exit") and not ended.get("code")
    if sys.platform != "linux" or script.suffix != ".py" or not whole or report.get("judged"):
        return {}
    try:
        with tokenize.open(script) as file:  # in the encoding that its first lines say
            text = file.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return {}  # it is gone meanwhile, or was never read by Python
    causes = [one for one in report["findings"] if not one["consequence_of"]]
    found = {
        one["fault"]: made
        for one in causes[:MOST]
        if (made := edited(text, one["remedy"]["code"], file=script.name)) is not None
    }
    return found and {"": text} | found


def _run(report: dict[str, Any], plan: Plan, found: dict[str, str]) -> dict[str, Edited]:
    """Run the texts; return what each edit came to, as far as that is known."""
    seconds, total = report["card"]["seconds"], report["card"]["steps"]
    steps = total if seconds <= WHOLE else min(total, max(FEWEST, int(total * WHOLE / seconds)))
    # Of a run that is to reach its end nothing is cut off, as evaluations after the last step.
    # A seed, so that chance is the same with and without.
    asked = replace(plan, steps=0 if steps == total else steps, seed=1, extras=None, keepers=())
    plans = {fault: replace(asked, text=text) for fault, text in found.items()}
    pool = ProcessPool(workers=1 if seconds < IN_TURN else 2, limit=LEAST)
    ran: dict[str, Ran] = {}
    with set_after(2 * LEAST) as stop, closing(pool.carry_out(plans.values(), stop)) as runs:
        for one in runs:
            ran |= {fault: one for fault, asked in plans.items() if asked is one.plan}
    unchanged = ran.pop("", None)
    if unchanged is None or _failed_of(unchanged) is not None:
        return {}
    findings = {one["fault"]: one for one in report["findings"]}
    return {
        fault: came_to
        for fault, one in ran.items()
        if (came_to := _came_to(findings[fault], unchanged, one, steps=steps, whole=steps == total))
        is not None
    }


def _failed_of(ran: Ran) -> str | None:
    """Return what a run failed of, "" where it can't be told; None if it didn't."""
    if ran.report is None:
        return ""
    ended = ran.report["ended"]
    if ended.get("refused") or ended["how"] == "killed":
        return ""
    if ended["how"] == "error" or ended.get("code"):
        return ended.get("message") or f"exit code {ended['code']}"
    return None


def _came_to(finding: dict[str, Any], unchanged: Ran, ran: Ran, *, steps: int, whole: bool) -> Edited | None:
    failed = _failed_of(ran)
    if failed is not None:
        return Edited(steps=steps, error=failed) if failed else None
    assert ran.report is not None
    assert unchanged.report is not None
    before, after = unchanged.report["outcome"], ran.report["outcome"]
    same = before["curve"] == after["curve"] and unchanged.printed == ran.printed
    # What changes an evaluation alone may show in a file, or in a log.
    same = same and not all_faults()[finding["fault"]].not_to_blame
    words = _words(finding, before, after, steps=steps, whole=whole)
    return Edited(steps=steps, changes=not (whole and same), words=words)


def _words(
    finding: dict[str, Any], before: dict[str, Any], after: dict[str, Any], *, steps: int, whole: bool
) -> str:
    """Say where both runs end: by accuracy or R², or by the loss if it measures the same with the edit."""
    remedies = remedies_for(finding)
    for name, label in (("reached", after["reached_as"]), ("last_loss", "loss")):
        comparable = (
            before["reached_as"] == label if name == "reached" else all(one.same_loss for one in remedies)
        )
        if comparable and None not in (before[name], after[name]):
            of = "" if whole else f"the first {counted(steps, 'step')}, "
            ends = f"{label} {format_number(after[name])}, without it {format_number(before[name])}"
            return f"{ends} ({of}one run each)"
    return ""


def _with(finding: dict[str, Any], edit: Edited) -> dict[str, Any]:
    """Return a finding with what its edit came to; without the edit, if that is of no use."""
    remedy = finding["remedy"]
    useless = edit.error or not edit.changes
    code = "" if useless else remedy["code"]
    return finding | {"remedy": remedy | {"code": code, "run": asdict(edit)}}
