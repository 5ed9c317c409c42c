"""Pictures to verdicts: certcore beside what an engineer would write with Pillow, a decoder and `cryptography`.

The photographs are made here from fixed seeds: a certificate turned by some degrees on a noisy ground. Each side gets
the file, or the array, and ends with a checked signature; certcore's also has trust, dates, vehicle, status and the
verdict. Every side's answers are looked at before the time is taken, and counted under *codes read*.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from importlib import import_module
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from benchmarks import _by_hand, _pictures
from benchmarks._desk import NOW, Desk, certificate, expected, plate
from benchmarks._measure import MILLI, Figure, Setting, Side, race, rates, ratios, scaled, timed
from benchmarks._peers import MissingPeerError
from benchmarks._pictures import KINDS
from certcore import qr
from certcore.bulk import BulkQuestion, BulkResult, verify_files

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

OWN = "certcore"
HAND = "Pillow + zxing-cpp + cryptography"
NEEDS = {HAND: ("zxingcpp",), "Pillow + pyzbar + cryptography": ("pyzbar.pyzbar",)}
DECODING = "Pillow + zxing-cpp"
COUNTED = 200_000
"""Numbers that are added up, for what the machine gives two processes that hardly touch memory."""

LARGE = "12"
APART = ("PDF", "HEIC")
"""Decoded in a process of their own, so that only the clock sees all of it."""


@attrs.frozen
class Case:
    """One row: how many megapixels, of which kind, with how much of the frame."""

    table: str
    row: str
    megapixels: str
    kind: str
    share: float


CASES = (
    Case("by size", "0.05 megapixels, JPEG, code on 60 %", "0.05", "JPEG", 0.6),
    Case("by size", "0.5 megapixels, JPEG, code on 10 %", "0.5", "JPEG", 0.1),
    Case("by size", "2 megapixels, JPEG, code on 5 %", "2", "JPEG", 0.05),
    Case("by size", "12 megapixels, JPEG, code on 5 %", "12", "JPEG", 0.05),
    Case("by share", "12 megapixels, JPEG, code on 1 %", "12", "JPEG", 0.01),
    Case("by share", "12 megapixels, JPEG, code on 2 %", "12", "JPEG", 0.02),
    Case("by share", "12 megapixels, JPEG, code on 30 %", "12", "JPEG", 0.3),
    *(
        Case("by kind", f"2 megapixels, {kind}, code on 5 %" + " (by the clock)" * (kind in APART), "2", kind, 0.05)
        for kind in KINDS
        if kind != "JPEG"
    ),
)

Read = Callable[[Any], bool]


def measure(setting: Setting) -> Iterator[Figure]:
    """Which pictures there are, every case, then a process that can be killed."""
    yield from _sets()
    desk = _desk(setting)
    quick = ("0.05", "0.5")
    for number, case in enumerate(CASES):
        if not setting.is_quick or case.megapixels in quick or case.kind == "array":
            setting.say(case.row)
            yield from _case(setting, desk, case, number)
    yield from _nothing(setting)
    yield from _apart(setting, desk)


def _desk(setting: Setting) -> Desk:
    desk = Desk(setting.pick(4, 1))
    desk.texts = [
        desk.issuer.issue(certificate(number, registration_number=plate(0))) for number in range(len(desk.texts))
    ]
    return desk


def _sets() -> Iterator[Figure]:
    """The outside sets, which the suite *decoders* reads."""
    here = _pictures.found()
    for name, (repository, commit, count) in _pictures.SETS.items():
        values, note = ((float(count),), "") if name in here else ((), "not here: set CERTCORE_VECTORS")
        row = f"{name}: github.com/{repository}, commit {commit[:10]}"
        yield Figure(table="outside pictures", row=row, column="pictures", rounds=values, note=note)


# --- sides ------------------------------------------------------------------------------------------------------------


def _own(desk: Desk, *, isolate: bool = False) -> Read:
    return lambda picture: bool(desk.verifier.verify_image(picture, as_of=NOW, expect=expected(0), isolate=isolate))


def _by_decoder(name: str, desk: Desk) -> Read:
    """A decoder's texts, and the first certificate among them checked by hand."""
    verify = _by_hand.verifier(desk.signer.public_key.to_pem())
    decode = _zxing() if name == HAND else _zbar()

    def read(picture: Any) -> bool:  # noqa: ANN401  a path or an array
        image: Any = _opened(picture) if isinstance(picture, Path) else picture
        for text in decode(image):
            if text.startswith("VIC1:"):
                return bool(verify(text))
        return False

    return read


