"""Experiments and studies as TOML files: read strictly, written back without loss."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from trainlab.errors import SpecError, listing, shown
from trainlab.spec.change import Change, Edit, Phase, flatten, nest
from trainlab.spec.checks import check_depth, place, too_deep
from trainlab.spec.decode import decode, unknown_field
from trainlab.spec.experiment import Experiment
from trainlab.spec.network import Network
from trainlab.spec.race import race_from_dict, race_to_dict
from trainlab.spec.study import NamedNetwork, Study, check_cells

MAX_BYTES = 2_000_000
STUDY_FIELDS = (
    "title",
    "question",
    "seeds",
    "splits",
    "ask",
    "baseline",
    "networks",
    "changes",
    "phases",
    "race",
)
CHANGE_FIELDS = ("label", "set", "then")
PHASE_FIELDS = ("set",)

_ROW = re.compile(r"^( +)\[\n((?: +[-+.\w]+,\n)+) +\],$", re.MULTILINE)
"""A list of numbers within a list, such as a user's point, as tomli_w writes it: a line for each number."""

_DEEP = re.compile(r"""(?<![\w"'-])(?:[\w"'-]+[ \t]*\.[ \t]*){100}""")
"""A key of a hundred tables within one another: what tomllib takes to read one grows with their square."""


def study_from_dict(data: Mapping[str, Any]) -> Study:
    """Make a study from the tables of a study file; raise SpecError with the path of the first error."""
    check_depth(data)
    _check_top(_table("the study", data))
    if "baseline" not in data:
        raise SpecError("baseline: this table is required; it is the experiment that the changes edit.")
    networks, changes = (_table(part, data.get(part, {})) for part in ("networks", "changes"))
    check_cells(len(networks), len(changes))
    named = tuple(_network(name, value) for name, value in networks.items())
    return Study(
        baseline=_baseline(data["baseline"], networks),
        networks=named,
        changes=tuple(_change(name, value) for name, value in changes.items()),
        phases=tuple(
            _phase(number, value) for number, value in enumerate(_list("phases", data.get("phases", [])))
        ),
        race=race_from_dict(_table("race", data["race"])) if "race" in data else None,
        **{field: data[field] for field in ("title", "question", "seeds", "splits", "ask") if field in data},
    )


def study_to_dict(study: Study) -> dict[str, Any]:
    """Return the tables from which `study_from_dict` makes an equal study."""
    tables = {
        "title": study.title,
        "question": study.question,
        "seeds": study.seeds,
        **({"splits": study.splits} if study.splits != 1 else {}),
        **({"ask": list(study.ask)} if study.ask else {}),
        "baseline": study.baseline.to_dict(),
        "networks": {network.name: nest(network.edits).get("network", {}) for network in study.networks},
        "changes": {
            change.name: {
                "label": change.label,
                **({"set": nest(change.edits)} if change.edits else {}),
                **({"then": nest(change.then)} if change.then else {}),
            }
            for change in study.changes
        },
        **({"phases": [{"set": nest(phase.edits)} for phase in study.phases]} if study.phases else {}),
    }
    return tables if study.race is None else {**tables, "race": race_to_dict(study.race)}


def study_from_toml(text: str, *, folder: str | os.PathLike[str] = "") -> Study:
    """Read a study from the text of a study file; paths of data in it are relative to `folder`."""
    return study_from_dict(_placed(_parse(text), folder))


def study_to_toml(study: Study) -> str:
    """Write a study as the text of a study file."""
    return _dump(study_to_dict(study))


def experiment_from_toml(text: str, *, folder: str | os.PathLike[str] = "") -> Experiment:
    """Read an experiment from TOML text; from a study, its first network without changes."""
    study = any_study_from_toml(text, folder=folder)
    return study.experiment(study.network_names[0])


def any_study_from_toml(text: str, *, folder: str | os.PathLike[str] = "") -> Study:
    """Read a study from the text of a study file; an experiment becomes a study of one cell."""
    data = _placed(_parse(text), folder)
    if any(name in STUDY_FIELDS for name in data):
        return study_from_dict(data)
    return Study(baseline=Experiment.from_dict(data))


def experiment_to_toml(experiment: Experiment) -> str:
    """Write an experiment as TOML text."""
    return _dump(experiment.to_dict())


def read_text(path: str | os.PathLike[str]) -> str:
    """Return a spec file's text; raise SpecError if it is missing, a folder, not text, empty or too large."""
    # Show a path in full, however long: its end is what the user looks for.
    name = os.fspath(path)
    file = name if name.isprintable() and name else repr(name)
    try:
        with Path(path).open("rb") as handle:
            # Read no more than allowed: a device such as /dev/zero has no end.
            raw = handle.read(MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise SpecError(f"{file}: no such file. 'trainlab new FILE' writes one to start from.") from None
    except IsADirectoryError:
        raise SpecError(f"{file}: is a folder; give a study file. 'trainlab new FILE' writes one.") from None
    except UnicodeDecodeError:
        raise SpecError(f"{file}: is not a text file (UTF-8); give a study file (TOML).") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SpecError(f"{file}: can't be read ({reason}).") from None
    if len(raw) > MAX_BYTES:
        raise SpecError(f"{file}: is larger than {MAX_BYTES:,} bytes; a study file is a page of text.")
    if not text.strip():
        raise SpecError(f"{file}: is empty. 'trainlab new FILE' writes a study file to start from.")
    return text


def _parse(text: str) -> dict[str, Any]:
    if _DEEP.search(text):
        raise too_deep()
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"not valid TOML: {error}.") from None
    except RecursionError:
        raise SpecError("not valid TOML: nested too deeply.") from None
    except ValueError:
        # Python refuses to read integers with thousands of digits.
        raise SpecError("not valid TOML: a number has too many digits.") from None


