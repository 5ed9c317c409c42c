"""Files in and out: what is refused, what is limited, and that nothing is left half-written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from certcore._cli.input import files
from certcore.errors import CertcoreError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    path = tmp_path / "folder"
    path.mkdir()
    return path


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def code_of(path: Path, *, limit: int = 100) -> str:
    """The code with which reading a file fails."""
    with pytest.raises(CertcoreError) as caught:
        files.read_bytes(path, limit=limit)
    return caught.value.code


def test_a_file_is_read_up_to_its_limit(folder: Path) -> None:
    """As many bytes as allowed are read; one more is too many."""
    path = folder / "file"
    path.write_bytes(b"x" * 100)
    assert b"x" * 100 == files.read_bytes(path, limit=100)
    assert "file-too-large" == code_of(path, limit=99)


def test_a_pipe_is_refused_without_waiting(folder: Path) -> None:
    """A named pipe, which would wait for ever, is not opened."""
    os.mkfifo(folder / "pipe")
    assert "file-unreadable" == code_of(folder / "pipe")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/", "missing", "nul\0l", "x" * 5000], ids=ascii)
def test_what_is_no_regular_file_is_refused(path: str) -> None:
    """Devices, folders, missing files and impossible names give one code."""
    assert "file-unreadable" == code_of(Path(path))


def test_text_must_be_utf8(folder: Path) -> None:
    """Bytes that are not UTF-8 are told with their place; a byte order mark is dropped."""
    (folder / "bad").write_bytes(b"a\xff")
    (folder / "marked").write_bytes(b"\xef\xbb\xbfa")
    with pytest.raises(CertcoreError) as caught:
        files.read_text(folder / "bad")
    assert "input-malformed" == caught.value.code
    assert "a" == files.read_text(folder / "marked")


def test_nothing_is_overwritten_unless_forced(folder: Path) -> None:
    """A file that is there stays as it is; forced, it is replaced."""
    path = folder / "file"
    files.write(path, "one")
    with pytest.raises(CertcoreError) as caught:
        files.write(path, "two")
    assert ("file-exists", "one") == (caught.value.code, path.read_text())
    files.write(path, "two", force=True)
    assert ("two", ["file"]) == (path.read_text(), names(folder))


def test_a_dangling_link_counts_as_there(folder: Path) -> None:
    """Writing does not go through a link to somewhere else."""
    (folder / "link").symlink_to(folder / "elsewhere")
    with pytest.raises(CertcoreError) as caught:
        files.write(folder / "link", "one")
    assert "file-exists" == caught.value.code


def test_a_failure_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full neither the file nor a temporary one is there."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CertcoreError) as caught:
        files.write(folder / "file", "one")
    assert ("file-unwritable", []) == (caught.value.code, names(folder))


def test_a_disk_without_links_will_do(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files cannot be linked they are renamed, and still never overwritten."""

    def unsupported(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", unsupported)
    files.write(folder / "file", "one")
    with pytest.raises(CertcoreError) as caught:
        files.write(folder / "file", "two")
    assert ("file-exists", "one") == (caught.value.code, (folder / "file").read_text())
    assert ["file"] == names(folder)


def test_several_files_are_written_all_or_none(folder: Path) -> None:
    """Where the second file cannot be written the first is taken away again."""
    contents: dict[Path, bytes | str] = {folder / "one": "1", folder / "missing" / "two": "2"}
    with pytest.raises(CertcoreError) as caught:
        files.write_all(contents)
    assert ("file-unwritable", []) == (caught.value.code, names(folder))


def test_the_umask_is_respected(folder: Path) -> None:
    """An ordinary file has the mode any other program would give it."""
    files.write(folder / "file", "one")
    umask = os.umask(0)
    os.umask(umask)
    assert 0o666 & ~umask == stat.S_IMODE((folder / "file").stat().st_mode)


def test_a_folder_is_walked_in_order_and_not_left(folder: Path) -> None:
    """Pictures come sorted, folder by folder; other files, and links to files and folders, are passed over."""
    outside, inside = folder / "outside", folder / "inside"
    for path in (outside / "o.png", inside / "b.PNG", inside / "a.jpeg", inside / "sub" / "c.png", inside / "x.txt"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    (inside / "link").symlink_to(outside, target_is_directory=True)
    (inside / "link.png").symlink_to(outside / "o.png")
    found = [str(path.relative_to(inside)) for path in files.pictures([inside])]
    assert ["a.jpeg", "b.PNG", "sub/c.png"] == found
