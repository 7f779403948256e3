from __future__ import annotations

import errno
import fcntl
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server.errors import StorageFull
from ocr_server.runtime.scratch import ScratchSpace


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[ScratchSpace]:
    scratch = ScratchSpace(str(tmp_path))
    yield scratch
    scratch.close()


def test_a_server_s_folder_is_its_own(scratch: ScratchSpace, tmp_path: Path) -> None:
    assert scratch.folder.parent == tmp_path
    assert scratch.folder.stat().st_mode & 0o077 == 0


def test_a_job_s_files_are_there_for_the_length_of_the_block(scratch: ScratchSpace) -> None:
    with scratch.job() as files:
        sources = [files.add(pieces) for pieces in ([b"o", b"ne"], [], [b"three"])]
        read = [source.path.read_bytes() for source in sources]
        folder = files.path
        mode = folder.stat().st_mode & 0o077
        (folder / "left by a library").touch()

    assert read == [b"one", b"", b"three"]
    assert [source.size_bytes for source in sources] == [3, 0, 5]
    assert mode == 0
    assert list(folder.iterdir()) == []


def test_a_job_that_fails_leaves_nothing(scratch: ScratchSpace) -> None:
    with pytest.raises(ZeroDivisionError), scratch.job() as files:
        files.add(bytes([1 // 0]) for _ in range(1))

    assert [path.name for path in scratch.folder.iterdir()] == ["lock"]


def test_a_job_that_left_a_folder_leaves_nothing(scratch: ScratchSpace) -> None:
    with scratch.job() as files:
        (files.path / "of a library").mkdir()
        (files.path / "of a library" / "file").touch()

    assert [path.name for path in scratch.folder.iterdir()] == ["lock"]


def test_jobs_do_not_share_a_folder_at_a_time(scratch: ScratchSpace) -> None:
    with scratch.job() as one, scratch.job() as two:
        names = {files.add([b"early"]).path.name for files in (one, two)}
        assert one.path != two.path
    with scratch.job() as three:
        names.add(three.add([b"late"]).path.name)
        assert three.path in {one.path, two.path}
        assert [path.read_bytes() for path in three.path.iterdir()] == [b"late"]
    assert len(names) == 3


def test_a_folder_that_somebody_tidied_away_is_made_again(scratch: ScratchSpace) -> None:
    with scratch.job() as one:
        folder = one.path
    folder.rmdir()

    with scratch.job() as two:
        assert two.add([b"two"]).path.read_bytes() == b"two"


def test_a_server_s_folder_that_was_removed_is_made_again(
    scratch: ScratchSpace, tmp_path: Path
) -> None:
    shutil.rmtree(scratch.folder)

    with scratch.job() as files:
        read = files.add([b"one"]).path.read_bytes()

    assert read == b"one"
    assert scratch.folder.stat().st_mode & 0o077 == 0
    other = ScratchSpace(str(tmp_path))
    assert scratch.folder.exists()  # it is locked again
    other.close()


def test_another_folder_of_that_name_is_not_used(scratch: ScratchSpace) -> None:
    """Another user could have made it where everybody can."""
    shutil.rmtree(scratch.folder)
    scratch.folder.mkdir(mode=0o755)

    with pytest.raises(StorageFull), scratch.job():
        pass

    assert list(scratch.folder.iterdir()) == []
    scratch.folder.rmdir()
    scratch.check()
    assert (scratch.folder / "lock").exists()


def test_a_clean_up_of_old_files_passes_over_a_server_s_folder(scratch: ScratchSpace) -> None:
    """As systemd-tmpfiles does, which locks what it removes."""
    folder = os.open(scratch.folder, os.O_RDONLY)

    with pytest.raises(BlockingIOError):
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)

    os.close(folder)


def test_a_check_makes_the_folder_young(scratch: ScratchSpace) -> None:
    kept = (scratch.folder, scratch.folder / "lock")
    for path in kept:
        os.utime(path, (0, 0))

    scratch.check()

    assert all(time.time() - path.stat().st_mtime < 60 for path in kept)


def test_a_lock_that_was_removed_is_made_again(scratch: ScratchSpace, tmp_path: Path) -> None:
    (scratch.folder / "lock").unlink()

    scratch.check()

    ScratchSpace(str(tmp_path)).close()
    assert (scratch.folder / "lock").exists()


def test_a_check_leaves_nothing_and_tells_when_there_is_no_room(scratch: ScratchSpace) -> None:
    scratch.check()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
    try:
        with pytest.raises(StorageFull):
            scratch.check()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert [path.name for path in scratch.folder.iterdir()] == ["lock"]


def test_a_folder_that_could_not_be_made_again_is_made_later(
    scratch: ScratchSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    shutil.rmtree(scratch.folder)
    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", lock)
        with pytest.raises(StorageFull):
            scratch.check()

    scratch.check()

    assert (scratch.folder / "lock").exists()


def test_a_closed_folder_is_not_made_again(tmp_path: Path) -> None:
    scratch = ScratchSpace(str(tmp_path))
    scratch.close()

    with pytest.raises(StorageFull):
        scratch.check()

    assert list(tmp_path.iterdir()) == []


def test_a_folder_removed_while_its_files_are_read_is_told(scratch: ScratchSpace) -> None:
    def read_too_late() -> None:
        with scratch.job() as files:
            source = files.add([b"one"])
            shutil.rmtree(scratch.folder)
            source.path.read_bytes()

    with pytest.raises(StorageFull, match="was emptied"):
        read_too_late()


def test_closing_removes_the_folder(tmp_path: Path) -> None:
    ScratchSpace(str(tmp_path)).close()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_what_a_dead_server_left_is_swept(tmp_path: Path) -> None:
    die = (
        "import os, sys; from ocr_server.runtime import scratch;"
        " scratch.ScratchSpace(sys.argv[1]); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", die, str(tmp_path)], check=False)  # noqa: S603  # ours
    (left,) = tmp_path.iterdir()
    (left / "job-1").mkdir()

    scratch = ScratchSpace(str(tmp_path))

    assert list(tmp_path.iterdir()) == [scratch.folder]
    scratch.close()


def test_a_living_server_s_folder_is_left_alone(scratch: ScratchSpace, tmp_path: Path) -> None:
    other = ScratchSpace(str(tmp_path))

    assert scratch.folder.exists()
    assert other.folder.exists()
    other.close()


def test_other_people_s_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ocr-server-of-somebody").mkdir()
    (tmp_path / "else").mkdir()

    ScratchSpace(str(tmp_path)).close()

    assert {path.name for path in tmp_path.iterdir()} == {"ocr-server-of-somebody", "else"}


def test_a_folder_that_is_none_is_told_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(StorageFull, match="OCR_TEMP_DIR"):
        ScratchSpace(str(tmp_path / "nothing"))


def test_a_job_without_room_is_told_and_leaves_nothing(
    scratch: ScratchSpace,
) -> None:
    def write() -> Iterator[bytes]:
        yield b"one"
        raise OSError(28, os.strerror(28))

    with pytest.raises(StorageFull, match="full or read-only"), scratch.job() as files:
        files.add(write())

    assert [path.name for path in scratch.folder.iterdir()] == ["lock"]