def _placed(data: dict[str, Any], folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the tables of a file, its paths of data made relative to the working directory."""
    check_depth(data)
    return cast("dict[str, Any]", _moved(data, "", folder))


def _moved(value: Any, path: str, folder: str | os.PathLike[str]) -> Any:
    """Return a value of the file, found at the dotted `path`; for a list, that of each item."""
    if isinstance(value, Mapping):
        table = cast("Mapping[str, Any]", value)
        return {name: _moved(item, f"{path}.{name}", folder) for name, item in table.items()}
    if isinstance(value, list):
        return [_moved(item, path, folder) for item in cast("list[Any]", value)]
    if not isinstance(value, str) or not f".{path}".endswith(".task.path"):
        return value
    # What can't be a path is refused as written, and in this folder a path stays as written.
    here = Path(folder) == Path() or not value.strip() or "\0" in value
    return value if here else os.path.join(folder, value)


def _dump(data: dict[str, Any]) -> str:
    import tomli_w

    return _ROW.sub(lambda row: f"{row[1]}[{' '.join(row[2].split())[:-1]}],", tomli_w.dumps(data))


def _baseline(value: Any, networks: Mapping[str, Any]) -> Experiment:
    """Give a baseline without widths those of the first network, so that a study needn't name one twice."""
    table, lent = dict(_table("baseline", value)), ""
    network = table.get("network", {})
    if isinstance(network, Mapping) and "widths" not in network and networks:
        name, given = next(iter(networks.items()))
        first = _shorthand(given)
        if isinstance(first, Mapping) and "widths" in first:
            table["network"] = {**cast("Mapping[str, Any]", network), "widths": first["widths"]}
            lent = place("networks", name) + ("" if first is not given else ".widths")
    try:
        return decode(Experiment, table, where="baseline")
    except SpecError as error:
        # Said of where they stand in the file.
        raise SpecError(str(error).replace("baseline.network.widths", lent)) if lent else error from None


def _shorthand(value: Any) -> Any:
    return {"widths": cast("object", value)} if isinstance(value, str | list) else value


def _network(name: str, value: Any) -> NamedNetwork:
    where = place("networks", name)
    if not isinstance(value, str | list | Mapping):
        raise SpecError(f"{where} = {shown(value)}: must be widths, such as '2-5-4-1', or a table.")
    table = _table(where, _shorthand(value))
    _check_fields(where, table, Network.__struct_fields__)
    # Decoded once separately, so that a wrong value is reported at its own place in the file.
    if "widths" in table:
        decode(Network, table, where=where)
    return NamedNetwork(name=name, edits=flatten({"network": table}))


def _change(name: str, value: Any) -> Change:
    where = place("changes", name)
    table = _table(where, value)
    _check_fields(where, table, CHANGE_FIELDS)
    label = table.get("label", "")
    if not isinstance(label, str):
        raise SpecError(f"{where}.label = {shown(label)}: must be text.")
    edits, then = _edits(where, table, "set"), _edits(where, table, "then")
    if not edits and not then:
        raise SpecError(f"{where}.set: is missing or empty; a change must set at least one field.")
    return Change(name=name, edits=edits, then=then, label=label)


def _phase(number: int, value: Any) -> Phase:
    where = f"phases[{number}]"
    table = _table(where, value)
    _check_fields(where, table, PHASE_FIELDS)
    return Phase(edits=_edits(where, table, "set"))


def _edits(where: str, table: Mapping[str, Any], field: str) -> tuple[Edit, ...]:
    try:
        return flatten(_table(f"{where}.{field}", table.get(field, {})))
    except SpecError as error:
        raise SpecError(f"{where}.{field}.{error}") from None


def _list(where: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise SpecError(f"{where} = {shown(value)}: must be a list of tables; write [[{where}]].")
    return cast("list[Any]", value)


def _table(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SpecError(f"{where} = {shown(value)}: must be a table.")
    return cast("Mapping[str, Any]", value)


def _check_top(data: Mapping[str, Any]) -> None:
    for name in data:
        if name in Experiment.__struct_fields__ and name not in STUDY_FIELDS:
            beside = listing([other for other in data if other in STUDY_FIELDS][:1] or ["baseline"])
            raise SpecError(
                f"{name}: is a field of an experiment, which in a study (a file with {beside}) stands under "
                f"[baseline]: write it there, as baseline.{name}."
            )
    _check_fields("", data, STUDY_FIELDS)


def _check_fields(where: str, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            raise unknown_field(where, name, list(known))
