"""The files of a published folder: lists by their URIs, the archive by its days, and the state file.

It names and reads files. It does not write them or interpret lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
from attrs.validators import instance_of, optional

from certcore.status._documents import events_uri

INDEX: Final = "index.json"
STATE: Final = ".state.json"
ARCHIVE: Final = "archive"
EVENTS_SUFFIX: Final = events_uri("")

MAX_LIFETIME: Final = timedelta(days=366)
"""The longest that a list may speak for the present: so far before a moment its list is looked for in the archive."""


@attrs.frozen(kw_only=True)
class PublishedList:
    """One list as it was published last: a member of ``.state.json``.

    Attributes:
        register: the identity of the register that published it.
        mark: of the latest change in it.
        later: how many changes were left out because they were recorded later.
        issued_at: the second of its issue.
        expires_at: the second of its end.
        ttl_s: its time to live; None where it states none.
        key: thumbprint of the key that signed it.
        list_digest: SHA-256 of the list.
        events_digest: SHA-256 of the events document.
    """

    register: str = attrs.field(validator=instance_of(str))
    mark: str = attrs.field(validator=instance_of(str))
    later: int = attrs.field(validator=instance_of(int))
    issued_at: int = attrs.field(validator=instance_of(int))
    expires_at: int = attrs.field(validator=instance_of(int))
    ttl_s: int | None = attrs.field(validator=optional(instance_of(int)))
    key: str = attrs.field(validator=instance_of(str))
    list_digest: str = attrs.field(validator=instance_of(str))
    events_digest: str = attrs.field(validator=instance_of(str))


def place_of(uri: str, /) -> str:
    """Where in the folder a list stands: the path of its URI."""
    return urlsplit(uri).path.removeprefix("/")


def check_place(uri: str, /) -> None:
    """Refuse URIs whose files could not be told apart from the folder's own, or are read differently by servers.

    Raises:
        ValueError: for a path that is empty, has a hidden or escaped part, or begins with ``archive``.
    """
    parts = place_of(uri).split("/")
    if not all(parts) or any(part.startswith(".") or "%" in part for part in parts) or parts[0] in {ARCHIVE, INDEX}:
        raise ValueError(f"a list's path has no empty, hidden or escaped part, and is not below {ARCHIVE}")


def read_state(data: bytes | None, /) -> dict[str, PublishedList]:
    """What ``.state.json`` says: URI to list. Nothing where it is missing or damaged: then all is published again."""
    try:
        lists: dict[str, dict[str, Any]] = json.loads(data or b"{}").get("lists", {})
        return {uri: PublishedList(**members) for uri, members in lists.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def list_archived(folder: Path, place: str, /) -> Iterator[tuple[int, int, Path]]:
    """What the archive holds for a place: its begin, its end and the file, the latest first."""
    root = folder / ARCHIVE
    days = sorted((found.name for found in root.iterdir()), reverse=True) if root.is_dir() else []
    for name in days:
        spans = (_span(path) for path in (root / name / place).glob("*-*"))
        yield from sorted((span for span in spans if span is not None), reverse=True)


def _span(path: Path) -> tuple[int, int, Path] | None:
    start, _, end = path.name.partition("-")
    return (int(start), int(end), path) if start.isdecimal() and end.isdecimal() else None
