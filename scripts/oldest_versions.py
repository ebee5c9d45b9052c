"""Print the oldest versions that pyproject.toml promises to users, as a constraints file for pip.

A promise is ``name>=version`` of the package itself or of an extra that users install; what only tests and
pages need is left to pip.
"""

import re
import tomllib
from pathlib import Path

OURS = ("docs", "test", "dev")

project = tomllib.loads(Path(__file__).parent.with_name("pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
asked = [*project["dependencies"]]
for extra, lines in project["optional-dependencies"].items():
    if extra not in OURS:
        asked += [line for line in lines if not line.startswith("trainlab[")]
pins: dict[str, str] = {}
for line in asked:
    promise = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?>=([0-9.]+)", line)
    if promise is None:
        raise SystemExit(
            f"pyproject.toml: {line!r} must be written name>=version, the oldest that is tested."
        )
    name, version = promise.groups()
    if pins.setdefault(name, version) != version:
        raise SystemExit(
            f"pyproject.toml promises {name} from {pins[name]} and from {version}: write one of them."
        )
print("\n".join(f"{name}=={version}" for name, version in pins.items()))
