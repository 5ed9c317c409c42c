"""The printed page under its promised import path; the code is in `certcore.printing.document`."""

from certcore.printing.document import to_html, to_pdf

__all__ = [
    "to_html",
    "to_pdf",
]
