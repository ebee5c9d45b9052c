"""A report for the terminal: the card of facts, the findings in the order of blame, the notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainlab.draw import TERMINAL, format_number

if TYPE_CHECKING:
    from rich.console import Console


def show_report(report: dict[str, Any], console: Console) -> None:
    """Print the report, as `Report.to_dict` has it."""
    from rich.text import Text

    def line(text: str, style: str = "") -> None:
        console.print(Text(text, style=style), soft_wrap=True)

    for text in card_lines(report["card"]):
        line(text, TERMINAL["muted"])
    line("")
    findings: list[dict[str, Any]] = report["findings"]
    if not findings:
        looked = report["looked_at"]
        line("Nothing found.", "bold")
        line(
            f"Looked at {looked['steps']:,} steps, {looked['graphs']} graphs, "
            f"{looked['parameters']} parameters, "
            f"{looked['activations']} activations and {looked['batches']:,} batches."
        )
    for place, finding in enumerate(findings, start=1):
        after = f" (follows from {finding['consequence_of']})" if finding["consequence_of"] else ""
        line(f"{place}. {finding['fault']}{after}", "bold")
        _show_one(finding, line)
    for note in report["notes"]:
        line(f"Note: {note['fault']}", "bold")
        _show_one(note, line)
    line(ending_line(report["ended"]))
    for trouble in report["troubles"]:
        line(f"The doctor itself stumbled, which did the training no harm: {trouble}", TERMINAL["muted"])


def _show_one(finding: dict[str, Any], line: Any) -> None:
    line(f"   where     {finding['where']}")
    for place, text in enumerate(finding["evidence"]):
        line(f"   {'evidence' if place == 0 else '        '}  {text}")
    line(f"   remedy    {finding['remedy']['text']}")
    for text in finding["remedy"]["code"].splitlines():
        line(f"             {text}", TERMINAL["muted"])
    line("")


def card_lines(card: dict[str, Any]) -> list[str]:
    """Return the card of facts, a line a fact."""
    lines: list[str] = []
    for model in card["models"]:
        text = f"model      {model['name']} ({model['class']}): {model['parameters']:,} parameters"
        if model["trainable"] != model["parameters"]:
            text += f", {model['trainable']:,} trainable"
        lines.append(f"{text}, {model['reachable']:,} reachable from the loss")
    for optimizer in card["optimizers"]:
        rate = optimizer["settings"].get("lr")
        shown = format_number(rate) if isinstance(rate, int | float) else str(rate)
        lines.append(
            f"optimizer  {optimizer['kind']}, lr {shown}, {optimizer['parameters']:,} "
            f"parameters, {optimizer['steps']:,} steps"
        )
    lines.extend(
        f"loss       {loss['kind']} at {loss['where']}: output {loss['output_shape']}, "
        f"target {loss['target_shape']}"
        for loss in card["losses"]
    )
    if card["first_loss"] is not None:
        lines.append(
            f"training   {card['backward_passes']:,} backward passes, loss "
            f"{_number(card['first_loss'])} → {_number(card['last_loss'])}"
        )
    return lines or ["No training was seen."]


def ending_line(ended: dict[str, Any]) -> str:
    """Say how the script came to its end."""
    words = {
        "end": "The script ran to its end.",
        "exit": f"The script ended itself with exit code {ended.get('code')}.",
        "time": "Ended when the time given was over.",
        "interrupted": "Stopped by Ctrl-C.",
    }
    how = str(ended.get("how"))
    if how == "error":
        where = f" at {ended['where']}" if ended.get("where") else ""
        return f"The script failed{where}: {ended.get('message')}"
    return words.get(how) or str(ended.get("message") or how)


def _number(value: Any) -> str:
    return format_number(value) if isinstance(value, int | float) else str(value)
