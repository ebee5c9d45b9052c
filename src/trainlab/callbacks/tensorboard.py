# pyright: basic
"""What the doctor heard, for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trainlab.callbacks.doctor import Heard, missing, tag


def log(heard: Heard, writer: Any) -> None:
    """Write each signal as scalars at its steps, and the report as text (``doctor/report``).

    Tags are ``update_ratio/fc1.weight``, ``silent_units/relu_after_fc1``, ``doctor/loss``.

    Args:
        heard: a `DoctorCallback` or a watch, during the training or after it.
        writer: a ``SummaryWriter`` of PyTorch or of tensorboardX, which stays open; or a folder.

    Raises:
        MissingPackageError: if a folder is given and tensorboardX isn't installed.
    """
    if not isinstance(writer, str | Path):
        _write(heard, writer)
        return
    try:
        from tensorboardX import SummaryWriter
    except ModuleNotFoundError as error:
        raise missing(error, "tensorboardX", extra="tensorboard") from error
    with SummaryWriter(str(writer)) as own:
        _write(heard, own)


def _write(heard: Heard, writer: Any) -> None:
    for series in heard.signals:
        name = tag(series)
        for step, value in zip(series.steps, series.values, strict=True):
            writer.add_scalar(name, value, step)
    report = heard.report
    writer.add_text("doctor/report", f"```\n{report}\n```", report.looked_at["steps"])
    writer.flush()
