"""Certificates of certcore's own, printed and photographed badly: the same picture for the same name, level and seed.

Tests and the benchmark draw their damaged pictures from here. A shot is made in the order in which a real one comes
about: what befalls the print (stain, inverted, mirrored), where the paper lies (turned, tilted, rolled, crumpled,
folded), the light on it (glare, shadow, low contrast, a screen's pixels), the lens and the sensor (blur, motion, noise)
and the file (JPEG). How bad each damage is, is drawn evenly between what every decoder reads and what none does.

Random numbers come from NumPy's PCG64 alone, whose stream is fixed. Arithmetic in floating point may still round
a pixel the other way on another processor, and another libjpeg may write other bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from itertools import combinations
from typing import Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from PIL import Image

from certcore import Basis, InspectionCertificate, Issuer, LocalSigner, Result, StatusRef, qr
from certcore.qr._write import QUIET_ZONE_MODULES
from certcore.testing import FixedClock

Pixels: TypeAlias = npt.NDArray[np.float32]

LEVELS: Final = ("L", "M", "Q", "H")
SIDE_PIXELS: Final = 300
"""Pixels of the photograph along the symbol's side, where the damage says nothing else: as large at every level, as
a print is, so that a higher level has smaller modules."""

_TEXTURE: Final = 8
"""Pixels of the print to a module."""

_MARGIN: Final = 9
"""Modules of paper around the quiet zone."""

_ISSUED_AT: Final = datetime(2026, 9, 25, 7, 20, tzinfo=UTC)


@cache
def certificate_text() -> str:
    """The text of a certificate as an issuer prints it; Ed25519, so that it is the same every time."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    signer = LocalSigner.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate = InspectionCertificate(
        registration_number="闽C12345",
        country="CN",
        vin="LSVAA4181E2184211",
        valid_until=date(2027, 9, 30),
        basis=Basis.INSPECTED,
        result=Result.PASS,
        authority="闽C",
        status=StatusRef(list=12, index=524287),
    )
    return Issuer(signer=signer, country="CN", clock=FixedClock(_ISSUED_AT)).issue(certificate)


@attrs.define
class _Scene:
    """A photograph in the making.

    Attributes:
        rng: where all chance comes from.
        print: the symbol with its quiet zone, `_TEXTURE` pixels to a module; 0 is black and 1 white.
        u, v: for every pixel of the photograph, the place on the print in modules, from the symbol's middle.
        scale: pixels of the photograph to a module.
        modules: modules along the symbol's side.
        unit: pixels of the photograph to a fiftieth of the symbol's side.
        light: what the print's brightness is multiplied with, and what is added to it after that.
        blur: spread of the lens in pixels; `motion`: the way of the camera in pixels.
        noise: spread of the sensor's noise, of 1; `jpeg`: quality.
    """

    rng: np.random.Generator
    print: Pixels
    u: Pixels
    v: Pixels
    scale: float
    modules: int
    unit: float
    light: list[tuple[Pixels | float, Pixels | float]] = attrs.field(factory=list)
    blur: float = 0.6
    motion: tuple[float, float] = (0.0, 0.0)
    noise: float = 0.012
    jpeg: int = 90

    def between(self, low: float, high: float) -> float:
        """A number drawn evenly."""
        return float(self.rng.uniform(low, high))


# What befalls the print.


def _stain(scene: _Scene, share: float) -> None:
    """The ring of a cup, over a share of the symbol's area; what was white under it is darkened."""
    side = scene.modules
    place = _print_grid(scene)
    middle = [scene.between(-0.2, 0.2) * side for _ in range(2)]
    radius = scene.between(0.2, 0.32) * side
    width = share * side * side / (2 * math.pi * radius)
    away = np.hypot(place[0] - middle[0], place[1] - middle[1])
    ring = np.clip((width / 2 - np.abs(away - radius)) / 0.5 + 0.5, 0, 1)
    scene.print *= 1 - ring * (1 - scene.between(0.1, 0.5))


def _print_grid(scene: _Scene) -> tuple[Pixels, Pixels]:
    """The place of every pixel of the print, in modules from the symbol's middle."""
    steps = (np.arange(scene.print.shape[0], dtype=np.float32) + 0.5) / _TEXTURE - scene.print.shape[0] / _TEXTURE / 2
    return np.meshgrid(steps, steps)