def _zxing() -> Callable[[Any], list[str]]:
    zxingcpp: Any = import_module("zxingcpp")
    formats = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
    return lambda image: [one.text for one in zxingcpp.read_barcodes(image, formats=formats)]


def _zbar() -> Callable[[Any], list[str]]:
    pyzbar: Any = import_module("pyzbar.pyzbar")
    kinds = [pyzbar.ZBarSymbol.QRCODE]
    return lambda image: [one.data.decode("utf-8", "replace") for one in pyzbar.decode(image, symbols=kinds)]


def _opened(path: Path) -> Any:  # noqa: ANN401  a picture
    """As it is written everywhere: the file opened, turned upright, made grey."""
    if path.suffix == ".pdf":
        with import_module("pypdfium2").PdfDocument(path) as document:
            return document[0].render(scale=150 / 72, grayscale=True).to_pil()
    image, ops = import_module("PIL.Image"), import_module("PIL.ImageOps")
    return ops.exif_transpose(image.open(path)).convert("L")


# --- cases ------------------------------------------------------------------------------------------------------------


def _case(setting: Setting, desk: Desk, case: Case, number: int) -> Iterator[Figure]:
    table = case.table
    try:
        pictures = _photographs(setting, desk, case, number)
    except (ImportError, OSError, KeyError) as error:
        yield Figure(table=table, row=case.row, column=OWN, unit="a second", note=f"no such pictures: {error}")
        return
    readers, missing = {OWN: _own(desk)}, dict[str, str]()
    for name in NEEDS:
        try:
            readers[name] = _by_decoder(name, desk)
        except ImportError as error:
            missing[name] = f"not measured: {str(error).splitlines()[0]}"
    read = {name: sum(map(reader, pictures)) for name, reader in readers.items()}
    assert read[OWN] >= max(read.values()), f"{case.row}: certcore reads {read}"
    clock = time.perf_counter if case.kind in APART else time.process_time
    sides: dict[str, Side] = {
        name: timed(partial(_read_all, reader, pictures), pieces=len(pictures), clock=clock)
        for name, reader in readers.items()
    }
    try:
        read["OpenCV"] = _opencv(setting, desk, case, pictures)
        sides["OpenCV"] = setting.peers.get("OpenCV").side(case.row)
    except MissingPeerError as error:
        missing["OpenCV"] = str(error)
    rounds = max(1, setting.rounds // 3) if case.megapixels == LARGE else setting.rounds
    taken = race(sides, rounds=rounds)
    for name, seconds in taken.items():
        yield Figure(table=table, row=case.row, column=name, unit="a second", rounds=rates(seconds))
    for name, why in missing.items():
        yield Figure(table=table, row=case.row, column=name, unit="a second", note=why)
    if HAND in taken:
        beside = ratios(taken[HAND], taken[OWN])
        yield Figure(table=table, row=case.row, column="certcore beside zxing-cpp's", rounds=beside)
    yield from _spread(setting, case, readers[OWN], pictures)
    for name, count in read.items():
        row = f"{case.row}: of {len(pictures)}"
        yield Figure(table="codes read", row=row, column=name, unit="codes", rounds=(float(count),))


def _photographs(setting: Setting, desk: Desk, case: Case, number: int) -> list[Any]:
    kind, pictures = KINDS[case.kind], []
    for place, text in enumerate(desk.texts[: 2 if case.megapixels == LARGE else None]):
        picture = _pictures.photograph(text, megapixels=case.megapixels, share=case.share, seed=100 * number + place)
        path = setting.folder / f"{number}-{place}.{kind.ending or 'raw'}"
        pictures.append(_pictures.handed_over(picture, kind, path))
    return pictures


def _read_all(read: Read, pictures: list[Any]) -> None:
    for picture in pictures:
        read(picture)


def _opencv(setting: Setting, desk: Desk, case: Case, pictures: list[Any]) -> int:
    if case.kind in {"PDF", "HEIC", "array"}:
        raise MissingPeerError("it reads no such files" if case.kind != "array" else "its process is handed files")
    pem = desk.signer.public_key.to_pem().decode()
    paths = [str(path) for path in pictures]
    count = int(setting.peers.get("OpenCV").ask("opencv", work=case.row, pem=pem, paths=paths))
    if count == 0:
        raise MissingPeerError("reads none")
    return count


def _spread(setting: Setting, case: Case, read: Read, pictures: list[Any]) -> Iterator[Figure]:
    """How long one picture takes by the clock, neighbours included."""
    count = setting.pick(100, 2)
    ordered = sorted(timed(partial(read, one), clock=time.perf_counter)() for one in islice(cycle(pictures), count))
    for percent in (50, 95, 99):
        value = ordered[count * percent // 100] * MILLI
        yield Figure(table="certcore, one picture", row=case.row, column=f"p{percent}", unit="ms", rounds=(value,))


def _nothing(setting: Setting) -> Iterator[Figure]:
    """Giving up on pages without a code, beside one look by zxing-cpp at the same file."""
    try:
        _zxing()
    except ImportError as error:
        yield Figure(table="without a code", row="all", column=OWN, note=f"not measured: {error}")
        return
    twelve, half, three = (_pictures.empty_page(setting.pick(scale, 10)) for scale in (1, 5, 2))
    jpeg: dict[str, Any] = {"quality": 85}
    tiff: dict[str, Any] = {"save_all": True, "append_images": [three] * 9, "compression": "tiff_deflate"}
    for row, page, kind, options in (
        ("0.5 megapixels, JPEG", half, "JPEG", jpeg),
        ("12 megapixels, JPEG", twelve, "JPEG", jpeg),
        ("ten pages of 3 megapixels, TIFF", three, "TIFF", tiff),
    ):
        path = setting.folder / f"nothing.{kind.lower()}"
        page.save(path, kind, **options)
        works: dict[str, Callable[[], list[Any]]] = {
            OWN: partial(qr.read, path),
            DECODING: partial(_every_page, path),
        }
        assert not any(work() for work in works.values()), row
        taken = race({name: timed(work) for name, work in works.items()}, rounds=max(1, setting.rounds // 3))
        for name, seconds in taken.items():
            yield Figure(table="without a code", row=row, column=name, unit="ms", rounds=scaled(seconds, MILLI))
        beside = ratios(taken[OWN], taken[DECODING])
        yield Figure(table="without a code", row=row, column="times zxing-cpp's", rounds=beside)


def _every_page(path: Path) -> list[str]:
    found, decode = list[str](), _zxing()
    with import_module("PIL.Image").open(path) as picture:
        for page in range(getattr(picture, "n_frames", 1)):
            picture.seek(page)
            found += decode(picture.convert("L"))
    return found


# --- threads and processes: the suite *together* ----------------------------------------------------------------------


def _together(setting: Setting, desk: Desk) -> Iterator[Figure]:
    """One, two and as many as there are cores, once all are at work: over pictures, over texts, and what could be."""
    case = Case("", "", setting.pick("2", "0.5"), "JPEG", 0.1)
    paths = _photographs(setting, desk, case, 90)
    counts = sorted({1, 2, os.cpu_count() or 1})
    pictures, texts = setting.pick(60, 4), setting.pick(4000, 4)
    works: dict[str, Callable[[int], Side]] = {
        "pictures, threads": lambda count: partial(_threads, _own(desk), paths, pictures, count),
        "pictures, threads, isolate=True": lambda count: partial(
            _threads, _own(desk, isolate=True), paths, pictures, count
        ),
        "pictures, processes": lambda count: partial(_processes, desk, "picture", paths, pictures, count),
        "texts, processes": lambda count: partial(_processes, desk, "text", desk.texts, texts, count),
        f"pictures, unrelated processes, {DECODING}": lambda count: partial(_unrelated, paths, pictures, count),
        "counting, unrelated processes": lambda count: partial(_unrelated, None, pictures, count),
    }
    for what, side in works.items():
        setting.say(what)
        taken = race({str(count): side(count) for count in counts}, rounds=min(setting.rounds, 5))
        for count, seconds in taken.items():
            row = f"{what}: {count}"
            yield Figure(table="side by side", row=row, column="throughput", unit="a second", rounds=rates(seconds))
            yield Figure(table="side by side", row=row, column="beside one", rounds=ratios(taken["1"], seconds))


def _threads(read: Read, paths: list[Any], pieces: int, count: int) -> float:
    """Seconds for each picture that so many threads read, each of which has read one before."""
    with ThreadPoolExecutor(count) as pool:
        assert all(pool.map(read, paths[:1] * 2 * count))
        begun = time.perf_counter()
        assert all(pool.map(read, islice(cycle(paths), pieces * count)))
        return (time.perf_counter() - begun) / (pieces * count)


def _processes(desk: Desk, what: str, values: list[Any], pieces: int, count: int) -> float:
    """Seconds for each row that so many processes judge, each of which has judged one before."""
    rows = (
        BulkQuestion(row=place, as_of=NOW, expect=expected(0), **{what: value})
        for place, value in enumerate(cycle(values))
    )
    with closing(verify_files(desk.verifier, rows, workers=count, keep=_judge_of)) as found:
        judges = set[int]()
        while len(judges) < count:
            judges.add(next(found))
        begun = time.perf_counter()
        assert all(islice(found, pieces * count))
        return (time.perf_counter() - begun) / (pieces * count)


def _judge_of(result: BulkResult) -> int:
    """Which process judged it; 0 for what is not valid."""
    return os.getpid() if result.verdict else 0


def _unrelated(paths: list[Any] | None, pieces: int, count: int) -> float:
    """Seconds for each piece that so many processes do which share nothing but the machine: its own ceiling."""
    context = get_context("spawn")
    barrier = context.Barrier(count + 1)
    workers = [context.Process(target=_alone, args=(paths, pieces, barrier), daemon=True) for _ in range(count)]
    for worker in workers:
        worker.start()
    barrier.wait()
    begun = time.perf_counter()
    barrier.wait()
    took = time.perf_counter() - begun
    for worker in workers:
        worker.join()
    return took / (pieces * count)


def _alone(paths: list[Any] | None, pieces: int, barrier: Barrier) -> None:
    decode = _zxing() if paths else None

    def work(path: Any) -> object:  # noqa: ANN401  a path, or a number
        return sum(range(COUNTED)) if decode is None else decode(_opened(path))

    works = paths or [0]
    work(works[0])
    barrier.wait()
    for one in islice(cycle(works), pieces):
        assert work(one)
    barrier.wait()


def _apart(setting: Setting, desk: Desk) -> Iterator[Figure]:
    """Reading in a process that can be killed, beside reading in this one."""
    case = Case("", "", setting.pick("2", "0.5"), "JPEG", 0.1)
    (path, *_) = _photographs(setting, desk, case, 91)
    verify = partial(desk.verifier.verify_image, path, as_of=NOW, expect=expected(0))
    assert verify()
    assert verify(isolate=True)
    works = {"in this process": verify, "isolate=True": partial(verify, isolate=True)}
    count, clock = setting.pick(5, 1), time.perf_counter
    sides = {name: timed(partial(_repeat, work, count), pieces=count, clock=clock) for name, work in works.items()}
    for name, seconds in race(sides, rounds=setting.rounds).items():
        each = tuple(value * MILLI for value in seconds)
        yield Figure(table="a process that can be killed", row=name, column="each", unit="ms", rounds=each)


def _repeat(work: Callable[[], object], count: int) -> None:
    for _ in range(count):
        work()
