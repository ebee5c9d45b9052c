"""All that a verdict may say, read from the sources: a result shows a part, and users may see the rest."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from golden.copies import Case, Sections
from golden.views import ROOT

FOLDER = ROOT / "src" / "trainlab" / "studies" / "verdicts"
WORDS = 2
"""Texts with fewer words are names, as of a topic."""


def sentences() -> Sections:
    """Return the texts in the files that judge, in order, with ``{…}`` for what is computed."""
    return {
        path.stem: "".join(f"{text}\n" for text in _texts(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sorted(FOLDER.glob("[a-z]*.py"))
    }


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        text = _text(node)
        if text is None:
            yield from _texts(node)
        else:
            if len(text.split()) >= WORDS:
                yield text
            if isinstance(node, ast.JoinedStr):
                for part in node.values:
                    yield from _texts(part)


def _text(node: ast.AST) -> str | None:
    """Return a text as it is written; None if this is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "{…}" for part in node.values)
    return None


CASES = {"sentences_of_verdicts": Case(make=sentences, file="sentences_of_verdicts.txt")}