def _inverted(scene: _Scene) -> None:
    scene.print = 1 - scene.print


def _mirrored(scene: _Scene) -> None:
    scene.u = -scene.u


# Where the paper lies. Each of these changes which place of the print a pixel shows.


def _turn(scene: _Scene, angle: float) -> None:
    cos, sin = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    scene.u, scene.v = scene.u * cos + scene.v * sin, scene.v * cos - scene.u * sin


def _rotation(scene: _Scene) -> None:
    _turn(scene, scene.between(0, 2 * math.pi))


def _perspective(scene: _Scene) -> None:
    """Seen from one side, 25 to 70 degrees off, by a camera twice the symbol's side away."""
    tilt, towards = math.radians(scene.between(25, 70)), scene.between(0, 2 * math.pi)
    distance = 2.2 * scene.modules
    _turn(scene, towards)
    # The ray through a pixel meets a plane that is tilted about the vertical axis.
    depth = distance / np.maximum(distance * math.cos(tilt) - scene.u * math.sin(tilt), np.float32(0.05 * distance))
    scene.u, scene.v = scene.u * depth, scene.v * depth * math.cos(tilt)
    _turn(scene, -towards)


def _curved(scene: _Scene) -> None:
    """Around a bottle, of whose half the symbol takes a share; a little turned."""
    angle = scene.between(-0.3, 0.3) + (math.pi / 2 if scene.rng.random() < 0.5 else 0)
    half = math.radians(scene.between(30, 70))
    radius = scene.modules / 2 / half
    _turn(scene, angle)
    bent = np.clip(scene.u / radius, -0.999, 0.999)
    scene.light.append((np.sqrt(1 - bent**2) * 0.6 + 0.4, 0.0))
    scene.u = np.float32(radius) * np.arcsin(bent)
    _turn(scene, -angle)


def _crumpled(scene: _Scene) -> None:
    """Cloth or crumpled paper: waves of a quarter to a half of the symbol, up to two modules high."""
    du, dv, shade = np.zeros_like(scene.u), np.zeros_like(scene.u), np.ones_like(scene.u)
    for _ in range(4):
        angle, phase = scene.between(0, 2 * math.pi), scene.between(0, 2 * math.pi)
        length = scene.between(0.25, 0.6) * scene.modules
        wave = (scene.u * math.cos(angle) + scene.v * math.sin(angle)) * (2 * math.pi / length) + phase
        height = scene.between(0.1, 0.6)
        du += height * math.cos(scene.between(0, 2 * math.pi)) * np.sin(wave)
        dv += height * math.sin(scene.between(0, 2 * math.pi)) * np.sin(wave)
        shade += 0.15 * height * np.cos(wave)
    scene.u, scene.v = scene.u + du, scene.v + dv
    scene.light.append((np.clip(shade, 0.3, 1.2), 0.0))


def _fold(scene: _Scene) -> None:
    """One or two creases through the symbol, each with a worn line, and what lies beyond it tilted and shaded."""
    for _ in range(int(scene.rng.integers(1, 3))):
        angle = scene.between(0, math.pi)
        _turn(scene, angle)
        beyond = scene.u - np.float32(scene.between(-0.25, 0.25) * scene.modules)
        shorter = scene.between(0.02, 0.25)
        scene.light.append((np.where(beyond > 0, np.float32(scene.between(0.55, 0.9)), np.float32(1)), 0.0))
        worn = np.exp(-((beyond / np.float32(scene.between(0.3, 0.8))) ** 2))
        scene.light.append((1 - worn, worn * np.float32(scene.between(0.2, 0.8))))
        scene.u = scene.u + np.where(beyond > 0, beyond * np.float32(shorter), np.float32(0))
        _turn(scene, -angle)


def _creased(scene: _Scene, depth: float) -> None:
    """Folded once and laid down again: what lies beyond the crease is seen shorter by a share, and sheared."""
    angle = scene.between(0, math.pi)
    _turn(scene, angle)
    beyond = np.maximum(scene.u - np.float32(scene.between(-0.2, 0.2) * scene.modules), 0)
    scene.light.append((np.where(beyond > 0, np.float32(scene.between(0.5, 0.85)), np.float32(1)), 0.0))
    scene.u = scene.u + beyond * np.float32(depth)
    scene.v = scene.v + beyond * np.float32(scene.between(-0.4, 0.4) * depth)
    _turn(scene, -angle)


