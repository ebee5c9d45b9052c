"""``trainlab serve``: the lab in the browser."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Annotated

from cyclopts import Parameter

from trainlab.cli.options import DEFAULT_STORE, MAX_WORKERS, Folder, UsageError, Workers, check_range, whole
from trainlab.errors import MissingPackageError

PORT = 8144
NEEDED = ("starlette", "uvicorn", "websockets")
INTERRUPTED = 130


def serve_command(
    *,
    port: Annotated[
        int, Parameter(help="The port to listen on; 0 for any free one.", converter=whole)
    ] = PORT,
    host: Annotated[
        str, Parameter(help="The address to listen on; 0.0.0.0 to be reached from other machines.")
    ] = "127.0.0.1",
    open: Annotated[bool, Parameter(help="Open the page in your browser.")] = True,  # noqa: A002
    workers: Workers = None,
    store: Folder = DEFAULT_STORE,
) -> int:
    """Open the lab in your browser: build a network and see at once, on hundreds of seeds, how it learns.

    Studies, races and maps that the store holds have pages beside it. Only this machine can reach the lab,
    unless --host says otherwise; then the address has a token, and whoever has the whole address may come in.
    Ctrl-C ends it.
    """
    check_range("--port", port, least=0, most=65_535)
    check_range("--workers", workers, least=1, most=MAX_WORKERS)
    if not host:
        raise UsageError("--host '': give an address, as in 127.0.0.1, or leave --host out.")
    if any(find_spec(name) is None for name in NEEDED):
        raise MissingPackageError(
            "the lab needs starlette, uvicorn and websockets. Install them with: pip install 'trainlab[lab]'"
        )
    from trainlab.execution.workers import default_workers
    from trainlab.web.serve import serve

    told: list[str] = []

    def on_ready(address: str) -> None:
        told.append(address)
        print(f"The lab is at {address} (Ctrl-C ends it)", flush=True)

    serve(
        host=host,
        port=port,
        workers=workers or default_workers(),
        open_browser=open,
        store=store,
        on_ready=on_ready,
    )
    if not told:
        print("trainlab: stopped before the lab could be opened.", file=sys.stderr)
    return INTERRUPTED
