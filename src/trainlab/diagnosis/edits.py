"""Edits of the very line to blame, where it is known and simple enough.

An edit reads like a diff: the file and line, then ``-`` for what is there and ``+`` for what ought to be.
"""

from __future__ import annotations

import ast
import io
import linecache
import re
from collections.abc import Callable
from os.path import basename

from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import Op, OptimizerRecord
from trainlab.diagnosis.place import Site, line_of
from trainlab.diagnosis.signals.training import Training

_LAYERS = {
    "softmax": "Softmax",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "ReLU",
    "softplus": "Softplus",
    "relu6": "ReLU6",
    "hardtanh": "Hardtanh",
    "hardsigmoid": "Hardsigmoid",
}
_SQUASHING = frozenset((*_LAYERS, *_LAYERS.values()))


def diff(site: Site, *lines: str) -> str:
    """Return the lines under the place that they belong to."""
    return "\n".join((f"# {line_of(site.file, site.line)}", *lines))


def replaced(site: Site | None, text: str | None) -> str:
    """Return the edit that puts `text` in the place of the line; nothing where that changes nothing.

    Nor of a line that was too long to be kept whole.
    """
    if site is None or not text or text == site.text or site.text.endswith("…"):
        return ""
    return diff(site, f"- {site.text}", f"+ {text}")


def _stepped(training: Training) -> OptimizerRecord | None:
    return max(training.stepped, key=lambda one: one.steps, default=None)


def backward_line(training: Training) -> Site | None:
    """Return the line that calls backward(), if it is known and says so."""
    loss_curve = training.learning.loss_curve
    if loss_curve is None or loss_curve.site is None or "backward" not in loss_curve.site.text:
        return None
    return loss_curve.site


def setting(name: str, value: Callable[[float], float]) -> Callable[[Finding, Training], str]:
    """Return a function that edits one number in the line that makes the optimizer."""

    def edit(finding: Finding, training: Training) -> str:
        optimizer = _stepped(training)
        return with_number(None if optimizer is None else optimizer.site, name, value)

    return edit


def with_number(site: Site | None, name: str, value: Callable[[float], float]) -> str:
    """Edit the one number that a line gives by this name."""
    match = re.search(rf"\b{name}\s*=\s*([0-9][0-9.eE+-]*)(?=\s*[,)])", site.text if site is not None else "")
    if site is None or match is None:
        return ""
    start, end = match.span(1)
    return replaced(site, f"{site.text[:start]}{value(float(match[1])):g}{site.text[end:]}")


def behind_the_loop(site: Site | None) -> str:
    """Move a call from the end of the loop that it stands in to behind it, if that stands in another loop."""
    loops = _loops(site)
    if site is None or len(loops) < 2:
        return ""
    outer, inner = loops[-2:]
    call = _call_in(inner, site)
    if call is None or inner not in outer.body or len(inner.body) < 2:
        return ""
    behind = f"+ {_margin(inner, outer)}{site.text}  # once the loop in line {inner.lineno} is done"
    out = f"- {_margin(call, outer)}{site.text}"
    if inner.end_lineno == site.line:
        return diff(site, out, behind)
    return "\n".join((diff(site, out), *_after(site, inner.body[-1], outer, behind)))


def into_the_loop(site: Site | None) -> str:
    """Move a call that follows a loop, in another loop, to that loop's end."""
    loops = _loops(site)
    call = _call_in(loops[-1], site) if site is not None and loops else None
    if site is None or call is None:
        return ""
    outer = loops[-1]
    earlier = [one for one in outer.body if isinstance(one, ast.For) and one.lineno < site.line]
    if not earlier:
        return ""
    last = earlier[-1].body[-1]
    hunk = _after(site, last, outer, f"+ {_margin(last, outer)}{site.text}")
    return "\n".join((*hunk, diff(site, f"- {_margin(call, outer)}{site.text}")))


def _loops(site: Site | None) -> list[ast.For | ast.While]:
    """Return the loops that a line stands in, the innermost last."""
    tree = parsed("".join(_lines(site))) if site is not None else None
    if site is None or tree is None:
        return []
    loops = [one for one in ast.walk(tree) if isinstance(one, ast.For | ast.While)]
    around = [one for one in loops if one.lineno < site.line <= (one.end_lineno or 0)]
    return sorted(around, key=lambda one: one.lineno)


