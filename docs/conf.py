"""How Sphinx builds the site: scripts/docs runs it, docs/decisions/0009-site.md says why it is done so.

The source folder is the root of the repository, so that a link means the same on the site as in the
repository, and README is the first page.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.ext.napoleon.docstring import GoogleDocstring

import trainlab
from trainlab.draw import css

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

NAVIGATION = {
    "": ("Home <self>", "docs/tutorial", "docs/assignment", "docs/ledger"),
    "The five questions": (
        "docs/neuron",
        "docs/learning_rate",
        "docs/init",
        "docs/loss",
        "docs/chain_rule",
        "docs/questions",
    ),
    "Guides": (
        "docs/lab",
        "docs/doctor",
        "docs/seeds",
        "docs/callbacks",
        "docs/own_data",
        "docs/stored_runs",
        "docs/race",
        "docs/map",
        "docs/endings",
        "docs/unlearning",
        "docs/python",
        "docs/scale",
    ),
    "Reference": (
        "docs/faults",
        "docs/signals",
        "docs/trust",
        "docs/study_file",
        "docs/api",
        "docs/json",
        "docs/exit_codes",
        "docs/benchmarks",
        "docs/account",
        "docs/fidelity",
        "docs/coverage",
        "docs/stability",
    ),
    "The project": ("docs/architecture", "CONTRIBUTING", "CHANGELOG"),
    "Decisions": ("docs/decisions/*",),
}
"""The side bar: headings and pages. A missing page is an error, and so is a page that isn't listed here."""

project = "trainlab"
version = release = trainlab.__version__
root_doc = "README"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/**"]
# Don't walk into what is large and holds no pages: environments, stores, the site itself.
exclude_patterns = [path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "docs"]

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 4
highlight_language = "none"
smartquotes = False  # "--check" in a sentence is no dash
default_role = "literal"  # docstrings write `name`
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 90

html_theme = "furo"
html_title = "trainlab"
html_copy_source = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
html_show_sphinx = False
html_static_path = ["site.css"]
html_css_files = ["palette.css", "site.css"]


def add_navigation(app: Sphinx, name: str, source: list[str]) -> None:
    """Append the side bar to README, where a reader of the repository would see only its markup."""
    if name == root_doc:
        for caption, pages in NAVIGATION.items():
            options = (":hidden:", ":glob:", *([f":caption: {caption}"] if caption else []))
            lines = ("```{toctree}", *options, "", *pages, "```")
            source[0] += "\n" + "\n".join(lines) + "\n"


def read_sections(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Read a docstring's "Raises:". The extension itself takes "What: why" of a property for a type."""
    lines[:] = GoogleDocstring(lines).lines()


def inline_pictures(app: Sphinx, tree: nodes.document, name: str) -> None:
    """Put SVG pictures into the page: so they follow its light or dark theme, and are read out."""
    for image in list(tree.findall(nodes.image)):
        path = ROOT / image["uri"]
        if path.suffix == ".svg" and path.exists():  # Sphinx has said it of one that isn't there
            svg = path.read_text(encoding="utf-8")
            image.replace_self(nodes.raw("", f'<div class="picture">{svg}</div>', format="html"))


def write_palette(app: Sphinx) -> None:
    """Give the site the colours of reports: those of trainlab.draw."""
    folder = Path(app.outdir) / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "palette.css").write_text(css(), encoding="utf-8")


def lead_to_first_page(app: Sphinx, error: Exception | None) -> None:
    """Write index.html, where a browser or server begins; README is the first page."""
    if error is None:
        to = f"{root_doc}.html"
        (Path(app.outdir) / "index.html").write_text(
            f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{project}</title>\n'
            f'<meta http-equiv="refresh" content="0; url={to}"><a href="{to}">{project}</a></html>\n',
            encoding="utf-8",
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the above to Sphinx."""
    app.connect("builder-inited", write_palette)
    app.connect("source-read", add_navigation)
    app.connect("autodoc-process-docstring", read_sections)
    app.connect("doctree-resolved", inline_pictures)
    app.connect("build-finished", lead_to_first_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
