"""What every page is made of: the document, its answer and sections, folds, tables and words, all escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.draw import Picture, css
from trainlab.draw.svg import escape
from trainlab.page.files import page_script, page_style, security_policy

BRIEF = 9
"""Letters of a term that is short."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Front:
    """What a page says first: the answer in plain words, its picture beside it, and what else is short.

    `say`, `show` and `more` are HTML. On a phone the picture comes right after the answer.
    """

    say: str
    show: str = ""
    more: str = ""


def page(
    title: str,
    front: Front,
    parts: Sequence[tuple[str, str, str]],
    *,
    question: str = "",
    aside: str = "",
    style: str = "",
) -> str:
    """Return a page: its title, the answer at first sight, links, and its parts; all pages have this order.

    Args:
        title: the heading, text.
        front: the answer.
        parts: id, heading (text) and body (HTML) of each section; those with an empty body are left out.
        question: what was asked, text.
        aside: what it rests on, in a few words, text.
        style: rules of this page's own.
    """
    links = "".join(f'<li><a href="#{name}">{escape(words)}</a></li>' for name, words, body in parts if body)
    head = (
        f"<header>\n<h1>{escape(title)}</h1>\n"
        + (paragraph(question, kind="asked") if question else "")
        + (paragraph(aside, kind="muted") if aside else "")
    )
    answer = "".join(
        f'<div class="{name}">{body}</div>\n'
        for name, body in (("say", front.say), ("show", front.show), ("more", front.more))
        if body
    )
    alone = "" if front.show else " alone"
    return document(
        title,
        "\n".join(
            [
                f"{head}</header>",
                f'<section id="answer" aria-label="Answer" class="front{alone}">\n{answer}</section>',
                f'<nav aria-label="Contents"><ul>{links}</ul></nav>' if links else "",
                *(section(name, words, body) for name, words, body in parts),
            ]
        ),
        style=style,
    )


def document(title: str, body: str, *, style: str = "") -> str:
    """Return the whole HTML file; `title` is text, `body` is HTML, `style` are rules of this page's own.

    It asks nothing of any other address, and its policy forbids that it could.
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{security_policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css()}{page_style()}{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n<script>{page_script()}</script>\n</body>\n</html>\n"
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


def terms(pairs: Sequence[tuple[str, str | Sequence[str]]]) -> str:
    """Return a list of terms, each with the text that explains it, or with several."""
    listed = [(term, [words] if isinstance(words, str) else words) for term, words in pairs]
    return terms_html([(term, [escape(text) for text in words]) for term, words in listed])


def terms_html(pairs: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return a list of terms whose explanations are HTML already; brief terms stay beside them on a phone."""
    brief = ' class="brief"' if all(len(term) <= BRIEF for term, _ in pairs) else ""
    rows = "".join(
        f"<dt>{escape(term)}</dt>{''.join(f'<dd>{words}</dd>' for words in explained)}"
        for term, explained in pairs
    )
    return f"<dl{brief}>{rows}</dl>\n" if pairs else ""


def code(script: str) -> str:
    """Return code as it is; it scrolls, also by keyboard."""
    return f'<pre tabindex="0"><code>{escape(script)}</code></pre>'
