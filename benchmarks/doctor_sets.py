"""The case sets on which the doctor is measured: scripts with a known fault, healthy and mended ones."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[1]
CASES = ROOT / "benchmarks" / "doctor_cases"
OWN = ("open", "sealed")
EXAMPLES: dict[str, tuple[str, tuple[str, ...], str]] = {
    "silent_network.py": ("params_not_in_optimizer", ("unregistered_params",), "hidden"),
    "skipped_layer.py": ("vanishing_gradient", ("unreachable_params",), "lin1, lin2"),
    "seeds_of_xor.py": ("", (), ""),
}
"""The scripts of examples/ that train by PyTorch: the fault, what else is right to name, the place."""

Kind = Literal["faulty", "healthy", "mended"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A script to be judged: with its `fault`, or without one (healthy, or mended by the patch `fix`)."""

    of: str
    script: Path
    kind: Kind
    fault: str = ""
    acceptable: tuple[str, ...] = ()
    where: str = ""
    fix: Path | None = None

    @property
    def right(self) -> frozenset[str]:
        """The faults that a finding may rightly name; none of a script without a fault."""
        return frozenset({self.fault, *self.acceptable}) if self.kind == "faulty" else frozenset()

    @property
    def key(self) -> str:
        """A digest of what is run, under which results are kept."""
        parts = [self.script.read_bytes(), self.fix.read_bytes() if self.fix else b"", self.of.encode()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]

    def copy_to(self, folder: Path) -> Path:
        """Put the script, or its mended copy, into the folder, and return its path."""
        made = folder / self.script.name
        shutil.copy(self.script, made)
        if self.fix:
            command = ["patch", "--silent", "--no-backup-if-mismatch", str(made), str(self.fix.resolve())]
            subprocess.run(command, check=True)
        return made


def of_folder(folder: Path, *, name: str = "") -> Iterator[Case]:
    """Yield the cases of a folder with `labels.jsonl`, each faulty script followed by its mended copy."""
    for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        label = json.loads(line)
        script = folder / label["script"]
        of = name or folder.name
        if label["healthy"]:
            yield Case(of=of, script=script, kind="healthy")
            continue
        also, where = tuple(label["acceptable"]), label["where"] or ""
        fault = label["fault"]
        yield Case(of=of, script=script, kind="faulty", fault=fault, acceptable=also, where=where)
        fix = folder / "fixes" / f"{script.stem}.diff"
        if fix.exists():
            yield Case(of=of, script=script, kind="mended", fault=fault, fix=fix)


def of_examples() -> Iterator[Case]:
    """Yield the shipped scripts that train by PyTorch."""
    for name, (fault, acceptable, where) in EXAMPLES.items():
        script, kind = ROOT / "examples" / name, "faulty" if fault else "healthy"
        yield Case(of="examples", script=script, kind=kind, fault=fault, acceptable=acceptable, where=where)


def all_cases(more: dict[str, Path] | None = None) -> list[Case]:
    """Return the repository's cases and those of other folders of the same form, by the names of the sets."""
    cases = [*of_examples(), *(case for name in OWN for case in of_folder(CASES / name))]
    return cases + [case for name, folder in (more or {}).items() for case in of_folder(folder, name=name)]
