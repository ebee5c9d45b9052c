"""``trainlab store``: look after the file that keeps finished runs."""

from __future__ import annotations

from cyclopts import App, Group

from trainlab.cli.commands import CARE, COMMANDS, examples_words

_store = next(command for command in COMMANDS if command.name == "store")
store_app = App(
    name="store",
    help=_store.summary,
    help_epilogue=examples_words(_store.examples),
    help_format="plaintext",
    group_commands=Group("Options", sort_key=1),
)

_care = Group("Care", sort_key=0)
for _place, _command in enumerate(CARE):
    store_app.command(
        f"trainlab.cli.store_{_command.name}:{_command.name}_command",
        name=_command.name,
        help=_command.summary,
        group=_care,
        sort_key=_place,
        help_epilogue=examples_words(_command.examples),
    )
