"""Which codes are read, and the time taken, beside bare zxing-cpp, bare pyzbar and OpenCV's detector, interleaved.

Its tables stand in ``docs/reference/scanning.md``. It takes long, so it runs only when it is named. OpenCV reads in an
environment of its own (`benchmarks._peers`), from files.

Pictures are the outside sets under ``CERTCORE_VECTORS`` and certcore's own damaged prints (`benchmarks.damage`). All
decoders get the same pixels in grey, decoded and turned upright beforehand. A picture counts as read when a decoder
gives what is known to stand in it, and as false when it gives anything where nothing stands; both are looked at outside
the timed part.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import zxingcpp
from PIL import Image

from benchmarks import _pictures, damage
from benchmarks._measure import Figure, Setting, race, ratios, timed
from benchmarks._peers import MissingPeerError
from certcore import qr
from certcore.errors import RejectedInputError
from certcore.qr import Effort, _cascade
from certcore.qr._deadline import NEVER
from certcore.qr._picture import Grey, pages

ROUNDS: Final = 3
SIZES: Final = {"12 megapixels": (4000, 3000), "2 megapixels": (1632, 1224)}
SHARES: Final = (0.3, 0.05, 0.02, 0.01)
KINDS: Final[dict[str, dict[str, int]]] = {
    "JPEG": {"quality": 90},
    "PNG": {"compress_level": 1},
    "WEBP": {"quality": 90},
}
ENCODINGS: Final = ("utf-8", "shift_jis", "latin-1", "gb18030")
ANY: Final = object()
"""Something is to be read, whatever it says."""

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


def zbar() -> Callable[[Image.Image], Reads] | None:
    """Bare pyzbar, QR alone; None without the system's libzbar."""
    try:
        from pyzbar import pyzbar  # noqa: PLC0415  it needs a library of the system
    except ImportError:
        return None
    kinds = [pyzbar.ZBarSymbol.QRCODE]
    return lambda picture: {bytes(one.data) for one in pyzbar.decode(picture, symbols=kinds)}


def certcore(picture: Image.Image, effort: Effort) -> Reads:
    """The library under test."""
    found = qr.read(picture, effort=effort)
    return {one.data for one in found} | {one.text.encode() for one in found}


def opencv(setting: Setting) -> Callable[[Image.Image], Reads] | None:
    """OpenCV's detector, where it can be had."""
    try:
        peer = setting.peers.get("OpenCV")
    except MissingPeerError:
        return None
    path = setting.folder / "picture.pgm"

    def read(picture: Image.Image) -> Reads:
        picture.save(path)
        return {text.encode("utf-8", "replace") for text in peer.ask("opencv-texts", path=str(path))}

    return read


def decoders(setting: Setting) -> dict[str, Callable[[Image.Image], Reads] | None]:
    """Every decoder by its name, in the order of the columns."""
    return {
        "zxing-cpp": zxing,
        "pyzbar": zbar(),
        "OpenCV": opencv(setting),
        **{f"certcore, {effort.value}": partial(certcore, effort=effort) for effort in Effort},
    }


# --- pictures ---------------------------------------------------------------------------------------------------------


def outside_sets(most: int | None = None) -> Iterator[tuple[str, list[Shown]]]:
    """The outside sets that are here, by name; of each at most so many pictures."""
    for name, folder in _pictures.found().items():
        entries = json.loads((folder / "manifest.json").read_text("utf-8"))[:most]
        opened = ((_opened(folder / entry["file"]), entry) for entry in entries)
        yield name, [Shown(picture, _says(entry)) for picture, entry in opened if picture is not None]


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

    def ratio(self, name: str) -> float | None:
        """The median of the times beside bare zxing-cpp's, picture by picture."""
        bare, own = self.times.get("zxing-cpp", []), self.times.get(name, [])
        return statistics.median(a / b for a, b in zip(own, bare, strict=True)) if bare and own else None


def tally(
    shown: Iterable[Shown], known: Mapping[str, Callable[[Image.Image], Reads] | None], *, is_timed: bool = True
) -> Tally:
    """Every picture under every decoder, the decoders taking turns."""
    found = Tally()
    for one in shown:
        found.pictures += 1
        reads = {name: read(one.picture) for name, read in known.items() if read is not None}
        for name, made in reads.items():
            found.read[name] += one.is_read(made)
            found.false[name] += one.is_false(made)
        others = any(one.is_read(made) for name, made in reads.items() if not name.startswith("certcore"))
        found.union += others
        found.lost += others and not one.is_read(reads.get("certcore, normal", set()))
        if is_timed and one.is_read(reads["zxing-cpp"]):
            _time(one.picture, {name: known[name] for name in reads if name != "OpenCV"}, found.times)
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