def _call_in(loop: ast.For | ast.While, site: Site) -> ast.stmt | None:
    """Return the statement of a loop's body that is this line, and a call alone."""
    calls = [one for one in loop.body if isinstance(one, ast.Expr) and one.lineno == site.line]
    return calls[0] if calls and calls[0].end_lineno == site.line else None


def _margin(statement: ast.stmt, outer: ast.stmt) -> str:
    """Return spaces: a statement is written as far from the outer loop as it stands in the script."""
    return " " * (statement.col_offset - outer.col_offset)


def _after(site: Site, statement: ast.stmt, outer: ast.stmt, added: str) -> tuple[str, str, str]:
    """Return the hunk that adds a line behind a statement's last."""
    end = statement.end_lineno or statement.lineno
    text = _lines(site)[end - 1].rstrip()
    return f"# {line_of(site.file, end)}", f"  {text[outer.col_offset :]}", added


# Whether an edit can be made: the script has the lines that it takes out, and compiles with it to another.


_HEADING = re.compile(r"# (.+?)(?:, line |:)(\d+)$")


def holds(edit: str) -> bool:
    """Whether a script compiles with an edit, to something else than without; of other code nothing is known.

    Nor is it where the script's text isn't known, or isn't Python alone, as a notebook's may be.
    """
    for file, mine in _hunks(edit).items():
        first = next((one[2:].strip() for _, lines in mine for one in lines if one[0] != "+"), "")
        text = _lines(Site(file, mine[0][0], "", first))
        before = parsed("".join(text))
        if not text or before is None:
            continue
        after = _with_hunks(text, mine)
        made = None if after is None else parsed("".join(after))
        if made is None or ast.dump(made) == ast.dump(before):
            return False
    return True


def edited(text: str, edit: str, *, file: str) -> str | None:
    """Return a file's text with an edit; None if that isn't one of this file alone, or can't be made."""
    hunks = _hunks(edit)
    if hunks.keys() != {file}:
        return None
    lines = _with_hunks(io.StringIO(text).readlines(), hunks[file])
    return None if lines is None else "".join(lines)


def _hunks(edit: str) -> dict[str, list[tuple[int, list[str]]]]:
    """Return an edit's hunks by file: the number of the first line, and the lines; none of other code."""
    found: dict[str, list[tuple[int, list[str]]]] = {}
    hunk: list[str] | None = None
    for line in edit.splitlines():
        heading = _HEADING.match(line)
        if heading is not None:
            hunk = []
            found.setdefault(heading[1], []).append((int(heading[2]), hunk))
        elif hunk is None or line[:2] not in ("- ", "+ ", "  "):
            return {}
        else:
            hunk.append(line)
    return {file: sorted(hunks) for file, hunks in found.items()}


