"""Whatever a copy writes, sends, starts or deletes: nobody outside of it notices."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from diagnosis.replay.copied import TRAIN, copied

from trainlab.diagnosis.remedies.trial import Job

pytestmark = pytest.mark.usefixtures("forking")
ROUND = "    print(step, loss.item())\n"
WRITING = """
    log.write(f"{step}\\n")
    log.flush()
    import os, pathlib, tempfile
    os.makedirs("made", exist_ok=True)
    pathlib.Path("made", f"{step}.txt").write_text("x")
    torch.save(model.state_dict(), "model.part")
    os.replace("model.part", "model.pt")
    model.load_state_dict(torch.load("model.pt"))
    np.save("weights.npy", model[0].weight.detach().numpy())
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("x")
    if os.path.exists("old.txt"):
        os.remove("old.txt")
"""


def contents(folder: Path) -> dict[str, bytes]:
    """Return what all files in a folder hold, by their paths."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def write(folder: Path, more: str) -> Path:
    code = TRAIN.replace("SEEDED", "False").replace(ROUND, ROUND + more)
    script = folder / "train.py"
    script.write_text(f"log = open('log.txt', 'w')\n{code}")
    return script


def test_what_it_writes_goes_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    left: dict[str, bytes] = {}

    def look() -> None:
        (tmp_path / "old.txt").write_text("kept")
        left.update(contents(tmp_path))

    found = copied(write(tmp_path, WRITING), [Job(1), Job(2)], between=look)
    assert {"log.txt", "made/29.txt", "model.pt", "weights.npy", "old.txt"} < left.keys()
    assert contents(tmp_path) == left
    for _, run in found.runs:
        assert run.error == ""
        assert run.outcome is not None
        assert run.outcome.last_loss is not None


ENDING = {
    "it starts a process": "    __import__('subprocess').run(['touch', 'started'])\n",
    "it opens a connection": "    __import__('socket').create_connection(('127.0.0.1', PORT), 1)\n",
    "it changes 'train.py'": "    __import__('os').chmod('train.py', 0o400)\n",
    "it opens the database 'runs.db'": "    __import__('sqlite3').connect('runs.db')\n",
}


@pytest.mark.parametrize("words", ENDING)
def test_what_cant_go_elsewhere_ends_the_copy(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = ENDING[words].replace("PORT", str(server.getsockname()[1]))
        script = write(tmp_path, f"    if __import__('os').path.exists('again'):\n    {done}")
        found = copied(script, [Job(1)], between=(tmp_path / "again").touch)
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()
    ((_, run),) = found.runs
    assert run.error == words
    assert not {"started", "runs.db"} & contents(tmp_path).keys()
    assert script.stat().st_mode & 0o600 == 0o600


NATIVE = """
    if os.path.exists("again"):
        try:
            torch._C.PyTorchFileWriter("native.pt").write_end_of_file()
        except RuntimeError:
            pass
"""


def test_the_kernel_refuses_what_python_doesnt_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    script = write(tmp_path, NATIVE.replace("os.path", "__import__('os').path"))
    found = copied(script, [Job(1)], between=(tmp_path / "again").touch)
    ((_, run),) = found.runs
    assert run.error == ""
    assert "native.pt" not in contents(tmp_path)