def _askew(scene: _Scene) -> None:
    """Turned by 30 to 45 degrees, where rows and columns cross finder patterns worst."""
    _turn(scene, math.radians(scene.between(30, 45)) * (1 if scene.rng.random() < 0.5 else -1))


# The light.


def _scribbled(scene: _Scene) -> None:
    """A thick pen, drawn around the symbol through its quiet zone: it touches the symbol here and there."""
    away = np.maximum(np.abs(scene.u), np.abs(scene.v)) - np.float32(scene.modules / 2)
    around = np.arctan2(scene.v, scene.u)
    ink = np.ones_like(scene.u)
    for _ in range(3):
        waves, phase = int(scene.rng.integers(6, 18)), scene.between(0, 2 * math.pi)
        middle = scene.between(1.2, 4) + scene.between(0.5, 1.5) * np.sin(around * waves + phase)
        ink[np.abs(away - middle) < scene.between(0.4, 1)] = 0.12
    scene.light.append((ink, 0.0))


def _glare(scene: _Scene) -> None:
    """A lamp's reflection that drowns up to a tenth of the symbol."""
    away = [scene.between(-0.4, 0.4) * scene.modules for _ in range(2)]
    size = scene.between(0.08, 0.25) * scene.modules
    spot = np.exp(-(((scene.u - away[0]) / size) ** 2 + ((scene.v - away[1]) / (size * scene.between(0.5, 1))) ** 2))
    scene.light.append((1.0, spot * np.float32(scene.between(0.6, 2.5))))


def _shadow(scene: _Scene) -> None:
    """The edge of a hand's shadow across the symbol."""
    angle = scene.between(0, 2 * math.pi)
    across = scene.u * math.cos(angle) + scene.v * math.sin(angle) - scene.between(-0.3, 0.3) * scene.modules
    dark = scene.between(0.1, 0.5)
    scene.light.append((np.clip(across / np.float32(scene.between(0.5, 4)), 0, 1) * (1 - dark) + dark, 0.0))


def _low_contrast(scene: _Scene) -> None:
    """Faded ink, or a picture taken in the dark: 10 to 50 of 255 shades are left."""
    span = scene.between(10, 50) / 255
    scene.light.append((span, scene.between(0.05, 0.95 - span)))
    scene.noise = 0.008


def _dark(scene: _Scene) -> None:
    """Under-exposed: the brightest paper has 18 to 130 of 255 shades, and the sensor's noise grows beside them."""
    scene.light.append((scene.between(18, 130) / 255 / 0.94, 0.004))
    scene.noise = scene.between(0.004, 0.01)


def _moire(scene: _Scene) -> None:
    """A screen with a dark gap around each of its pixels, whose grid beats with the camera's."""
    to_module = scene.between(0.7, 1.3) * scene.scale / 2
    gap = scene.between(0.2, 0.5)
    grid = [1 - gap * (0.5 + 0.5 * np.cos(place * np.float32(2 * math.pi * to_module))) for place in (scene.u, scene.v)]
    scene.light.append((grid[0] * grid[1], 0.04))
    scene.blur = 0.3


# The lens, the sensor and the file.


def _blur(scene: _Scene) -> None:
    scene.blur = scene.between(0.2, 0.75) * scene.unit


def _motion(scene: _Scene) -> None:
    length, angle = scene.between(0.4, 2.4) * scene.unit, scene.between(0, math.pi)
    scene.motion = (length * math.cos(angle), length * math.sin(angle))


def _noise(scene: _Scene) -> None:
    scene.noise = scene.between(0.06, 0.4)


def _jpeg(scene: _Scene) -> None:
    scene.jpeg = 20