def _with_hunks(text: list[str], hunks: list[tuple[int, list[str]]]) -> list[str] | None:
    """Return the lines with the hunks put in; None where they aren't as a hunk says."""
    done = list(text)
    for start, hunk in reversed(hunks):
        place, new = start - 1, list[str]()
        if place >= len(text):
            return None
        margin = _indent(text[place]) - _indent(next((one[2:] for one in hunk if one[0] != "+"), ""))
        for line in hunk:
            said = line[2:]
            if line[0] == "+":
                new.append(f"{' ' * (margin + _indent(said))}{said.strip()}\n")
                continue
            there = done[place] if place < len(done) else ""
            if " ".join(there.split()) != " ".join(said.split()):
                return None
            new += [there if there.endswith("\n") else f"{there}\n"] if line[0] == " " else []
            place += 1
        done[start - 1 : place] = new
    return done


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def parsed(text: str) -> ast.AST | None:
    """Return the tree of a line that is whole, else None."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def splice(text: str, node: ast.expr, new: str) -> str | None:
    """Return the line with a part of it replaced; columns of `ast` count bytes."""
    if node.end_col_offset is None or node.lineno != 1 or node.end_lineno != 1:
        return None
    raw = text.encode()
    return (raw[: node.col_offset] + new.encode() + raw[node.end_col_offset :]).decode()


def without_activation(finding: Finding, training: Training) -> str:
    """Leave out the one call of softmax, sigmoid… on the line of the finding's place.

    Where that line only calls the network, the layer is left out where it is made.
    """
    if finding.place.kind != "activation":
        return ""
    for op in _squashing_ops(training):
        site = op.site
        if site is not None and finding.place.is_at(site):
            return replaced(site, _unwrapped(site.text)) or _unstacked(site, op)
    return ""


def _unstacked(site: Site, op: Op) -> str:
    kind = _LAYERS.get(op.name.rstrip("_"), "")
    last = op.module.rpartition(".")[2]
    place = int(last) if last.isdecimal() else None
    found = line_without(site, kind, place) if op.module and kind else None
    if found is None:
        return ""
    number, before, after = found
    return "\n".join([f"# {line_of(site.file, number)}", f"- {before}", *([f"+ {after}"] if after else [])])


def _squashing_ops(training: Training) -> list[Op]:
    """Return the squashing operations that were seen in graphs."""
    return [
        node.op
        for graph in training.record.graphs
        for node in graph.nodes
        if node.op is not None and node.op.name.rstrip("_") in _SQUASHING
    ]


def _unwrapped(text: str) -> str | None:
    tree = parsed(text if not text.endswith(":") else "") or ast.Module([], [])
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called_name(node).rstrip("_") in _SQUASHING
    ]
    if len(calls) != 1:
        return None
    call = calls[0]
    inner: ast.expr | None = None
    if called_name(call) in _LAYERS.values():
        # A layer made where it is called, ``nn.Softmax(dim=1)(x)``: both calls go.
        made = call
        call = next((one for one in ast.walk(tree) if isinstance(one, ast.Call) and one.func is made), made)
        inner = call.args[0] if call is not made and call.args else None
    elif isinstance(call.func, ast.Attribute) and _is_tensor_method(call):
        inner = call.func.value
    elif call.args:
        inner = call.args[0]
    part = ast.get_source_segment(text, inner) if inner is not None else None
    return splice(text, call, part) if part is not None else None


def _is_tensor_method(call: ast.Call) -> bool:
    """Whether the call is ``x.softmax(1)``, and not ``F.softmax(x, 1)`` or ``self.sigmoid(x)``."""
    return not call.args or isinstance(call.args[0], ast.Constant)


def line_without(site: Site, kind: str, place: int | None = None) -> tuple[int, str, str] | None:
    """Return number and text of the line with a layer of a kind in the site's file, and without it.

    The new line is empty if there was nothing else on it. None where the file isn't known, or makes no such
    layer in a ``Sequential(…)``; of several it is the one that stands there in this place, counted from 0.
    """
    lines = _lines(site)
    tree = parsed("".join(lines))
    if tree is None:
        return None
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    made = [one for one in calls if called_name(one) == kind]
    stacks = [one.args for one in calls if called_name(one) == "Sequential"]
    if len(made) > 1 and place is not None:
        # After a star no place is known.
        known = [args[: place + 1] for args in stacks if not any(isinstance(a, ast.Starred) for a in args)]
        made = [args[place] for args in known if len(args) > place and args[place] in made]
    if len(made) != 1 or not any(made[0] in args for args in stacks):
        return None
    layer = made[0]
    if layer.end_col_offset is None or layer.end_lineno != layer.lineno:
        return None
    # The columns of `ast` count bytes.
    raw = lines[layer.lineno - 1].encode()
    before, after = (part.decode() for part in (raw[: layer.col_offset], raw[layer.end_col_offset :]))
    left = re.sub(r",\s*$", "", before) if "," in before else before
    right = after if left != before else re.sub(r"^\s*,\s*", "", after)
    return layer.lineno, lines[layer.lineno - 1].strip(), f"{left}{right}".strip()


def _lines(site: Site) -> list[str]:
    """Return the lines of the file, whose folder a site doesn't have, as Python read them for the site."""
    known = [linecache.getlines(path) for path in list(linecache.cache) if basename(path) == site.file]
    here = slice(site.line - 1, site.line)
    same = [lines for lines in known if " ".join("".join(lines[here]).split()) == " ".join(site.text.split())]
    return same[0] if len(same) == 1 else []


def called_name(call: ast.Call) -> str:
    """Return ``Linear`` of ``nn.Linear(…)`` and of ``Linear(…)``."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
