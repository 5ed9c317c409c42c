"""Rows of text from every source: byte order marks, encodings, and bad rows that cost themselves alone."""

from __future__ import annotations

import codecs
import json
import os
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import Result as Run

from certcore._cli import exit_codes
from certcore._cli.input import rows
from certcore._cli.input.rows import MAX_ROW
from tests.cli.conftest import Command

Ask = Callable[..., Run]

SOURCES = ("-", "list.txt", "list.csv", "list", "list.TXT", "list.unknown")

MARKED = {
    "plain": (b"", "utf-8"),
    "utf-8": (codecs.BOM_UTF8, "utf-8"),
    "utf-16-le": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-16-be": (codecs.BOM_UTF16_BE, "utf-16-be"),
}


def text(name: str = "valid") -> str:
    """A certificate's text in the world."""
    return Path(f"{name}.txt").read_text().strip()


def documents(ask: Ask, source: str, data: bytes, *options: str) -> list[tuple[str, str]]:
    """Each row's name, without the file's, and its outcome or its error's code."""
    if source == "-":
        found = ask("-", "--json", *options, stdin=data)
    else:
        Path(source).write_bytes(data)
        found = ask(source, "--json", *options)
    told = [json.loads(line) for line in found.stdout.splitlines()]
    return [
        (one["input"].removeprefix(f"{source}, "), one["outcome"] if "outcome" in one else one["error"]["code"])
        for one in told
    ]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("mark", MARKED)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
def test_every_source_reads_every_mark(ask: Command, source: str, mark: str, end: str) -> None:
    """What a text editor of some system saves is read, from wherever it comes; each row under its line's number."""
    bom, encoding = MARKED[mark]
    data = bom + f"{text()}{end}{end}{text('forged')}{end}{text()}".encode(encoding)

    assert [("line 1", "valid"), ("line 3", "invalid"), ("line 4", "valid")] == documents(ask, source, data)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("bad", [b"\xc3\xfb\xb3\xc6", b"\xff", b"\xe9\x97", b"\0\0", b"x" * 70_000], ids=ascii)
def test_a_bad_row_costs_itself(ask: Command, source: str, bad: bytes) -> None:
    """One row that is GBK, cut, binary or endless: the others have their verdicts, and it is told by its number."""
    good = text().encode()
    found = documents(ask, source, b"\n".join([good, bad, good]))

    assert [("line 1", "valid"), ("line 3", "valid")] == [found[0], found[2]]
    assert found[1] in {("line 2", "undetermined"), ("line 2", "file-too-large")}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "bad", [b"VIC1:\xff", b"VIC1:\xe9\x97", b"\xc3\xfb", b"\xed\xa0\x80", "VIC1:\ufffd".encode()], ids=ascii
)
def test_a_row_that_is_not_text_has_a_code_that_says_so(ask: Command, source: str, bad: bytes) -> None:
    """Bytes of another encoding are no forged certificate: what was scanned is not known."""
    good = text().encode()
    data = b"\n".join([good, bad, good])
    if source != "-":
        Path(source).write_bytes(data)
    found = ask(source, "--json", stdin=data if source == "-" else None)
    row = json.loads(found.stdout.splitlines()[1])

    assert ("undetermined", ["code-not-text"]) == (row["outcome"], [reason["code"] for reason in row["reasons"]])
    assert exit_codes.UNDETERMINED == found.exit_code


def test_an_argument_that_is_not_text(ask: Command) -> None:
    """What a shell hands over undecoded is no text, either."""
    found = ask("VIC1:\udcff", "--json")

    assert ("undetermined", exit_codes.UNDETERMINED) == (json.loads(found.stdout)["outcome"], found.exit_code)


@pytest.mark.parametrize("source", ["-", "list.txt", "list.csv"])
@pytest.mark.parametrize("encoding", ["gb18030", "big5", "shift_jis", "cp1252", "utf-16-le"])
def test_an_encoding_can_be_said(ask: Command, source: str, encoding: str) -> None:
    """Without a mark the caller may know; where there is one, it is right and the caller is not."""
    content = f"{text()}\n{text('forged')}\n"
    said = ("--encoding", encoding)
    if encoding.startswith("utf-16") and source == "list.csv":
        content = "\ufeff" + content  # which nothing else shows to be text

    assert ["valid", "invalid"] == [was for _, was in documents(ask, source, content.encode(encoding), *said)]
    marked = codecs.BOM_UTF8 + content.replace("\ufeff", "").encode()
    assert ["valid", "invalid"] == [was for _, was in documents(ask, source, marked, *said)]


def test_a_list_may_begin_with_something_else(ask: Command) -> None:
    """A heading that is no certificate costs its row, also in a file of any name. A picture stays one."""
    data = f"text\n{text()}\n".encode()

    assert ["undetermined", "valid"] == [was for _, was in documents(ask, "list.csv", data)]
    assert ["undetermined"] == [was for _, was in documents(ask, "list.png", data)]
    assert ["undetermined"] == [was for _, was in documents(ask, "blank", codecs.BOM_UTF8)]


def test_json_may_have_a_mark(certcore: Command) -> None:
    """A draft that PowerShell wrote is read like any other; what cannot be decoded is told with its line."""
    certcore("trust", "init", "draft.json", "--environment", "test")
    content = Path("draft.json").read_text()
    sign = ("trust", "sign", "draft.json", "--key", "root.key.pem", "--out", "new.cbor", "--force")
    for bom, encoding in MARKED.values():
        Path("draft.json").write_bytes(bom + content.encode(encoding))
        assert exit_codes.DONE == certcore(*sign).exit_code, encoding
    Path("draft.json").write_bytes(b"{\n\n\xff}")
    found = certcore(*sign)
    assert (exit_codes.ERROR, True) == (found.exit_code, "line 3, byte 3" in found.stderr)


def test_rows_are_given_as_they_arrive() -> None:
    """Nobody waits for the end of a stream: a row is there once its line has ended."""
    read_end, write_end = os.pipe()
    seen = threading.Event()

    def write() -> None:
        with os.fdopen(write_end, "wb", buffering=0) as sink:
            sink.write(codecs.BOM_UTF8 + b"first\n")
            assert seen.wait(60)
            sink.write(b"second")

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(read_end, "rb") as stream:
        found = rows.read(stream)
        assert rows.Row(1, "first") == next(found)
        seen.set()
        assert [rows.Row(2, "second")] == list(found)
    writer.join()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_the_longest_row(encoding: str) -> None:
    """A row of the longest length is one; a longer one is refused, whatever the memory it would take."""
    data = "\n".join(["a" * MAX_ROW, "b" * (MAX_ROW + 1), "c" * (MAX_ROW * 3), "d"]).encode(encoding)

    first, second, third, last = rows.read(BytesIO(data), encoding=encoding)

    assert ("a" * MAX_ROW, "d") == (first.content, last.content)
    assert [2, 3, 4] == [second.line, third.line, last.line]
    assert ["file-too-large"] * 2 == [getattr(row.content, "code", None) for row in (second, third)]
