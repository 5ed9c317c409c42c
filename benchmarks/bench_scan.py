"""Codes read and time taken, beside bare zxing-cpp, bare pyzbar and OpenCV's detector: one run, interleaved.

Run it with ``make bench``, or ``python benchmarks/bench_scan.py``; ``--write`` puts the tables into
``docs/reference/scanning.md``. OpenCV is no dependency: without it its column is empty.

Pictures are the outside sets under ``CERTCORE_VECTORS`` and certcore's own damaged prints (`benchmarks.damage`). All
decoders get the same pixels in grey, decoded and turned upright beforehand. A picture counts as read when a decoder
gives what is known to stand in it, and as false when it gives anything where nothing stands; both are looked at outside
the timed part. Single times mean little on a shared machine: ratios of medians are the figures.
"""

from __future__ import annotations

import json
import math
import os
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import zxingcpp
from PIL import Image
from pyzbar import pyzbar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import damage
from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr import Effort, _cascade
from certcore.qr._deadline import NEVER
from certcore.qr._picture import Grey, pages

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "reference" / "scanning.md"
VECTORS: Final = Path(os.environ.get("CERTCORE_VECTORS", ROOT.parent / "shared" / "vectors")) / "qr-images"
ROUNDS: Final = 3
ENCODINGS: Final = ("utf-8", "shift_jis", "latin-1", "gb18030")
ANY: Final = object()
"""Something is to be read, whatever it says."""

LOOKS: Final = sum(step.is_look for step in _cascade.STEPS)
"""The steps that begin every picture: counted as one here."""

Reads = set[bytes]


@attrs.frozen
class Shown:
    """One picture and what stands in it.

    Attributes:
        picture: its pixels in grey.
        says: what may be read; empty where there is no QR symbol.
    """

    picture: Image.Image
    says: frozenset[object]

    def is_read(self, found: Reads) -> bool:
        """Whether anything that stands in it was read."""
        return bool(found) if ANY in self.says else not self.says.isdisjoint(found)

    def is_false(self, found: Reads) -> bool:
        """Whether something was read where nothing stands."""
        return not self.says and bool(found)


# --- decoders ---------------------------------------------------------------------------------------------------------


def zxing(picture: Image.Image) -> Reads:
    """Bare zxing-cpp, QR alone."""
    found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    return {bytes(one.bytes) for one in found} | {one.text.encode("utf-8", "replace") for one in found}


def zbar(picture: Image.Image) -> Reads:
    """Bare pyzbar, QR alone."""
    return {bytes(one.data) for one in pyzbar.decode(picture, symbols=[pyzbar.ZBarSymbol.QRCODE])}


def certcore(picture: Image.Image, effort: Effort) -> Reads:
    """The library under test."""
    found = qr.read(picture, effort=effort)
    return {one.data for one in found} | {one.text.encode() for one in found}


def opencv() -> Callable[[Image.Image], Reads] | None:
    """OpenCV's detector, where it is installed."""
    try:
        import cv2  # noqa: PLC0415  not a dependency
    except ImportError:
        return None
    detector = cv2.QRCodeDetector()

    def read(picture: Image.Image) -> Reads:
        try:
            is_found, texts, _, _ = detector.detectAndDecodeMulti(np.asarray(picture))
        except (cv2.error, UnicodeDecodeError):  # it takes every byte for UTF-8
            return set()
        return {text.encode("utf-8", "replace") for text in texts if text} if is_found else set()

    return read


def decoders() -> dict[str, Callable[[Image.Image], Reads] | None]:
    """Every decoder by its name, in the order of the columns."""
    return {
        "zxing-cpp": zxing,
        "pyzbar": zbar,
        "OpenCV": opencv(),
        **{f"certcore, {effort.value}": partial(certcore, effort=effort) for effort in Effort},
    }


# --- pictures ---------------------------------------------------------------------------------------------------------


def outside_sets() -> Iterator[tuple[str, list[Shown]]]:
    """The outside sets by name; none where they are not there."""
    for manifest in sorted(VECTORS.glob("*/manifest.json")):
        shown = []
        for entry in json.loads(manifest.read_text("utf-8")):
            picture = _opened(manifest.parent / entry["file"])
            if picture is not None:
                shown.append(Shown(picture, _says(entry)))
        yield manifest.parent.name, shown


