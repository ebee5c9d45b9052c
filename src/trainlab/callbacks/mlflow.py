# pyright: basic
"""What the doctor heard, for MLflow."""

from __future__ import annotations

import time

from trainlab.callbacks.doctor import Heard, missing, tag
from trainlab.report import diagnosis_html

AT_ONCE = 1000
"""The most metrics that MLflow takes per call."""


def log(heard: Heard, *, run_id: str | None = None) -> None:
    """Log each signal as a metric at its steps, and the report as ``doctor/report.html`` and ``.json``.

    Metrics are ``update_ratio/fc1.weight``, ``silent_units/relu_after_fc1``, ``doctor/loss``.

    Args:
        heard: a `DoctorCallback` or a watch, during the training or after it.
        run_id: the run; else the active one, or a new one, as with MLflow's own functions.

    Raises:
        MissingPackageError: if MLflow isn't installed.
    """
    try:
        import mlflow
        from mlflow.entities import Metric
    except ModuleNotFoundError as error:
        raise missing(error, "mlflow", extra="mlflow") from error
    run = run_id or (mlflow.active_run() or mlflow.start_run()).info.run_id
    client, now = mlflow.MlflowClient(), int(time.time() * 1000)
    metrics = [
        Metric(tag(series), value, now, step)
        for series in heard.signals
        for step, value in zip(series.steps, series.values, strict=True)
    ]
    for start in range(0, len(metrics), AT_ONCE):
        client.log_batch(run, metrics[start : start + AT_ONCE])
    report = heard.report
    client.log_text(run, diagnosis_html(report), "doctor/report.html")
    client.log_dict(run, report.to_dict(), "doctor/report.json")
