"""HTML made of HTML, and the parts of every page: document, answer, sections, folds, notebook cells."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from trainlab.draw import INSIDE, Picture, css
from trainlab.draw.svg import Html, escape

# HTML made of HTML: text gets in only through `escape`, as the type `Html` makes sure.


NOTHING = Html("")
SPACE = Html(" ")
BREAK = Html("<br>")
LINE = Html("\n")
"""Between blocks, so that the source of a page can be read."""


def tag(name: str, /, *inside: Html, **attributes: str) -> Html:
    """Return an element; attributes are escaped here and empty ones left out, ``_`` in their names is ``-``.

    A name that Python keeps for itself ends with ``_``: ``class_``.
    """
    return Html(f"{empty_tag(name, **attributes)}{''.join(inside)}</{name}>")


def empty_tag(name: str, /, **attributes: str) -> Html:
    """Return an element that never has anything inside, as an ``input``; attributes are as in `tag`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return Html(f"<{name}{written}>")


def joined(*parts: Html) -> Html:
    """Return the parts one after the other."""
    return Html("".join(parts))


def join_html(parts: Iterable[Html], between: Html = NOTHING) -> Html:
    """Return the parts one after the other, with `between` between them."""
    return Html(between.join(parts))


# What all pages share: a style sheet, a script, and the policy that lets nothing else run or be fetched.


@cache
def page_style() -> str:
    """Return the style sheet, without the palette."""
    return _read("page.css")


@cache
def page_script() -> str:
    """Return the script: it sorts and filters tables and says what scrolls. Pages read whole without it."""
    return _read("page.js")


