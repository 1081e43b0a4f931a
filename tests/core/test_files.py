"""Writing files: whole or not at all, through links, into pipes, with one line for every obstacle."""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from gluon_personnet.core.errors import FileError, GpnetError
from gluon_personnet.core.files import replacing, scratch_folder, write_json, write_text


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_target_of_a_link_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/target").write_text("old")
    (tmp_path / "middle").symlink_to("folder/target")
    (tmp_path / "link").symlink_to("middle")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "middle").is_symlink()
    assert (tmp_path / "folder/target").read_text() == "new"
    (tmp_path / "dangling").symlink_to("folder/fresh")
    write_text(tmp_path / "dangling", "fresh")
    assert (tmp_path / "dangling").is_symlink() and (tmp_path / "folder/fresh").read_text() == "fresh"
    assert not list(tmp_path.rglob("*.part*"))


def test_a_pipe_is_written_into(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_json(tmp_path / "pipe", {"a": 1})
    reader.join()
    assert json.loads(read[0]) == {"a": 1} and stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_devices_stay_devices(tmp_path):
    (tmp_path / "null").symlink_to("/dev/null")
    write_text("/dev/null", "gone")
    write_text(tmp_path / "null", "gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(FileError, match="/dev/full: cannot be written: No space left on device; make room there"):
        write_text("/dev/full", "no room")


STANDARD_OUTPUT = """
import sys
from gluon_personnet.core.files import write_json
print("before")
write_json(sys.argv[1], [1])
print("after")
"""


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "-", "link"])
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_standard_output_is_written_in_order(tmp_path, name, kind):
    (tmp_path / "link").symlink_to("/dev/stdout")
    with open(tmp_path / "out", "w+") as out:
        done = subprocess.run(
            [sys.executable, "-c", STANDARD_OUTPUT, name],
            cwd=tmp_path,
            stdout=out if kind == "file" else subprocess.PIPE,
            text=True,
        )
        out.seek(0)
        assert (out.read() if kind == "file" else done.stdout) == "before\n[\n  1\n]\nafter\n"
    assert Path("/dev/stdout").is_symlink() and (tmp_path / "link").is_symlink()


def test_a_process_substitution_is_written_into(tmp_path):
    code = "import sys; from gluon_personnet.core.files import write_text; write_text(sys.argv[1], 'text')"
    command = (
        f"""{sys.executable} -c "{code}" >(cat > {tmp_path}/out; echo > {tmp_path}/done); read < {tmp_path}/wait"""
    )
    os.mkfifo(tmp_path / "wait")
    os.mkfifo(tmp_path / "done")
    process = subprocess.Popen(["bash", "-c", command])
    (tmp_path / "done").read_text()
    (tmp_path / "wait").write_text("\n")
    assert process.wait() == 0 and (tmp_path / "out").read_text() == "text"


def test_the_mode_is_kept_and_a_new_file_follows_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "new", "")
        assert mode(tmp_path / "new") == 0o640
        (tmp_path / "new").chmod(0o604)
        write_text(tmp_path / "new", "again")
        assert mode(tmp_path / "new") == 0o604
    finally:
        os.umask(before)


def looped(folder):
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def occupied(folder):
    (folder / "taken").mkdir()
    return folder / "taken"


def below_a_file(folder):
    (folder / "file").write_text("")
    return folder / "file/name"


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda folder: folder / "missing/name", "No such file or directory; right: a folder that exists; make it"),
        (lambda folder: folder / ("n" * 256), "File name too long; right: a shorter name"),
        (below_a_file, "Not a directory; right: a folder"),
        (looped, "Too many levels of symbolic links; choose another place"),
        (occupied, "it is a folder; right: the name of a file"),
    ],
    ids=["no folder", "long name", "below a file", "loop", "folder"],
)
def test_obstacles_are_one_line_and_leave_nothing(tmp_path, make, words):
    path = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(GpnetError) as caught:
        write_json(path, {})
    assert str(caught.value).startswith(f"{path}: cannot be written: {words}") and "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "number, words", [(28, "make room there"), (122, "make room there"), (30, "that you may write")]
)
def test_an_error_while_writing_leaves_the_old_file(tmp_path, monkeypatch, number, words):
    (tmp_path / "file").write_text("old")

    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FileError, match=words) as caught:
        write_text(tmp_path / "file", "new")
    assert caught.value.errno == number and isinstance(caught.value, OSError)
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "old"


def test_a_protected_file_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("old")
    monkeypatch.setattr(os, "access", lambda path, right: False)
    with pytest.raises(FileError, match="the file is write-protected; right: a file and a folder that you may write"):
        write_text(tmp_path / "file", "new")


def test_names_up_to_the_longest_can_be_written(tmp_path):
    for name in ("n" * 255, "ä" * 127, "n." + "s" * 253):
        write_text(tmp_path / name, "text")
        assert (tmp_path / name).read_text() == "text"
    assert len(list(tmp_path.iterdir())) == 3


def test_text_that_is_no_unicode_is_written_readably(tmp_path):
    write_text(tmp_path / "file", "a\udcffb")
    assert (tmp_path / "file").read_text() == "a\\udcffb"


WRITER = """
import sys
from gluon_personnet.core.files import replacing, scratch_folder
with scratch_folder("gpnet-maps-", sys.argv[2]) as scratch, replacing(sys.argv[1]) as temporary:
    temporary.write_bytes(b"half")
    (scratch / "query.npy").write_bytes(b"maps")
    print("half", flush=True)
    sys.stdin.readline()
"""


def test_leftovers_of_a_killed_writer_are_cleared_and_those_of_a_living_one_stay(tmp_path):
    command = [sys.executable, "-c", WRITER, str(tmp_path / "checkpoint.npz"), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "half\n"

        def left():
            return len(list(tmp_path.glob(".checkpoint.npz.*.part.npz"))), len(list(tmp_path.glob("gpnet-maps-*")))

        def write():
            with scratch_folder("gpnet-maps-", tmp_path), replacing(tmp_path / "checkpoint.npz") as temporary:
                temporary.write_bytes(b"whole")
            write_text(tmp_path / "best.npz", "another name")

        write()
        assert left() == (1, 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert left() == (1, 1)
        write()
        assert left() == (0, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.npz", "checkpoint.npz"]


def test_a_scratch_folder_goes_after_an_error_and_says_where_it_cannot_be_made(tmp_path):
    with pytest.raises(ZeroDivisionError), scratch_folder("gpnet-x-", tmp_path) as folder:
        assert folder.parent == tmp_path
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == []
    with scratch_folder("gpnet-x-") as folder:
        assert folder.parent == Path(tempfile.gettempdir())
    with pytest.raises(FileError, match="missing: cannot be written"), scratch_folder("gpnet-x-", tmp_path / "missing"):
        pass
