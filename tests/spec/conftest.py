from pathlib import Path

import pytest

from trainlab.spec import Study, read_text, study_from_toml


@pytest.fixture(scope="session")
def xor44_text() -> str:
    return read_text(Path(__file__).parents[2] / "examples" / "xor44.toml")


@pytest.fixture(scope="session")
def xor44(xor44_text: str) -> Study:
    return study_from_toml(xor44_text)
