"""The blocks of the pages, and the command that makes them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from measure import blocks, populations
from measure.__main__ import TAKEN, main
from measure.blocks import ROOT

OPENING = re.compile(r"^<!-- \w+: \w+ -->$", re.MULTILINE)
END = re.compile(r"^<!-- end -->$", re.MULTILINE)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the pages, in the place of the real ones."""
    shutil.copy(ROOT / "README.md", tmp_path)
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    monkeypatch.setattr(blocks, "ROOT", tmp_path)
    return tmp_path


def test_every_block_is_made_and_used():
    used = blocks.used(blocks.pages().values())
    assert {"fields", "assignment", "maps"} <= used.keys()
    for source, names in used.items():
        assert names == sorted(maker.__name__ for maker in blocks.load(source).BLOCKS), source


def test_every_source_is_on_a_page():
    for path in (ROOT / "measure").glob("*.py"):
        if re.search(r"^BLOCKS\b", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert path.stem in blocks.sources()


def test_every_block_ends():
    for path, text in blocks.pages().items():
        assert len(blocks.BLOCK.findall(text)) == len(OPENING.findall(text)) == len(END.findall(text)), path


def test_a_block_without_a_maker_is_an_error():
    with pytest.raises(KeyError, match="nonsense"):
        blocks.render("<!-- fields: nonsense -->\n<!-- end -->", {"fields": None})


def test_blocks_of_other_sources_stay():
    page = "<!-- fields: breadth -->\nold\n<!-- end -->\n<!-- maps: points -->\nold\n<!-- end -->\n"
    made = blocks.render(page, {"fields": None})
    assert made.startswith("<!-- fields: breadth -->\n|  | names |")
    assert made.endswith("\n<!-- maps: points -->\nold\n<!-- end -->\n")


def test_check_says_which_page_is_out_of_date_and_changes_nothing(
    copy: Path, capsys: pytest.CaptureFixture[str]
):
    page = copy / "docs" / "study_file.md"
    right = page.read_text(encoding="utf-8")
    wrong = right.replace("| `sgd` |", "| `sdg` |")
    assert wrong != right
    page.write_text(wrong, encoding="utf-8")

    assert main(["--check", "fields"]) == 1
    assert capsys.readouterr().out == "docs/study_file.md: out of date; run scripts/measure fields\n"
    assert page.read_text(encoding="utf-8") == wrong

    assert main(["fields"]) == 0
    assert capsys.readouterr().out == "docs/study_file.md: written\n"
    assert page.read_text(encoding="utf-8") == right

    assert main(["--check", "fields"]) == 0
    assert capsys.readouterr().out == "No page is stale.\n"


def test_a_picture_that_is_missing_is_out_of_date(copy: Path):
    picture = blocks.PICTURES / "map-1-solved.svg"
    wanted = {picture: (copy / picture).read_text(encoding="utf-8")}
    assert blocks.stale(wanted) == []
    (copy / picture).unlink()
    assert blocks.stale(wanted) == [picture]


def test_an_unknown_source_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert main(["nonsense"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "scripts/measure: 'nonsense' is nothing that is measured; figures: benchmarks, account"
    )
    assert "; pages: assignment, benchmarks_page, chain_rule, coverage" in line


def test_whatever_a_page_says_to_measure_is_known():
    known = {*TAKEN, *blocks.sources()}
    assert not {*TAKEN} & {*blocks.sources()}
    for path, text in blocks.pages().items():
        assert set(re.findall(r"scripts/measure\s+(\w+)", text)) <= known, path
    for name, taken in TAKEN.items():
        assert "def main(" in (ROOT / "measure" / f"{taken.module}.py").read_text(encoding="utf-8"), name


def test_a_few_runs_of_another_processor_are_no_news():
    row = "| Model 1:none | no cause | {} of 10, | x |\n"
    page = "".join(row.format(k).replace("1:none", f"1:{k}") for k in range(10))
    page += "<!-- populations: checks -->7 of 10<!-- end -->"
    assert populations.same(page, page.replace("| 7 of 10", "| 5 of 10"))
    assert not populations.same(page, page.replace("| 7 of 10", "| 4 of 10"))
    assert populations.same(page, page.replace(">7 of", ">6 of"))
    assert not populations.same(page, page.replace(">7 of", ">7 in"))