DAMAGES: Final[dict[str, Callable[[_Scene], None]]] = {
    "stain 5 %": lambda scene: _stain(scene, 0.05),
    "stain 10 %": lambda scene: _stain(scene, 0.10),
    "inverted": _inverted,
    "mirrored": _mirrored,
    "rotation": _rotation,
    "perspective": _perspective,
    "curved": _curved,
    "crumpled": _crumpled,
    "fold": _fold,
    "glare": _glare,
    "shadow": _shadow,
    "low contrast": _low_contrast,
    "moire": _moire,
    "blur": _blur,
    "motion": _motion,
    "noise": _noise,
    "jpeg 20": _jpeg,
    "tiny": lambda _: None,
    "page": lambda _: None,
    "far": lambda _: None,
    "near": lambda _: None,
    "fold 10 %": lambda scene: _creased(scene, 0.10),
    "fold 30 %": lambda scene: _creased(scene, 0.30),
    "fold 50 %": lambda scene: _creased(scene, 0.50),
    "askew": _askew,
    "scribbles": _scribbled,
    "dark": _dark,
}
"""Every damage, in the order in which they befall a picture."""

_PAIRED: Final = tuple(DAMAGES)[: tuple(DAMAGES).index("page") + 1]
"""Those that are also shown in pairs: the others are cases of their own."""

_SMALL: Final = {"tiny": 2.0, "jpeg 20": 3.0}
"""Pixels to a module, where the damage is that there are few, or needs few to do harm."""

_FAR: Final = (1.4, 3.3)
_NEAR: Final = (20.0, 40.0)
"""Pixels to a module of a symbol on a page of 12 megapixels, and of one that fills the picture."""

_PAGE: Final = (4000, 3000)
_PAGE_SHARE: Final = 0.03
"""How much of a 12-megapixel page the symbol takes."""


@attrs.frozen
class Shot:
    """One damaged picture, to be made.

    Attributes:
        damages: names out of `DAMAGES`.
        level: the symbol's error correction: L, M, Q or H.
        seed: which of them.
    """

    damages: tuple[str, ...]
    level: str
    seed: int

    @property
    def name(self) -> str:
        """The damages, the level and the seed."""
        return f"{' + '.join(self.damages) or 'none'}, {self.level}, {self.seed}"

    def picture(self) -> Image.Image:
        """The photograph, in grey."""
        return _photograph(self)


def single_shots(seeds: Sequence[int], *, levels: Sequence[str] = LEVELS) -> list[Shot]:
    """Each damage alone, at every level."""
    return [Shot((damage,), level, seed) for damage in DAMAGES for level in levels for seed in seeds]


def double_shots(seeds: Sequence[int], *, levels: Sequence[str] = ("M",)) -> list[Shot]:
    """Each pair of damages that can meet."""
    exclusive = ({"stain 5 %", "stain 10 %"}, {"tiny", "page"}, {"tiny", "jpeg 20"}, {"page", "jpeg 20"})
    pairs = [pair for pair in combinations(_PAIRED, 2) if set(pair) not in exclusive]
    return [Shot(pair, level, seed) for pair in pairs for level in levels for seed in seeds]


def _photograph(shot: Shot) -> Image.Image:
    # The name is part of the seed: two damages of one seed have nothing in common.
    name = [*"+".join(shot.damages).encode(), *shot.level.encode()]
    scene = _scene(shot, np.random.Generator(np.random.PCG64([shot.seed, *name])))
    for damage, befall in DAMAGES.items():
        if damage in shot.damages:
            befall(scene)
    return _developed(scene)


def _scene(shot: Shot, rng: np.random.Generator) -> _Scene:
    """The print lying nearly straight before the camera."""
    symbol = Image.open(BytesIO(qr.to_png(certificate_text(), level=shot.level, scale=_TEXTURE))).convert("L")
    printed = np.asarray(symbol, dtype=np.float32) / 255
    with_border = printed.shape[0] // _TEXTURE
    modules = with_border - 2 * QUIET_ZONE_MODULES
    scale = min([SIDE_PIXELS / modules, *(_SMALL[damage] for damage in shot.damages if damage in _SMALL)])
    if "near" in shot.damages:
        scale = rng.uniform(*_NEAR)
    width = height = round((with_border + 2 * _MARGIN) * scale)
    is_page = not {"page", "far"}.isdisjoint(shot.damages)
    if is_page:
        width, height = _PAGE
        scale = rng.uniform(*_FAR) if "far" in shot.damages else math.sqrt(_PAGE_SHARE * width * height) / modules
    middle = rng.uniform(-0.3, 0.3, 2) * (width, height) if is_page else rng.uniform(-1, 1, 2)
    x = (np.arange(width, dtype=np.float32) + 0.5 - np.float32(width / 2 + middle[0])) / np.float32(scale)
    y = (np.arange(height, dtype=np.float32) + 0.5 - np.float32(height / 2 + middle[1])) / np.float32(scale)
    u, v = np.meshgrid(x, y)
    scene = _Scene(rng, 0.08 + 0.86 * printed, u, v, scale, modules, scale * modules / 50)
    _turn(scene, math.radians(scene.between(-5, 5)))
    slope, angle = scene.between(0, 0.15), scene.between(0, 2 * math.pi)
    reach = np.float32(slope / (width / scale))
    scene.light.append((1 + reach * (u * math.cos(angle) + v * math.sin(angle)), 0.0))
    return scene


