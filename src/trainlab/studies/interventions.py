"""Interventions: changes that ask for a cause, and aren't meant to make a network learn."""

from __future__ import annotations

from trainlab.spec import Study


def interventions(study: Study) -> dict[str, str]:
    """Return the interventions, each with the one field that it sets: gradient or frozen."""
    found: dict[str, str] = {}
    for change in study.changes:
        if len(change.edits) == 1 and not change.then:
            path, value = change.edits[0].path, change.edits[0].value
            if (path == "gradient" and value == "equalised") or (path == "frozen" and value):
                found[change.name] = path
    return found


def changes_but_interventions(study: Study) -> tuple[str, ...]:
    """Return the names of the other changes: those meant to make a network learn."""
    return crossed_with(study)


def crossed_with(study: Study, *names: str) -> tuple[str, ...]:
    """Return these changes and all that don't intervene: effects are averaged over their combinations.

    What another change does to runs with their gradients rescaled, or with frozen layers, says nothing of it.
    """
    apart = interventions(study)
    return tuple(name for name in study.change_names if name in names or name not in apart)