def _says(entry: dict[str, Any]) -> frozenset[object]:
    if entry.get("not_qr") or entry.get("expected_none"):
        return frozenset()
    if "expected_hex" in entry:
        return frozenset({bytes.fromhex(entry["expected_hex"])})
    texts = [entry["expected_text"]] if "expected_text" in entry else entry.get("expected_texts", ())
    if not texts:
        return frozenset({ANY})
    # A decoder may give the symbol's own bytes, and text files have lost their line ends.
    lines = {form for text in texts for form in (text, text.replace("\n", "\r\n"), text.replace("\n", "\r\n") + "\r\n")}
    return frozenset(line.encode(name, "replace") for line in lines for name in ENCODINGS)


def _opened(path: Path) -> Image.Image | None:
    """The first page in grey, as certcore sees it; None where it is no picture."""
    try:
        page: Grey = next(iter(pages(path)))
    except (RejectedInputError, StopIteration):
        return None
    return Image.frombytes("L", (page.width, page.height), bytes(page.pixels)) if page.pixels else None


def damaged(seeds: Sequence[int], *, levels: Sequence[str] = damage.LEVELS) -> Iterator[tuple[damage.Shot, Shown]]:
    """Own damaged prints: every damage alone, and every other pair at level M."""
    says = frozenset({damage.certificate_text().encode()})
    for shot in [*damage.single_shots(seeds, levels=levels), *damage.double_shots(seeds[:1])[::2]]:
        yield shot, Shown(shot.picture(), says)


