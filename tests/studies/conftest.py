import pytest
from studies.made_up import TINY

from trainlab import Change, Study, StudyResult, study


@pytest.fixture(scope="session")
def small() -> Study:
    """Three changes of a tiny network, two of which leave its initial weights and its epochs as they are."""
    return Study(
        baseline=TINY,
        title="A small study",
        changes=(
            Change.from_dict("A", {"loss": "l1"}),
            Change.from_dict("C", {"network": {"activation": "sigmoid"}}),
            Change.from_dict("D", {"epochs": 60}),
        ),
        seeds=24,
    )


@pytest.fixture(scope="session")
def trained(small: Study) -> StudyResult:
    return study(small, workers=1)
