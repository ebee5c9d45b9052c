"""The names that users import, and that importing them costs next to nothing."""

import subprocess
import sys

import pytest

import trainlab
from trainlab import studies
from trainlab.errors import lacking

NAMES = [
    "Budget",
    "Change",
    "EndingsResult",
    "Experiment",
    "MapResult",
    "Network",
    "Population",
    "RaceResult",
    "Report",
    "SeedsResult",
    "SmallestResult",
    "SpikeResult",
    "Study",
    "StudyResult",
    "TrainlabError",
    "Verdict",
    "arrays",
    "budget",
    "custom_loss",
    "diagnosis_html",
    "doctor",
    "endings",
    "explanation_html",
    "lab",
    "load_study",
    "map_html",
    "map_plane",
    "population",
    "race",
    "race_html",
    "run",
    "seeds",
    "seeds_html",
    "smallest_budget",
    "smallest_html",
    "spike",
    "spike_html",
    "study",
    "study_html",
    "watch",
]


def test_the_package_exports_these_names():
    assert trainlab.__all__ == NAMES == sorted(NAMES)
    assert dir(trainlab) == sorted([*NAMES, "__version__", "explain"])


@pytest.mark.parametrize("name", NAMES)
def test_each_name_loads(name: str):
    value = getattr(trainlab, name)
    assert callable(value)
    assert value.__module__.startswith("trainlab.")
    assert getattr(trainlab, name) is value


@pytest.mark.process
def test_no_package_hides_a_name():
    """A package of a function's name would take its place once it is imported."""
    code = (
        "import pkgutil, trainlab\n"
        "rooms = {room.name for room in pkgutil.iter_modules(trainlab.__path__)}\n"
        "print(sorted(rooms & set(trainlab.__all__)))\n"
        "import trainlab.diagnosis.seeds\n"
        "print(trainlab.seeds.__name__, type(trainlab.seeds).__name__, trainlab.explain.neuron.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "seeds function neuron"]


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("trainlab.doctor(print)", "doctor"),
        ("trainlab.seeds(print)", "seeds"),
        ("trainlab.seeds('a.py')", "seeds"),
        ("trainlab.watch().start()", "watch"),
        ("trainlab.population(print, inputs=[0], targets=[0], loss=print)", "population"),
    ],
)
def test_without_torch_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, call: str, what: str):
    monkeypatch.setitem(sys.modules, "torch", None)
    # What listens imports torch as it is imported: as in a process that hasn't heard of it.
    monkeypatch.delitem(sys.modules, "trainlab.diagnosis.probe.probe", raising=False)
    with pytest.raises(trainlab.TrainlabError) as raised:
        eval(call)
    assert str(raised.value) == lacking(what, "PyTorch", extra="torch")


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
        "heavy = {'torch', 'llvmlite', 'scipy', 'rich', 'numpy', 'msgspec', 'cyclopts', 'sqlite3'}\n"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_studies_room_exports_these_names():
    assert studies.__all__ == [
        "BudgetJudged",
        "BudgetProgress",
        "Cause",
        "Causes",
        "CellResult",
        "Effect",
        "EndingsResult",
        "Interaction",
        "MapResult",
        "RaceCandidate",
        "RaceProgress",
        "RaceResult",
        "RaceRound",
        "SeedsNeeded",
        "SmallestResult",
        "SpikeResult",
        "StudyResult",
        "UntilWidth",
        "Verdict",
        "WhyFailed",
        "effect_picture",
        "endings",
        "map_picture",
        "map_plane",
        "race",
        "race_picture",
        "rate_picture",
        "run",
        "seeds_needed",
        "smallest_budget",
        "smallest_picture",
        "spike",
        "study",
    ]
    assert all(hasattr(studies, name) for name in studies.__all__)
