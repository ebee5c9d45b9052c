"""The case sets on which the doctor is measured, and a script run by itself and under the doctor."""

from __future__ import annotations

import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Literal

from trainlab.diagnosis.script.plan import Extras, Plan
from trainlab.diagnosis.script.process_pool import ProcessPool

# The case sets on which the doctor is measured: scripts with a known fault, healthy and mended ones.


ROOT = Path(__file__).parents[1]
CASES = ROOT / "measure" / "doctor_cases"
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


# A script run by itself and under the doctor: what was found, what it printed, seconds and memory.


LONGEST = 300
"""Seconds after which a run is ended."""
NO_PLACES = frozenset(
    ("and", "are", "from", "for", "has", "not", "only", "that", "the", "this", "where", "with")
)
"""Words in labels that name no place; nor do shorter ones than three letters."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """What a process came to: its exit code and output, processor seconds and the peak of its memory."""

    code: int
    output: str
    errors: str
    cpu: float
    megabytes: float


def run(words: Sequence[str], *, folder: Path, environment: dict[str, str] | None = None) -> Ran:
    """Run a command to its end; seconds and memory are those of it and its children."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
        )
        begun = time.monotonic()
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - begun > LONGEST:
                process.kill()
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        return Ran(
            code=process.returncode,
            output=out.read().decode(errors="replace"),
            errors=err.read().decode(errors="replace"),
            cpu=used.ru_utime + used.ru_stime,
            megabytes=_megabytes(used),
        )


def judged(cases: Sequence[Case]) -> Iterator[tuple[Case, dict[str, Any] | None]]:
    """Run cases under the doctor, and yield each with its report; None if there is none.

    They are forked from a process that has PyTorch loaded, as `trainlab seeds` runs a script again; with
    `Extras` the probe listens from the start, and doesn't wait for PyTorch to be imported.
    """
    with tempfile.TemporaryDirectory() as made:
        by_script: dict[str, Case] = {}
        for number, case in enumerate(cases):
            folder = Path(made) / str(number)
            folder.mkdir()
            by_script[str(case.copy_to(folder))] = case
        pool = ProcessPool(workers=1, limit=LONGEST)
        for ran in pool.carry_out([Plan(script=script, extras=Extras()) for script in by_script], Event()):
            yield by_script[ran.plan.script], ran.report


def cost(case: Case) -> dict[str, Any]:
    """Run a case by itself, and as `trainlab doctor` runs it: time, memory, whether it prints alike."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        script = case.copy_to(folder)
        plain = run([sys.executable, script.name], folder=folder)
        doctor, _ = diagnosed(script)
    return {
        "key": case.key,
        "plain_cpu": round(plain.cpu, 2),
        "cpu": round(doctor.cpu, 2),
        "plain_mb": round(plain.megabytes),
        "mb": round(doctor.megabytes),
        "same_output": doctor.output.startswith(plain.output),
    }


def diagnosed(script: Path, *options: str) -> tuple[Ran, dict[str, Any] | None]:
    """Run a script under the doctor, and return the report's JSON as well; None if there is none."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "report.json"
        words = [sys.executable, "-m", "trainlab", "doctor", *options, script.name, "--json", str(path)]
        ran = run(words, folder=script.parent)
        return ran, json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def row(case: Case, report: dict[str, Any] | None) -> dict[str, Any]:
    """Return what is kept of a case: no words of its findings, and of a sealed one no name either."""
    findings: list[Any] = [] if report is None else report["findings"]
    return {
        "set": case.of,
        "key": case.key,
        "kind": case.kind,
        "fault": case.fault,
        "answered": report is not None,
        "state": "" if report is None else report["outcome"]["state"],
        "said": [
            {
                "fault": each["fault"],
                "confidence": each["confidence"],
                "explained": each["consequence_of"] is not None,
                "right": each["fault"] in case.right,
                "placed": each["fault"] in case.right and is_placed(case.where, each),
            }
            for each in findings
        ],
    }


def is_placed(where: str, finding: dict[str, Any]) -> bool:
    """Whether a finding names a word of the label's place in its own place, evidence or remedy."""
    words = {word for word in re.findall(r"[A-Za-z_][\w.]*", where) if len(word) > 2} - NO_PLACES
    told = json.dumps([finding["where"], finding["evidence"], finding["remedy"]], ensure_ascii=False)
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", told) for word in words)


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
