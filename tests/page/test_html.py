"""Text becomes HTML by being escaped, and nothing else calls text HTML."""

from __future__ import annotations

import re
from pathlib import Path

import trainlab
from trainlab.draw.svg import escape
from trainlab.page.document import NOTHING, join_html, joined, notebook, tag, text_list

ROOT = Path(trainlab.__file__).parent
TRUSTED = {
    "draw/picture.py",
    "draw/svg.py",
    "draw/table.py",
    "page/document.py",
}
"""Files that write HTML by hand; elsewhere it is put together of what these return."""


def test_elements() -> None:
    words = tag("p", escape("a < b"), tag("b", escape("&")), class_="x", aria_label='"quoted"', id="")
    assert words == '<p class="x" aria-label="&quot;quoted&quot;">a &lt; b<b>&amp;</b></p>'
    assert tag("ul") == "<ul></ul>"
    assert joined(escape("<"), NOTHING, escape(">")) == "&lt;&gt;"
    assert join_html([tag("i"), tag("i")], escape(" & ")) == "<i></i> &amp; <i></i>"


def test_a_notebook_escapes_its_title_and_texts() -> None:
    shown = notebook("<title>", text_list(["<b>", "c"]), text_list([]))
    assert shown.startswith("<style>")
    assert shown.endswith("<h3>&lt;title&gt;</h3><ul><li>&lt;b&gt;</li><li>c</li></ul>")


def test_only_a_few_files_call_text_html() -> None:
    calling = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if re.search(r"\bHtml\(|[\"']Html[\"']", path.read_text(encoding="utf-8"))
    }
    assert calling <= TRUSTED
    assert calling
