"""Where the documentation explains a code: one page, and on it an anchor for each code that never changes.

Where that page is, is said once, here. A copy of the site elsewhere is named by the environment: ``CERTCORE_DOCS``.
"""

from __future__ import annotations

import os
import re
from typing import Final

VARIABLE: Final = "CERTCORE_DOCS"
"""The environment variable with the address of a built site, whose pages are then linked to."""

PAGE: Final = "https://github.com/certcore/certcore/blob/main/docs/reference/reasons.md"
"""The page among the sources, which the project's home shows; `pyproject.toml` says where that is."""

PATH: Final = "reference/reasons.html"
"""The page within a built site."""

_SITE: Final = re.compile(r"(?:https?://|file:///)[A-Za-z0-9._~:/%\[\]-]{1,500}")


def page() -> str:
    """The address of the page about codes."""
    site = os.environ.get(VARIABLE, "")
    if not _SITE.fullmatch(site):  # none, or nothing that a report could hold as a link
        return PAGE
    return f"{site.rstrip('/').removesuffix('/index.html')}/{PATH}"


def address(anchor: str) -> str:
    """The address of a code's words."""
    return f"{page()}#{anchor}"
