"""Compare reading from coarse to fine with looking at all pixels: ``python tools/compare_looks.py FOLDER...``.

Every picture, enlarged to 12 megapixels where it is smaller, is read as a JPEG file at normal effort, and searched by
zxing-cpp with all its pixels. Prints what the second reads and the first does not, and ends with 1 if there is any.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image

from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr._decoders import decode_with_zxing
from certcore.qr._picture import Grey, grey

PIXELS: Final = 12_000_000


def main(folders: list[str]) -> int:
    """Compare every picture in the folders."""
    count = lost = 0
    for path in sorted(path for folder in folders for path in Path(folder).rglob("*") if path.is_file()):
        try:
            page = grey(path)
        except RejectedInputError:
            continue
        if not page.pixels:
            continue
        missing = _missing(page)
        count, lost = count + 1, lost + bool(missing)
        if missing:
            sys.stdout.write(f"{path}: {missing} lost\n")
    sys.stdout.write(f"{count} pictures, {lost} of them with a loss\n")
    return int(lost > 0)


def _missing(page: Grey) -> int:
    """How many symbols the reduced look costs."""
    picture = Image.frombytes("L", (page.width, page.height), bytes(page.pixels))
    enlarged = max(1.0, (PIXELS / (page.width * page.height)) ** 0.5)
    file = BytesIO()
    picture.resize((round(page.width * enlarged), round(page.height * enlarged))).save(file, "JPEG", quality=92)
    whole = decode_with_zxing(grey(file.getvalue()))
    found = {symbol.data for symbol in qr.read(file.getvalue())}
    return sum(symbol.data not in found for symbol in whole.symbols)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
