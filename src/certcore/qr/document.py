"""The printed page under its promised import path; it lives in `certcore.printing.document`."""

from certcore.printing.document import to_html, to_pdf

__all__ = [
    "to_html",
    "to_pdf",
]
