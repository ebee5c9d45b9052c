# pyright: basic
"""A process that has PyTorch loaded and forks one run at a time, so that each starts at once.

``python -m trainlab.diagnosis.seeds.fork_server`` reads a line of JSON a run from stdin, ``[report, plan,
out, err]``, names of files, and answers with the process's number, then, at its end, with its wait status.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from importlib import import_module
from pathlib import Path


def main() -> None:
    """Answer until stdin ends. The runs leave this function too, each through `sys.exit`."""
    import torch

    from trainlab.diagnosis.faults import all_faults
    from trainlab.diagnosis.script.child import Child
    from trainlab.diagnosis.script.plan import plan_from_json

    # Else every run would import these for itself.
    for name in ("probe.probe", "judge.diagnose", "script.reseed", "seeds.run_extras"):
        import_module(f"trainlab.diagnosis.{name}")
    all_faults()
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # the first one imports torch._dynamo
    # Else each run would look for garbage in all of this as it ends, for longer than a small script trains.
    gc.collect()
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        report, asked, out, err = json.loads(line)
        process = os.fork()
        if process == 0:
            os.setsid()
            answers.close()
            _redirect(out, err)
            sys.exit(Child(report, plan_from_json(Path(asked).read_bytes())).run())
        print(process, file=answers, flush=True)
        print(os.waitpid(process, 0)[1], file=answers, flush=True)


def _redirect(out: str, err: str) -> None:
    """Give the run nothing to read, and files to write to."""
    for descriptor, name, mode in (
        (0, os.devnull, os.O_RDONLY),
        (1, out, os.O_WRONLY | os.O_CREAT),
        (2, err, os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(name, mode, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - what was read ahead is no run's


if __name__ == "__main__":
    main()
