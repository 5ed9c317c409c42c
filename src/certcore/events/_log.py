"""Events as records of the standard library's logging."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from certcore.events._table import KINDS

for _area in ("certcore.status", "certcore.events"):  # the program says whether and where their warnings go
    logging.getLogger(_area).addHandler(logging.NullHandler())


def write(name: str, fields: Mapping[str, object], /) -> None:
    """Write one record; its attributes `certcore_event` and `certcore_fields` are for formatters and filters."""
    kind = KINDS[name]
    logger = logging.getLogger(kind.logger)
    if logger.isEnabledFor(kind.level):
        line = kind.message.format_map({key: _shown(value) for key, value in fields.items()})
        logger.log(kind.level, "%s", line, extra={"certcore_event": name, "certcore_fields": dict(fields)})


def _shown(value: object) -> object:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else value
