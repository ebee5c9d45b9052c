"""The names that users import, and that importing them costs next to nothing."""

import subprocess
import sys

import pytest

import trainlab
from trainlab import studies

NAMES = [
    "Budget",
    "Change",
    "Experiment",
    "MapResult",
    "Network",
    "Population",
    "RaceResult",
    "Study",
    "StudyResult",
    "TrainlabError",
    "arrays",
    "budget",
    "custom_loss",
    "diagnosis_html",
    "doctor",
    "load_study",
    "map_html",
    "map_plane",
    "population",
    "race",
    "race_html",
    "run",
    "study",
    "study_html",
    "watch",
]


def test_the_package_exports_these_names():
    assert trainlab.__all__ == NAMES == sorted(NAMES)
    assert dir(trainlab) == sorted([*NAMES, "__version__"])


@pytest.mark.parametrize("name", NAMES)
def test_each_name_loads(name: str):
    value = getattr(trainlab, name)
    assert callable(value)
    assert value.__module__.startswith("trainlab.")
    assert getattr(trainlab, name) is value


def test_star_import_gives_them_all():
    names: dict[str, object] = {}
    exec("from trainlab import *", names)
    assert set(NAMES) <= set(names)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'trainlab' has no attribute 'stuty'"):
        trainlab.stuty  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, trainlab\n"
        "heavy = {'torch', 'numba', 'scipy', 'rich', 'numpy', 'msgspec', 'cyclopts', 'sqlite3'}\n"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_studies_room_exports_these_names():
    assert studies.__all__ == [
        "Cause",
        "Causes",
        "CellResult",
        "Effect",
        "Interaction",
        "MapResult",
        "RaceCandidate",
        "RaceProgress",
        "RaceResult",
        "RaceRound",
        "StudyResult",
        "Verdict",
        "WhyFailed",
        "effect_picture",
        "map_picture",
        "map_plane",
        "race",
        "race_picture",
        "rate_picture",
        "run",
        "study",
    ]
    assert all(hasattr(studies, name) for name in studies.__all__)
