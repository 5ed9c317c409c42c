"""``certcore scan``: the QR codes in pictures, as they are found. Their text is not interpreted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import click

from certcore import qr, reasons
from certcore._cli import exit_codes
from certcore._cli.input import files, inputs
from certcore._cli.output import explain, terminal
from certcore._cli.output.formats import Line, Output, choose_format
from certcore.errors import CertcoreError, RejectedInputError
from certcore.qr import Effort, Symbol
from certcore.qr._read import MAX_BYTES as MAX_PICTURE_BYTES

_OF_PICTURE: Final = frozenset(
    {"image-format", "image-too-large", "image-unreadable", "image-too-many-pages", "image-timeout", "pdf-password"}
)
"""Errors that are about a picture, in which then no code was found; any other is about this machine or the call."""

_Found = list[Symbol] | CertcoreError


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PICTURE|FOLDER...")
@inputs.EFFORT
@inputs.DEADLINE
@choose_format
def scan(paths: tuple[Path, ...], *, effort: str, deadline: float, output: Output) -> int:
    """Read the QR codes in pictures and in folders of pictures. Nothing they say is checked.

    Exits with 0 when every picture gave a code, else with 3.
    """
    _note_missing_decoders()
    pictures = list(files.pictures(paths))
    if not pictures:
        raise RejectedInputError("file-unreadable", "there are no pictures in the folder")
    codes: list[int] = []
    read = partial(_read, effort=Effort(effort), deadline=timedelta(seconds=deadline))
    for path, found in terminal.each(pictures, read):
        if isinstance(found, CertcoreError) and found.code in inputs.DECODERS_MISSING:
            raise found
        codes.append(_code(found))
        output.tell(_Symbols(path, found))
    return exit_codes.worst(codes)


def _read(path: Path, *, effort: Effort, deadline: timedelta) -> _Found:
    try:
        data = files.read_bytes(path, limit=MAX_PICTURE_BYTES)
        return qr.read(data, effort=effort, deadline=deadline, isolate=True)
    except CertcoreError as error:
        return error


def _code(found: _Found) -> int:
    if isinstance(found, CertcoreError):
        return exit_codes.UNDETERMINED if found.code in _OF_PICTURE else exit_codes.ERROR
    return exit_codes.DONE if found else exit_codes.UNDETERMINED


@attrs.frozen
class _Symbols:
    """What was found in one picture."""

    path: Path
    found: _Found

    def members(self) -> dict[str, Any]:
        """Every symbol with its place."""
        return {"input": str(self.path), **_members(self.found)}

    def lines(self, lang: str) -> Iterator[Line]:
        """A line for each symbol, or what is wrong."""
        name = terminal.escaped(str(self.path))
        if isinstance(self.found, CertcoreError):
            yield Line(f"{name}: {_why(self.path, self.found, lang)}", "yellow")
        elif not self.found:
            yield Line(f"{name}: no code found", "yellow")
        for symbol in [] if isinstance(self.found, CertcoreError) else self.found:
            what = terminal.escaped(symbol.text) if symbol.text else f"bytes {symbol.data.hex()}"
            yield Line(f"{name}: {symbol.decoder}, {symbol.kind}: {what}")


def _why(path: Path, error: CertcoreError, lang: str) -> str:
    """What is wrong with a picture, whose name the line has already; the library's messages are English."""
    if lang == "en" or error.code not in reasons.REASONS:
        return f"{terminal.escaped(str(error).removeprefix(f'{path}: '))} {explain.more(error.code, lang)}".rstrip()
    return f"{reasons.explain(error.code, lang=lang).line} [{error.code}] {explain.more(error.code, lang)}"


def _members(found: _Found) -> dict[str, Any]:
    if isinstance(found, CertcoreError):
        return {"symbols": [], "error": {"code": found.code, "message": found.message}}
    return {
        "symbols": [
            {
                "decoder": symbol.decoder,
                "kind": symbol.kind,
                "page": symbol.page,
                "text": symbol.text,
                "data": symbol.data.hex(),
                "corners": [list(corner) for corner in symbol.corners],
            }
            for symbol in found
        ]
    }


def _note_missing_decoders() -> None:
    """Say once which decoder is not there, when another one is."""
    decoders = qr.decoders()
    if any(decoder.available for decoder in decoders):
        for decoder in decoders:
            if not decoder.available:
                terminal.say(f"certcore: reading without {decoder.name}: {decoder.note}", err=True)
