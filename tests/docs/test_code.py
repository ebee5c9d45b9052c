"""The code on the pages runs, and prints what stands there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from docs.pages import ROOT, console_examples, is_like
from sybil.document import Document
from sybil.example import Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from trainlab.cli.main import main

QUESTIONS = ("neuron", "learning_rate", "init", "loss", "chain_rule")
GUIDES = (
    "assignment",
    "callbacks",
    "doctor",
    "endings",
    "map",
    "own_data",
    "python",
    "race",
    "seeds",
    "tutorial",
    "unlearning",
)
PAGES = ["README.md", *(f"docs/{name}.md" for name in (*GUIDES, *QUESTIONS))]


@pytest.mark.pages
@pytest.mark.usefixtures("forking")
@pytest.mark.parametrize("page", PAGES)
def test_the_page_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")

    def run_console(example: Example) -> str | None:
        for arguments, wanted in console_examples(example.parsed):
            capfd.readouterr()
            with pytest.raises(SystemExit) as stopped:
                main(arguments)
            out, err = capfd.readouterr()
            failed = stopped.value.code not in ((0, 1) if arguments[0] == "doctor" else (0, None))
            if failed or not is_like(wanted, out):
                return f"trainlab {' '.join(arguments)}: exit {stopped.value.code}\n{err}{out}"
        return None

    parsers = (PythonCodeBlockParser(), CodeBlockParser(language="console", evaluator=run_console))
    examples = list(Document.parse(str(ROOT / page), *parsers))
    assert len(examples) > 2
    for example in examples:
        example.evaluate()


def test_a_wrong_output_is_seen():
    assert is_like("a\n...\nz\n", "a\nb\nc\nz\n")
    assert is_like("a.\n...\nz.\n...\n", "a.\nz.\nb\n")
    assert is_like("a ...c\n\n", "a b c\n   \n")
    assert not is_like("a\n...\nz\n", "a\nb\nc\n")
    assert not is_like("a\n...\nz\n", "a\nbz\n")
    assert not is_like("44\n", "45\n")


def test_a_console_block_is_cut_into_commands():
    block = "$ trainlab study 'a b.toml'\nx\ny\n$ trainlab show\n"
    assert console_examples(block) == [(["study", "a b.toml"], "x\ny\n"), (["show"], "")]


def test_links_between_pages_lead_somewhere():
    import re

    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_the_race_table_on_its_page_can_be_read_and_raced():
    import re

    from trainlab.spec import study_from_toml
    from trainlab.studies.candidates import study_field

    (table,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "race.md").read_text(encoding="utf-8"), re.S)
    example = (ROOT / "examples" / "xor44.toml").read_text(encoding="utf-8")
    field = study_field(study_from_toml(f"{example}\n{table}"), ":A+B+E")
    assert len(field.candidates) == 18
