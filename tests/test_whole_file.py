"""A file is written whole or not at all."""

import errno
import os
import pty
from pathlib import Path

import pytest

from trainlab.whole_file import whole_file, why_not_writable


def test_after_an_exception_what_was_there_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("before")

    def write() -> None:
        with whole_file(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["a.json"]


def test_until_the_end_what_was_there_is_there_and_then_it_is_as_any_file(tmp_path: Path) -> None:
    path, new, common = (tmp_path / name for name in ("a.json", "new", "common"))
    path.write_text("before")
    with whole_file(str(path)) as file:
        file.write(b"after")
        assert path.read_text() == "before"
    assert path.read_text() == "after"
    with whole_file(new) as file:
        file.write(b"new")
    common.touch()
    assert path.stat().st_mode == new.stat().st_mode == common.stat().st_mode
    assert sorted(os.listdir(tmp_path)) == ["a.json", "common", "new"]


def test_what_was_for_its_owner_alone_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "private.json"
    path.touch(mode=0o600)
    with whole_file(path) as file:
        file.write(b"x")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "file")
    with whole_file(link) as file:
        file.write(b"x")
    assert link.is_symlink()
    assert (tmp_path / "there" / "file").read_bytes() == b"x"


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "none" / "file"):
        pass


def test_a_full_disk_is_told_with_the_files_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with (
        pytest.raises(OSError, match=r"No space left on device: .*a\.csv'") as caught,
        whole_file(tmp_path / "a.csv"),
    ):
        pass
    assert caught.value.filename == str(tmp_path / "a.csv")
    assert os.listdir(tmp_path) == []


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match=os.strerror(errno.ENXIO)), whole_file(pipe):
        pass  # nobody reads it, and nobody is waited for
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert why_not_writable(pipe, device=True) == ""
    with whole_file(pipe) as file:
        file.write(b"x")
    assert os.read(reader, 10) == b"x"
    assert pipe.is_fifo()
    os.close(reader)


def test_a_device_is_tried_unless_it_is_a_terminal(tmp_path: Path) -> None:
    main, terminal = pty.openpty()
    assert why_not_writable(os.ttyname(terminal), device=True) == ""
    os.set_blocking(main, False)
    with pytest.raises(BlockingIOError):
        os.read(main, 10)
    os.close(terminal)
    os.close(main)
    assert why_not_writable(os.devnull, device=True) == ""
    assert why_not_writable(os.devnull) == "is a device or a pipe; give the name of a file."
