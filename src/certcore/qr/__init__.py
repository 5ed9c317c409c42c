"""QR symbols: a certificate's text made into a picture, and pictures read back.

Importing this package loads no picture library: segno, Pillow, zxing-cpp and pyzbar are each loaded by the first call
that needs them. Drawing needs no extra; reading needs the ``scan`` extra.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from certcore.qr._picture import Picture, load
from certcore.qr._read import Effort, Image, Symbol, read

if TYPE_CHECKING:
    from certcore.qr._decoders import Decoder, decoders
    from certcore.qr._watch import watch
    from certcore.qr._write import SymbolSize, size, to_png, to_svg, to_terminal
else:  # hidden from type checkers, which would take it to mean that every name exists

    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
        globals()[name] = value
        return value


__all__ = [
    "Decoder",
    "Effort",
    "Image",
    "Picture",
    "Symbol",
    "SymbolSize",
    "decoders",
    "load",
    "read",
    "size",
    "to_png",
    "to_svg",
    "to_terminal",
    "watch",
]

_LAZY = {
    "Decoder": "_decoders",
    "SymbolSize": "_write",
    "decoders": "_decoders",
    "size": "_write",
    "to_png": "_write",
    "to_svg": "_write",
    "to_terminal": "_write",
    "watch": "_watch",
}
"""What is loaded when it is asked for, and where it is defined."""


def __dir__() -> list[str]:
    return __all__
