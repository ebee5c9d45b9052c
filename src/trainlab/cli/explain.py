"""``trainlab explain NAME``: the five questions, each a command."""

from __future__ import annotations

from cyclopts import App, Group

from trainlab.cli.commands import COMMANDS, QUESTIONS, examples_words

_explain = next(command for command in COMMANDS if command.name == "explain")
explain_app = App(
    name="explain",
    help=_explain.summary,
    help_epilogue=examples_words(_explain.examples),
    help_format="plaintext",
    group_commands=Group("Options", sort_key=1),
)

_questions = Group("Questions", sort_key=0)
for _place, _question in enumerate(QUESTIONS):
    _module = _question.name.replace("-", "_")
    explain_app.command(
        f"trainlab.cli.explain_{_module}:{_module}_command",
        name=_question.name,
        help=_question.summary,
        group=_questions,
        sort_key=_place,
        help_epilogue=examples_words(_question.examples),
    )