def _developed(scene: _Scene) -> Image.Image:
    """The light that falls through the lens, as a file."""
    seen = _seen(scene)
    for factor, added in scene.light:
        seen = seen * factor + added
    seen = _moved(_softened(np.clip(seen, 0, 1), scene.blur), *scene.motion)
    seen += scene.rng.standard_normal(seen.shape, dtype=np.float32) * np.float32(scene.noise)
    picture = Image.fromarray((np.clip(seen, 0, 1) * 255).astype(np.uint8))
    file = BytesIO()
    picture.save(file, "JPEG", quality=scene.jpeg)
    return Image.open(BytesIO(file.getvalue())).convert("L")


def _seen(scene: _Scene) -> Pixels:
    """The print where it is seen, and lines of writing on the paper around it."""
    # Few pixels to a module see the mean of what lies in each: a blurred print says the same at one point.
    printed = _softened(scene.print, max(0.0, _TEXTURE / scene.scale / 3))
    half = np.float32(printed.shape[0] / _TEXTURE / 2)
    paper = np.float32(printed[0, 0])
    ink = np.float32(1) - paper if paper > 0.5 else np.float32(0.8)
    waves = np.sin(scene.u * np.float32(3.1)) * np.sin(scene.u * np.float32(0.7))
    line = (scene.v % np.float32(4) < 1.4) & (waves > 0.1)
    around = np.where(line & (np.maximum(np.abs(scene.u), np.abs(scene.v)) > half + 1), ink, paper).astype(np.float32)
    column, row = ((place + half) * np.float32(_TEXTURE) - np.float32(0.5) for place in (scene.u, scene.v))
    end = printed.shape[0] - 2
    inside = (column >= 0) & (column < end) & (row >= 0) & (row < end)
    column, row = column[inside], row[inside]
    left, top = column.astype(np.intp), row.astype(np.intp)
    right, down = column - left, row - top
    upper = printed[top, left] * (1 - right) + printed[top, left + 1] * right
    lower = printed[top + 1, left] * (1 - right) + printed[top + 1, left + 1] * right
    around[inside] = upper * (1 - down) + lower * down
    return around


def _softened(pixels: Pixels, sigma: float) -> Pixels:
    """Out of focus: convolved with a bell of this many pixels."""
    if sigma <= 0:
        return pixels
    reach = math.ceil(3 * sigma)
    bell = np.exp(-((np.arange(-reach, reach + 1, dtype=np.float32) / np.float32(sigma)) ** 2) / 2)
    bell /= bell.sum()
    for axis in (0, 1):
        padded = np.pad(pixels, [(reach, reach) if side == axis else (0, 0) for side in (0, 1)], mode="edge")
        length = pixels.shape[axis]
        pixels = sum(
            np.float32(weight) * np.take(padded, range(at, at + length), axis) for at, weight in enumerate(bell)
        )
    return pixels


def _moved(pixels: Pixels, across: float, down: float) -> Pixels:
    """Smeared along a straight line of this many pixels."""
    steps = math.ceil(math.hypot(across, down) * 2)
    if not steps:
        return pixels
    picture = Image.fromarray(pixels)
    total = np.zeros_like(pixels)
    for step in range(steps + 1):
        share = step / steps - 0.5
        moved = (1, 0, share * across, 0, 1, share * down)
        total += np.asarray(picture.transform(picture.size, Image.Transform.AFFINE, moved, Image.Resampling.BILINEAR))
    return total / np.float32(steps + 1)