@cache
def security_policy(script: str = "", *, images: str = "data:") -> str:
    """Return the content security policy: no request at all, and no script but this, known by its hash.

    Without a `script`, it is the one that all pages share.
    """
    digest = b64encode(sha256((script or page_script()).encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src {images}; "
        "base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


# The parts of every page: the document, its answer and sections, folds, lists and paragraphs.


BRIEF = 9
"""Letters of a term that is short."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Front:
    """The top of a page: the answer in plain words, its picture beside it, and what else is brief.

    On a phone the picture comes right after the answer.
    """

    say: Html
    show: Html = NOTHING
    more: Html = NOTHING


def page(
    title: str,
    front: Front,
    parts: Sequence[tuple[str, str, Html]],
    *,
    question: str = "",
    aside: str = "",
    notice: Html = NOTHING,
    style: str = "",
) -> Html:
    """Return a page: its title, the answer at first sight, links, and its parts; all pages have this order.

    Args:
        title: the heading.
        front: the answer.
        parts: id, heading and body of each section; those with an empty body are left out.
        question: what was asked.
        aside: what it rests on, in a few words.
        notice: what to know before all else, below the heading.
        style: rules of this page's own.
    """
    parts = [part for part in parts if part[2]]
    head = tag(
        "header",
        tag("h1", escape(title)),
        paragraph(question, kind="asked"),
        paragraph(aside, kind="muted"),
    )
    answer = [
        tag("div", body, class_=name)
        for name, body in (("say", front.say), ("show", front.show), ("more", front.more))
        if body
    ]
    links = [tag("li", tag("a", escape(words), href=f"#{name}")) for name, words, _ in parts]
    kind = "front" if front.show else "front alone"
    blocks = [
        head,
        tag("div", notice, role="status") if notice else NOTHING,
        tag("section", *answer, id="answer", aria_label="Answer", class_=kind) if answer else NOTHING,
        tag("nav", tag("ul", *links), aria_label="Contents") if links else NOTHING,
        *(section(name, words, body) for name, words, body in parts),
    ]
    return document(title, join_html(blocks, LINE), style=style)


def document(title: str, body: Html, *, style: str = "", script: str = "", policy: str = "") -> Html:
    """Return the whole HTML file; `style` are rules of this page's own.

    It asks nothing of any other address, and its policy forbids that it could. A page of a server may instead
    have the `script` at that address, with a `policy` that lets it.
    """
    inline = Html(f"<script>{page_script()}</script>")
    loaded = tag("script", type="module", src=script) if script else inline
    shown = Html(f"<main>\n{body}\n</main>\n{loaded}")
    return _file(title, shown, style=f"{page_style()}{style}", policy=policy or security_policy())


def _file(title: str, body: Html, *, style: str, policy: str) -> Html:
    return Html(
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css()}{style}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def script_document(title: str, script: str, *, style: str, data: Mapping[str, str]) -> Html:
    """Return a file whose `script`, a module, makes the page inside the element ``lab``.

    `data` are texts that it finds by their ids. The policy lets nothing else run, and no request be made.

    Raises:
        ValueError: a text has a ``<``, at which a browser might end it.
    """
    for name, text in data.items():
        if "<" in text:
            raise ValueError(f"{name}: has a '<'; write it in another way, in JSON as \\u003c.")
    blocks = [
        Html(f'<script type="text/plain" id="{escape(name)}">{text}</script>') for name, text in data.items()
    ]
    body = Html(f'<div id="lab"></div>\n{join_html(blocks, LINE)}\n<script type="module">{script}</script>')
    return _file(title, body, style=style, policy=security_policy(script, images="data: blob:"))


def section(name: str, title: str, body: Html) -> Html:
    """Return a section with its heading; `name` is its id."""
    head = tag("h2", escape(title), id=f"{name}-h")
    return tag("section", head, LINE, body, id=name, aria_labelledby=f"{name}-h")


def heading(words: str) -> Html:
    """Return a heading within a section."""
    return joined(tag("h3", escape(words)), LINE)


def fold(summary: str, body: Html, *, printed: bool = False) -> Html:
    """Return a part that a reader can open, if it has a body; `printed` ones are open on paper."""
    if not body:
        return NOTHING
    inside = (tag("summary", escape(summary)), LINE, body)
    return joined(tag("details", *inside, class_="printed" if printed else ""), LINE)


def paragraph(words: str, *, kind: str = "") -> Html:
    """Return a paragraph of text; nothing where there is none."""
    return joined(tag("p", escape(words), class_=kind), LINE) if words else NOTHING


def picture(drawn: Picture | None) -> Html:
    """Return a picture with its text equivalent and its numbers; nothing where there is none."""
    if drawn is None:
        return NOTHING
    return joined(drawn._repr_html_(), LINE)  # pyright: ignore[reportPrivateUsage]


def side_by_side(blocks: Sequence[Html], *, small: bool = False) -> Html:
    """Return blocks next to each other where there is room: two in a row, or three `small` ones."""
    if not blocks:
        return NOTHING
    inside = (tag("div", block) for block in blocks)
    return joined(tag("div", *inside, class_="pair small" if small else "pair"), LINE)


def terms(pairs: Sequence[tuple[str, str | Sequence[str]]]) -> Html:
    """Return a list of terms, each with the text that explains it, or with several."""
    listed = [(term, [words] if isinstance(words, str) else words) for term, words in pairs]
    return terms_html([(term, [escape(text) for text in words]) for term, words in listed])


def terms_html(pairs: Sequence[tuple[str, Sequence[Html]]]) -> Html:
    """Return a list of terms whose explanations are HTML already; brief terms stay beside them on a phone."""
    if not pairs:
        return NOTHING
    rows = [
        element
        for term, explained in pairs
        for element in (tag("dt", escape(term)), *(tag("dd", words) for words in explained))
    ]
    return joined(
        tag("dl", *rows, class_="brief" if all(len(term) <= BRIEF for term, _ in pairs) else ""), LINE
    )


def code(script: str) -> Html:
    """Return code as it is; it scrolls, also by keyboard."""
    return tag("pre", tag("code", escape(script)), tabindex="0")


# How results look in a notebook: a title, what they found, a picture with its numbers.


def notebook(title: str, *parts: Html) -> Html:
    """Return a result for a notebook's cell, with a style that ends with it."""
    return joined(tag("style", Html(css(scope=INSIDE))), tag("h3", escape(title)), *parts)


def style_sheet() -> Html:
    """Return the style of tables and pictures, as an element."""
    return tag("style", Html(css()))


def text_list(words: Iterable[str]) -> Html:
    """Return a list of texts; nothing if there are none."""
    items = [tag("li", escape(text)) for text in words]
    return tag("ul", *items) if items else NOTHING


def drawing(picture: Picture, table: Html) -> Html:
    """Return a picture with a table of its numbers, folded."""
    folded = tag("details", tag("summary", Html("In numbers")), table)
    return tag("figure", picture.svg, folded, class_="tl-figure")