def photograph(size: tuple[int, int], share: float) -> Image.Image:
    """A certificate on a share of a photograph in colour, with the light and the noise that one has."""
    rng = np.random.default_rng(7)
    shades = Image.fromarray(rng.integers(60, 200, (30, 40)).astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    symbol = Image.open(BytesIO(qr.to_png(damage.certificate_text(), scale=8))).convert("L")
    side = round(math.sqrt(share * size[0] * size[1]))
    place = ((size[0] - side) // 3, (size[1] - side) // 3)
    shades.paste(symbol.resize((side, side), Image.Resampling.LANCZOS), place)
    noisy = np.asarray(shades) + rng.normal(0, 3, size[::-1])
    grey = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    return Image.merge("RGB", (grey, grey, grey.point(lambda shade: shade * 9 // 10)))


def empty_page() -> Image.Image:
    """12 megapixels of writing and photographs without any code."""
    rng = np.random.default_rng(5)
    page = np.full((3000, 4000), 240, dtype=np.uint8)
    for _ in range(4000):
        x, y = rng.integers(0, 3900), rng.integers(0, 2950)
        page[y : y + rng.integers(3, 40), x : x + rng.integers(3, 60)] = rng.integers(0, 120)
    photograph = rng.integers(0, 255, (60, 80)).astype(np.uint8)
    page[1500:2700, 200:1800] = np.asarray(Image.fromarray(photograph).resize((1600, 1200), Image.Resampling.BICUBIC))
    return Image.fromarray(page)


# --- counting ---------------------------------------------------------------------------------------------------------


@attrs.define
class Tally:
    """What the decoders made of one set.

    Attributes:
        pictures: how many it has.
        read: by decoder, how many were read.
        false: by decoder, how many gave something else.
        union: how many any other decoder than certcore read.
        lost: how many of those certcore at normal effort did not.
        times: by decoder, seconds for each picture that bare zxing-cpp read.
    """

    pictures: int = 0
    read: Counter[str] = attrs.field(factory=Counter)
    false: Counter[str] = attrs.field(factory=Counter)
    union: int = 0
    lost: int = 0
    times: dict[str, list[float]] = attrs.field(factory=dict)

    def ratio(self, name: str) -> str:
        """The median of the times beside bare zxing-cpp's, picture by picture."""
        bare, own = self.times.get("zxing-cpp", []), self.times.get(name, [])
        return f"{statistics.median(a / b for a, b in zip(own, bare, strict=True)):.2f}" if bare and own else ""


def tally(shown: Iterable[Shown], names: Sequence[str], *, is_timed: bool = True) -> Tally:
    """Every picture under every decoder, the decoders taking turns."""
    known = decoders()
    found = Tally()
    for one in shown:
        found.pictures += 1
        reads = {name: read(one.picture) for name in names if (read := known[name]) is not None}
        for name, made in reads.items():
            found.read[name] += one.is_read(made)
            found.false[name] += one.is_false(made)
        others = any(one.is_read(made) for name, made in reads.items() if not name.startswith("certcore"))
        found.union += others
        found.lost += others and not one.is_read(reads.get("certcore, normal", set()))
        if is_timed and one.is_read(reads["zxing-cpp"]):
            _time(one.picture, {name: known[name] for name in reads}, found.times)
    return found


def _time(picture: Image.Image, sides: dict[str, Any], times: dict[str, list[float]]) -> None:
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, read in sides.items():
            start = time.perf_counter()
            read(picture)
            taken[name].append(time.perf_counter() - start)
    for name, each in taken.items():
        times.setdefault(name, []).append(statistics.median(each))


# --- tables -----------------------------------------------------------------------------------------------------------


def sets_table() -> list[str]:
    """Codes read on every set, and the time beside bare zxing-cpp."""
    names = [name for name, read in decoders().items() if read is not None]
    lines = [
        f"| set | pictures | {' | '.join(names)} | any of the others | of those lost | false | time, normal |",
        f"|---|--:|{'--:|' * len(names)}--:|--:|--:|--:|",
    ]
    for title, shown in [*outside_sets(), ("damaged prints", [one for _, one in damaged(range(2), levels=("M",))])]:
        found = tally(shown, names)
        counts = " | ".join(str(found.read[name]) for name in names)
        false = sum(found.false[name] for name in names if name.startswith("certcore"))
        lines.append(
            f"| {title} | {found.pictures} | {counts} | {found.union} | {found.lost} | {false}"
            f" | {found.ratio('certcore, normal')} |"
        )
    return lines


def levels_table() -> list[str]:
    """Which error correction survives what: how many of the shots are read at normal effort, and by bare zxing-cpp."""
    seeds = range(3)
    read: dict[tuple[str, str], list[int]] = {}
    for shot in damage.single_shots(seeds):
        picture, text = shot.picture(), damage.certificate_text().encode()
        counts = read.setdefault((shot.damages[0], shot.level), [0, 0])
        counts[0] += text in certcore(picture, Effort.NORMAL)
        counts[1] += text in zxing(picture)
    lines = [f"| damage | {' | '.join(damage.LEVELS)} |", f"|---|{'--:|' * len(damage.LEVELS)}"]
    for name in damage.DAMAGES:
        cells = (" of ".join((f"**{read[name, level][0]}**", str(len(seeds)))) for level in damage.LEVELS)
        bare = "/".join(str(read[name, level][1]) for level in damage.LEVELS)
        lines.append(f"| {name} (bare {bare}) | {' | '.join(cells)} |")
    totals = (str(sum(read[name, level][0] for name in damage.DAMAGES)) for level in damage.LEVELS)
    return [*lines, f"| all | {' | '.join(totals)} |"]


def steps_table() -> list[str]:
    """What every step gains over those before it, and what it costs where nothing is read."""
    says = frozenset({damage.certificate_text().encode()})
    shots = [*damage.single_shots(range(1), levels=("M",)), *damage.double_shots(range(3, 4))]
    shown = [one for _, pictures in outside_sets() for one in pictures] + [Shown(one.picture(), says) for one in shots]
    hard = [one for one in shown if one.says and not one.is_read(_steps(one, _cascade.STEPS[:LOOKS]))]
    nothing = Grey(empty_page().tobytes(), 4000, 3000)
    lines = ["| step | efforts | read by the steps up to it | more than before | on an empty page of 12 MP, ms |"]
    lines.append("|---|---|--:|--:|--:|")
    before = len([one for one in shown if one.says]) - len(hard)
    lines.append(f"| first look | all | {before} | | {_cost(nothing, LOOKS):.0f} |")
    spent = _cost(nothing, LOOKS)
    for number in range(LOOKS + 1, len(_cascade.STEPS) + 1):
        step = _cascade.STEPS[number - 1]
        hard = [one for one in hard if not one.is_read(_steps(one, (step,)))]
        total = len([one for one in shown if one.says]) - len(hard)
        took = _cost(nothing, number)
        efforts = ", ".join(effort.value for effort in Effort if effort in step.efforts)
        name = step.name or "pyzbar"
        lines.append(f"| {name} | {efforts} | {total} | +{total - before} | +{max(0.0, took - spent):.0f} |")
        before, spent = total, max(took, spent)
    return lines


def _steps(one: Shown, steps: tuple[_cascade.Step, ...]) -> Reads:
    page = Grey(one.picture.tobytes(), *one.picture.size)
    found = _cascade.symbols(page, effort=Effort.THOROUGH, deadline=NEVER, steps=steps)
    return {symbol.data for symbol in found} | {symbol.text.encode() for symbol in found}


def _cost(page: Grey, count: int) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        _cascade.symbols(page, effort=Effort.THOROUGH, deadline=NEVER, steps=_cascade.STEPS[:count])
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def effort_lines() -> list[str]:
    """Giving up on a page without a code, and how much more of the damaged set is read."""
    page, known = empty_page(), decoders()
    times = {}
    for name in ("zxing-cpp", "certcore, fast", "certcore, normal", "certcore, thorough"):
        read, taken = known[name], []
        assert read is not None
        for _ in range(ROUNDS):
            start = time.perf_counter()
            assert set() == read(page)
            taken.append((time.perf_counter() - start) * 1000)
        times[name] = statistics.median(taken)
    shown = (one for _, one in damaged(range(1), levels=("M", "Q")))
    names = ("zxing-cpp", "pyzbar", "certcore, normal", "certcore, thorough")
    found = tally(shown, names, is_timed=False)
    bare = found.read["zxing-cpp"]
    return [
        "| | zxing-cpp | pyzbar | fast | normal | thorough |",
        "|---|--:|--:|--:|--:|--:|",
        _row("a page of 12 megapixels without a code is given up after, ms", times, "{:.0f}"),
        _row(f"damaged prints read, of {found.pictures}", found.read, "{}"),
        _row("beside bare zxing-cpp", {name: count / bare for name, count in found.read.items()}, "{:.2f}"),
    ]


def _row(title: str, values: Mapping[str, float], form: str) -> str:
    names = ("zxing-cpp", "pyzbar", "certcore, fast", "certcore, normal", "certcore, thorough")
    cells = (form.format(values[name]) if values.get(name) else "" for name in names)
    return f"| {title} | {' | '.join(cells)} |"


SIZES: Final = {"12 megapixels": (4000, 3000), "2 megapixels": (1632, 1224)}
SHARES: Final = (0.3, 0.05, 0.02, 0.01)
KINDS: Final = {"JPEG": {"quality": 90}, "PNG": {"compress_level": 1}, "WEBP": {"quality": 90}}


def files_table() -> list[str]:
    """A file to its text, certcore's throughput to that of Pillow and zxing-cpp by hand; and of an array in grey."""
    lines = ["| | 30 % of the frame | 5 % | 2 % | 1 % |", "|---|--:|--:|--:|--:|"]
    for name, size in SIZES.items():
        pictures = [photograph(size, share) for share in SHARES]
        for kind, options in KINDS.items():
            files = [_saved(picture, kind, options) for picture in pictures]
            lines.append(f"| {kind}, {name} | {' | '.join(_gain(qr.read, _by_hand, one) for one in files)} |")
        arrays = [np.asarray(picture.convert("L")) for picture in pictures]
        lines.append(f"| array, {name} | {' | '.join(_gain(qr.read, _bare, one) for one in arrays)} |")
    return lines


def _saved(picture: Image.Image, kind: str, options: Mapping[str, int]) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _by_hand(data: bytes) -> list[Any]:
    return _bare(np.asarray(Image.open(BytesIO(data)).convert("L")))


def _bare(pixels: Any) -> list[Any]:  # noqa: ANN401  # an array
    return list(zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])))


def _gain(own: Callable[[Any], Any], other: Callable[[Any], Any], picture: Any) -> str:  # noqa: ANN401  # a file or an array
    taken: dict[Any, list[float]] = {own: [], other: []}
    for _ in range(2 * ROUNDS + 1):
        for read, times in taken.items():
            start = time.process_time()
            found = read(picture)
            times.append(time.process_time() - start)
            assert [damage.certificate_text()] == [one.text for one in found]
    return f"{statistics.median(taken[other]) / statistics.median(taken[own]):.2f}"


TABLES: Final[dict[str, Callable[[], list[str]]]] = {
    "sets": sets_table,
    "files": files_table,
    "efforts": effort_lines,
    "steps": steps_table,
    "levels": levels_table,
}


def written(text: str, tables: dict[str, list[str]]) -> str:
    """A page with its tables made anew."""

    def block(match: re.Match[str]) -> str:
        lines = "\n".join(tables.get(match["name"], match["body"].strip().split("\n")))
        return f"<!-- measured: {match['name']} -->\n\n{lines}\n\n<!-- end -->"

    return re.sub(r"<!-- measured: (?P<name>\w+) -->\n(?P<body>.*?)<!-- end -->", block, text, flags=re.DOTALL)


def test_decoders_side_by_side() -> None:
    """The figures on what is quickly counted are printed; no test fails because a machine is slow."""
    sys.stdout.write("\n".join(["", *effort_lines(), ""]))


if __name__ == "__main__":
    chosen = [name for name in TABLES if name in sys.argv] or list(TABLES)
    made = {name: TABLES[name]() for name in chosen}
    sys.stdout.write("\n\n".join("\n".join(lines) for lines in made.values()) + "\n")
    if "--write" in sys.argv:
        PAGE.write_text(written(PAGE.read_text("utf-8"), made), encoding="utf-8")