def measure(setting: Setting) -> Iterator[Figure]:
    """The sets, whole files, the efforts, the steps and the levels."""
    yield from _sets(setting)
    yield from _files(setting)
    yield from _efforts(setting)
    yield from _steps(setting)
    yield from _levels(setting)


def _count(table: str, row: str, columns: Mapping[str, float | None]) -> Iterator[Figure]:
    for column, value in columns.items():
        found: dict[str, Any] = {"note": "–"} if value is None else {"rounds": (float(value),)}
        yield Figure(table=table, row=row, column=column, **found)


def _sets(setting: Setting) -> Iterator[Figure]:
    """Codes read on every set, and the time beside bare zxing-cpp."""
    here = _pictures.found()
    for name in _pictures.SETS.keys() - here.keys():
        yield Figure(table="sets", row=name, column="pictures", note="not here: set CERTCORE_VECTORS")
    prints = islice(damaged(range(2), levels=("M",)), setting.pick(None, 2))
    known = decoders(setting)
    for title, shown in [*outside_sets(setting.pick(None, 2)), ("damaged prints", [one for _, one in prints])]:
        found = tally(shown, known)
        own = [name for name in known if name.startswith("certcore")]
        yield from _count("sets", title, {"pictures": found.pictures})
        yield from _count("sets", title, {name: found.read.get(name) for name in known})
        yield from _count(
            "sets",
            title,
            {
                "any of the others": found.union,
                "of those lost": found.lost,
                "false": sum(found.false[name] for name in own),
                "time, normal": found.ratio("certcore, normal"),
            },
        )
        setting.say(title)


def _files(setting: Setting) -> Iterator[Figure]:
    """A file to its text, certcore's throughput to that of Pillow and zxing-cpp by hand; and of an array in grey."""
    for name, size in list(SIZES.items())[setting.pick(0, 1) :]:
        for share in SHARES[: setting.pick(None, 1)]:
            picture, column = photograph(size, share), f"{share:.0%} of the frame".replace("%", " %")
            for kind, options in list(KINDS.items())[: setting.pick(None, 1)]:
                gain = _gain(setting, _read_file, _saved(picture, kind, options))
                yield Figure(table="files", row=f"{kind}, {name}", column=column, rounds=gain)
            gain = _gain(setting, _bare, np.asarray(picture.convert("L")))
            yield Figure(table="files", row=f"array, {name}", column=column, rounds=gain)
            setting.say(f"{name}, {column}")


def _saved(picture: Image.Image, kind: str, options: Mapping[str, int]) -> bytes:
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def _read_file(data: bytes) -> list[Any]:
    return _bare(np.asarray(Image.open(BytesIO(data)).convert("L")))


def _bare(pixels: Any) -> list[Any]:  # noqa: ANN401  an array
    return list(zxingcpp.read_barcodes(pixels, formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])))


def _gain(setting: Setting, other: Callable[[Any], Any], picture: Any) -> tuple[float, ...]:  # noqa: ANN401  a file or an array
    for read in (qr.read, other):
        assert [damage.certificate_text()] == [one.text for one in read(picture)]
    sides = {"own": timed(partial(qr.read, picture)), "other": timed(partial(other, picture))}
    taken = race(sides, rounds=setting.pick(2 * ROUNDS + 1, 1))
    return ratios(taken["other"], taken["own"])


def _efforts(setting: Setting) -> Iterator[Figure]:
    """Giving up on a page without a code, and how much more of the damaged set is read."""
    page = _pictures.empty_page(setting.pick(1, 8))
    known = {name: read for name, read in decoders(setting).items() if read is not None and name != "OpenCV"}
    row = "a page of 12 megapixels without a code is given up after, ms"
    for name in ("zxing-cpp", "certcore, fast", "certcore, normal", "certcore, thorough"):
        read, taken = known[name], list[float]()
        for _ in range(setting.pick(ROUNDS, 1)):
            start = time.process_time()
            assert set() == read(page)
            taken.append((time.process_time() - start) * 1000)
        yield Figure(table="efforts", row=row, column=name, rounds=tuple(taken))
    shown = [one for _, one in islice(damaged(range(1), levels=("M", "Q")), setting.pick(None, 2))]
    known.pop("certcore, fast")
    found = tally(shown, known, is_timed=False)
    bare = found.read["zxing-cpp"]
    yield from _count(
        "efforts", f"damaged prints read, of {found.pictures}", {name: found.read[name] for name in known}
    )
    beside = {name: found.read[name] / bare if bare else None for name in known}
    yield from _count("efforts", "beside bare zxing-cpp", beside)


