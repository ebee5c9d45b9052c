"""What the doctor knows, as Markdown made from its own tables: faults, what explains what, and signals."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from pathlib import Path

from measure import blocks
from measure.blocks import cell, table
from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.faults import all_faults, families
from trainlab.diagnosis.script.plan import Plan
from trainlab.diagnosis.script.runner import run_script
from trainlab.diagnosis.signals.baselines import AGREE, CHOICES, LEVEL, TABLE, TELLING, K
from trainlab.diagnosis.signals.learnt import BEHIND, FEW, FLAWLESS, HALF, LEARNT, ROWS, STUCK
from trainlab.diagnosis.signals.table import SIGNALS
from trainlab.page.sketch import Sketch


def index() -> str:
    """All faults by family, one per line."""
    lines = [f"{len(all_faults())} faults:", ""]
    for family, faults in families().items():
        lines += [f"- **{family}**", *(f"  - [`{one.name}`](#{one.name}): {one.title}" for one in faults)]
    return "\n".join(lines)


def outcomes() -> str:
    """The outcomes of a training."""
    rows = [
        (
            "stuck",
            f"the last losses are above {STUCK:.0%} of that of the best constant answer, unless, of classes, "
            f"mistakes are at most {FLAWLESS:.0%} of the commonest class's, or, of a table of measured "
            f"features, a line sees a signal (F-test, p < {LEVEL:g}), the network has at least {HALF:.0%} of "
            "what it makes of it, and nothing shows that more is possible: that is poor",
        ),
        (
            "learnt",
            f"the loss is at most {LEARNT:.0%} of that of the best constant answer; or, of classes, mistakes "
            f"are at most {LEARNT:.0%} of the commonest class's; or it is as good as the data are seen to "
            f"allow: in accuracy or R² at most {BEHIND:g} behind the better of {K} nearest neighbours and a "
            f"linear fit, where these agree to {AGREE:g} and are better than chance by {TELLING:g}. Of a "
            f"table as XOR's, at most {TABLE} rows of features with at most {CHOICES} values, and two "
            "answers, each row has to be answered right",
        ),
        (
            "poor",
            f"between stuck and learnt; or more than {BEHIND:g} behind its {K} nearest neighbours, over at "
            f"least {ROWS} rows. It counts as a failure where it is known that the data allow more: by the "
            "neighbours, by the two that agree, or of a table; else as neither",
        ),
        ("diverged", "a loss isn't finite, or ends at 10 times both its start and the best constant answer"),
        (
            "unknown",
            f"fewer than {FEW} steps, targets made in the step itself, or networks that train against each "
            "other",
        ),
    ]
    return table(("outcome", "if"), [(name, words.replace("%", " %")) for name, words in rows])


def sections() -> str:
    """A section for each fault, under its family."""
    parts: list[str] = []
    for family, faults in families().items():
        parts += [f"## {family}", *(_section(fault) for fault in faults)]
    return "\n\n".join(parts)


def explained() -> str:
    """Which fault explains which, and why."""
    rows = [
        (_link(cause.name), ", ".join(map(_link, one.symptoms)), one.why)
        for cause in all_faults().values()
        for one in cause.explains
    ]
    return table(("cause", "explains", "because"), rows)


def signals() -> str:
    """The signals with their formulas."""
    readers = {
        one.name: [fault for fault in all_faults().values() if one.name in fault.signals] for one in SIGNALS
    }
    rows = [
        (one.name, cell(one.formula), f"`{one.home}`", ", ".join(map(_page_link, readers[one.name])))
        for one in SIGNALS
    ]
    return table(("signal", "formula", "computed in", "rules that read it"), rows)


def pictures(_: object) -> dict[str, str]:
    """Return the picture of docs/doctor.md: what the example's optimizer has, in counts that never change."""
    script = blocks.ROOT / "examples" / "silent_network.py"
    report = run_script(Plan(script=str(script), steps=60), output_to_stderr=True)
    return {"doctor-layers.svg": Sketch(report["findings"][0]["picture"]).drawn().svg + "\n"}


BLOCKS: tuple[Callable[[], str], ...] = (index, outcomes, sections, explained, signals)


def _section(fault: Fault) -> str:
    lines = [
        f"### {fault.name}",
        "",
        f"*{fault.title[:1].upper()}{fault.title[1:]}.* {fault.what}",
        "",
        f"- **Found if:** {_sentence(fault.rule)}",
        f"- **Source:** {_sentence(fault.source)}",
        f"- **Silent if** {fault.silence}",
        *([f"- **To blame, by structure, if** {fault.proof}"] if fault.proven else []),
        f"- **Remedy:** {_sentence(fault.remedy)}",
    ]
    topic, constants = fault.judge.__module__.rpartition(".")[2], _constants(fault)
    if constants:
        lines.append(f"- **Constants** of `faults/{topic}.py`: {constants}")
    if fault.see:
        lines.append(f"- **More:** {', '.join(f'[{_heading(page)}]({page}.md)' for page in fault.see)}")
    return "\n".join(lines)


def _heading(page: str) -> str:
    """Return the title of a page of docs/."""
    return (blocks.ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")


def _constants(fault: Fault) -> str:
    """Return the thresholds of a fault's section; names that begin with ``_`` aren't any."""
    topic = sys.modules[fault.judge.__module__]
    read: set[str] = set()
    for node in ast.parse(Path(str(topic.__file__)).read_text(encoding="utf-8")).body:
        read |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        ended = vars(topic).get(ast.unparse(node.targets[0])) if isinstance(node, ast.Assign) else None
        if ended is fault:
            break
        read = set() if isinstance(ended, Fault) else read
    known = {name: one for name, one in vars(topic).items() if name in read and name.isupper()}
    numbers = {name: one for name, one in known.items() if name[0] != "_" and isinstance(one, int | float)}
    return ", ".join(f"`{name} = {value:g}`" for name, value in numbers.items())


def _sentence(words: str) -> str:
    return words if words.endswith((".", ")", "?")) else f"{words}."


def _link(name: str) -> str:
    return f"[`{name}`](#{name})"


def _page_link(fault: Fault) -> str:
    return f"[`{fault.name}`](faults.md#{fault.name})"
