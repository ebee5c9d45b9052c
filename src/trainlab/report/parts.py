"""What every page is made of: the document, sections, folds, tables and words, all escaped."""

from __future__ import annotations

from trainlab.draw import Picture, css
from trainlab.draw.svg import escape

_STYLE = """\
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--tl-bg);color:var(--tl-text);font:16px/1.5 system-ui,-apple-system,'Segoe UI',\
Roboto,'Helvetica Neue',Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
main{max-width:1140px;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .5rem}
h2{font-size:1.3rem;margin:2.5rem 0 .75rem;padding-top:.75rem;border-top:1px solid var(--tl-grid)}
h3{font-size:1.05rem;margin:1.5rem 0 .5rem}
p,li,dd{max-width:75ch}
p{margin:.5rem 0}
a{color:var(--tl-s1)}
.question{font-size:1.15rem}
.muted{color:var(--tl-muted)}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:0}
.verdicts{list-style:none;padding:0;margin:0}
.verdicts>li{margin:0 0 1rem;padding-left:.9rem;border-left:4px solid var(--tl-neutral)}
.verdicts>.upheld{border-left-color:var(--tl-good)}
.verdicts>.refuted{border-left-color:var(--tl-bad);border-left-style:double}
.verdicts>.mixed{border-left-style:dashed}
.verdicts p{margin:.1rem 0}
.mark{font-weight:600;white-space:nowrap}
.upheld .mark{color:var(--tl-good)}
.refuted .mark{color:var(--tl-bad)}
.mixed .mark{color:var(--tl-neutral)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:0 2rem}
.pair>*{min-width:0;margin-bottom:1rem}
.small{grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr))}
details{margin:.5rem 0}
summary{cursor:pointer;padding:.15rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.75rem 0}
dt{font-weight:600}
dd{margin:0;min-width:0}
pre{overflow-x:auto;padding:.75rem;border:1px solid var(--tl-grid);\
font:13px/1.45 ui-monospace,Menlo,Consolas,monospace}
code{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:.85em}
.tl-table{font-size:.9rem}
.tl-table th,.tl-table td{white-space:nowrap}
@media print{.tl-table th,.tl-table td{white-space:normal;overflow-wrap:anywhere}}
@media(max-width:480px){dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}h1{font-size:1.4rem}}
@media print{body{font-size:10.5pt}main{max-width:none;padding:0}nav{display:none}\
h2,h3{break-after:avoid}.verdicts>li{break-inside:avoid}pre{white-space:pre-wrap}\
details.printed::details-content{content-visibility:visible;block-size:auto}}
"""


def document(title: str, body: str, *, style: str = "") -> str:
    """Return the whole HTML file; `title` is text, `body` is HTML, `style` are rules of this page's own."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css()}{_STYLE}{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def section(name: str, title: str, body: str) -> str:
    """Return a section with its heading, or nothing if `body` is empty; `name` is its id."""
    if not body:
        return ""
    head = f'<h2 id="{name}-h">{escape(title)}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-h">\n{head}\n{body}\n</section>'


def heading(words: str) -> str:
    """Return a heading within a section."""
    return f"<h3>{escape(words)}</h3>\n"


def fold(summary: str, body: str, *, printed: bool = False) -> str:
    """Return what a reader can open; `printed` ones are open on paper."""
    kind = ' class="printed"' if printed else ""
    return f"<details{kind}><summary>{escape(summary)}</summary>\n{body}\n</details>\n"


def paragraph(words: str, *, kind: str = "") -> str:
    """Return a paragraph of text."""
    attribute = f' class="{kind}"' if kind else ""
    return f"<p{attribute}>{escape(words)}</p>\n"


def picture(drawn: Picture) -> str:
    """Return a picture with its text equivalent and its numbers."""
    return drawn._repr_html_() + "\n"  # pyright: ignore[reportPrivateUsage]


def side_by_side(blocks: list[str], *, small: bool = False) -> str:
    """Return blocks next to each other where there is room: two in a row, or three `small` ones."""
    kind = "pair small" if small else "pair"
    return (
        f'<div class="{kind}">{"".join(f"<div>{block}</div>" for block in blocks)}</div>\n' if blocks else ""
    )


def terms(pairs: list[tuple[str, str]]) -> str:
    """Return a list of terms, each with the text that explains it."""
    return (
        f"<dl>{''.join(f'<dt>{escape(term)}</dt><dd>{escape(words)}</dd>' for term, words in pairs)}</dl>\n"
    )


def code(script: str) -> str:
    """Return code as it is; it scrolls, also by keyboard."""
    return f'<pre tabindex="0"><code>{escape(script)}</code></pre>'
