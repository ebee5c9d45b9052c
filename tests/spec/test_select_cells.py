"""Which cells the words of `only` name."""

import pytest
from studies.made_up import TINY, study_of

from trainlab import run, study
from trainlab.errors import SpecError
from trainlab.spec import Study, select_cells

STUDY = study_of("A", "B", networks=("2-3-1", "2-2-1"))
ALL = [cell.name for cell in STUDY.cells()]


def names(*only: str) -> list[str]:
    return [cell.name for cell in select_cells(STUDY, only)]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ((), ALL),
        (("Net 1",), ["Net 1:none", "Net 1:A", "Net 1:B", "Net 1:A+B"]),
        (("Net 2:A+B",), ["Net 2:A+B"]),
        (("Net 2:B+A",), ["Net 2:A+B"]),
        (("Net 2:A",), ["Net 2:A"]),
        (("Net 1:none",), ["Net 1:none"]),
        (("Net 1:",), ["Net 1:none"]),
        ((":A+B",), ["Net 1:A+B", "Net 2:A+B"]),
        ((":none",), ["Net 1:none", "Net 2:none"]),
        (("Net 2:A", "Net 1:B"), ["Net 1:B", "Net 2:A"]),
        (("Net 1:A", "Net 1:A"), ["Net 1:A"]),
        (("Net 2", ":none"), ["Net 1:none", "Net 2:none", "Net 2:A", "Net 2:B", "Net 2:A+B"]),
    ],
)
def test_words(only: tuple[str, ...], expected: list[str]):
    assert names(*only) == expected


def test_every_cell_is_found_by_its_own_name():
    for name in ALL:
        assert names(name) == [name]


def test_a_single_word_need_not_be_in_a_list():
    assert [cell.name for cell in select_cells(STUDY, "Net 2:A")] == ["Net 2:A"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (
            "Net1:A",
            "network 'Net1': the study has no such network; it has 'Net 1' or 'Net 2'. Did you mean 'Net 1'?",
        ),
        ("Net 1:C", "change 'C': the study has no such change; it has 'A' or 'B'."),
        ("Net 1:a", "change 'a': the study has no such change; it has 'A' or 'B'. Did you mean 'A'?"),
        ("Net 1:A+", "change '': the study has no such change"),
        ("Net 1:A+none", "change 'none': the study has no such change"),
        (
            "A",
            "network 'A': these are changes; with the first network they are ':A', with another one "
            "'Net 2:A'.",
        ),
        ("A+B", "network 'A+B': these are changes; with the first network they are ':A+B'"),
        ("A+C", "network 'A+C': the study has no such network"),
        ("", "network '': the study has no such network"),
    ],
)
def test_unknown_names(word: str, message: str):
    with pytest.raises(SpecError) as caught:
        names("Net 1", word)
    assert str(caught.value).startswith(message)


def test_an_unknown_name_stops_a_study_before_it_trains():
    with pytest.raises(SpecError, match="no such network"):
        study(STUDY, only=["Nett"], engine="no such engine")


@pytest.mark.parametrize("seeds", [0, -3, 2.5, "5", True, 10_000_001])
def test_seeds_are_checked_before_anything_trains(seeds):
    with pytest.raises(SpecError, match="seeds"):
        study(STUDY, seeds=seeds, engine="no such engine")
    with pytest.raises(SpecError, match="seeds"):
        run(TINY, seeds=seeds, engine="no such engine")


def test_a_study_without_networks_names_its_cells_by_widths():
    assert [cell.name for cell in select_cells(Study(baseline=TINY), ["2-3-1"])] == ["2-3-1:none"]