def _steps(setting: Setting) -> Iterator[Figure]:
    """What every step gains: the codes that are lost without it, and the processor time that it takes of all."""
    says = frozenset({damage.certificate_text().encode()})
    shots = [*damage.single_shots(range(2), levels=("M",)), *damage.double_shots(range(3, 4))[::2]]
    shots += [damage.Shot(("far",), "M", seed) for seed in range(2, 6)]
    outside = [one for _, pictures in outside_sets(setting.pick(None, 2)) for one in pictures]
    made = (Shown(one.picture(), says) for one in shots[: setting.pick(None, 2)])
    efforts = (Effort.NORMAL, Effort.THOROUGH)
    tallies = {effort: StepTally() for effort in efforts}
    for one in chain(outside, made):
        for effort in efforts:
            tallies[effort].add(one, effort)
    for effort, found in tallies.items():
        row, total = f"all, {effort.value}", sum(found.spent.values())
        yield from _count(
            "steps", row, {"codes read": found.read, "lost without it": None, "share of the time, %": 100}
        )
        for name in dict.fromkeys(step.name for step in _cascade.STEPS if effort in step.efforts):
            columns = {
                "codes read": found.by[name],
                "lost without it": found.lost[name] if name else None,
                "share of the time, %": round(100 * found.spent[name] / total) if total else 0,
            }
            yield from _count("steps", f"{name or 'looks'}, {effort.value}", columns)


@attrs.define
class StepTally:
    """What the steps of one effort did.

    Attributes:
        read: how many codes all of them read.
        by: how many each read.
        lost: how many are read no longer where it is left out.
        spent: seconds of processor time.
    """

    read: int = 0
    by: Counter[str] = attrs.field(factory=Counter)
    lost: Counter[str] = attrs.field(factory=Counter)
    spent: dict[str, float] = attrs.field(factory=lambda: defaultdict(float))

    def add(self, one: Shown, effort: Effort) -> None:
        """Read a picture with all steps, and without each of those that read something."""
        page = Grey(one.picture.tobytes(), *one.picture.size)
        found = _cascade.symbols(page, effort=effort, deadline=NEVER, steps=tuple(map(self._timed, _cascade.STEPS)))
        read = _right(one, found)
        self.read += len(read)
        took_part = {symbol.decoder.partition("+")[2] for symbol in found} - {""}
        self.by.update(symbol.decoder.partition("+")[2] for symbol in found)
        for name in took_part:
            others = tuple(step for step in _cascade.STEPS if step.name != name)
            left = _right(one, _cascade.symbols(page, effort=effort, deadline=NEVER, steps=others))
            self.lost[name] += max(0, len(read) - len(left))

    def _timed(self, step: _cascade.Step) -> _cascade.Step:
        def symbols(page: _cascade.Page) -> Iterator[qr.Symbol]:
            start = time.process_time()
            found = list(step.symbols(page))
            self.spent[step.name] += time.process_time() - start
            return iter(found)

        return attrs.evolve(step, symbols=symbols)


def _right(one: Shown, found: Sequence[qr.Symbol]) -> set[bytes]:
    """What was read of what stands in the picture."""
    read = {symbol.data for symbol in found}
    return (
        read
        if ANY in one.says
        else {symbol.data for symbol in found if one.is_read({symbol.data, symbol.text.encode()})}
    )


def _levels(setting: Setting) -> Iterator[Figure]:
    """Which error correction survives what: how many of the shots are read at normal effort, and by bare zxing-cpp."""
    text = damage.certificate_text().encode()
    names = list(damage.DAMAGES)[: setting.pick(None, 1)]
    seeds = range(setting.pick(3, 1))
    totals: Counter[str] = Counter()
    for name in names:
        shots = {level: [damage.Shot((name,), level, seed).picture() for seed in seeds] for level in damage.LEVELS}
        for level, pictures in shots.items():
            read = sum(text in certcore(one, Effort.NORMAL) for one in pictures)
            totals[level] += read
            yield from _count("levels", name, {level: read})
        for level, pictures in shots.items():
            yield from _count("levels", name, {f"bare, {level}": sum(text in zxing(one) for one in pictures)})
    yield from _count("levels", "all", totals)
