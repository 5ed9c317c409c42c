#!/usr/bin/env python3
"""Write the tables in README.md and docs anew, from what certcore does: `PYTHONPATH=src python tools/tables.py`.

With `--check` nothing is written: it names every file with a table that is out of date, and exits with 1.

A table stands between `<!-- table: NAME -->` and `<!-- end of table -->`. What lives here is how each is made; no
figure, code or outcome in a table is typed by hand. What is measured stands between other marks, which are filled by
`python -m benchmarks --into-docs`. The truth table is the exception: it is written by hand in `tests/truth_table`,
shown as it stands there, and held against the code by `tests/test_truth_table.py`.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certcore import (
    Basis,
    Deficiency,
    Expected,
    InspectionCertificate,
    LocalSigner,
    Policy,
    Result,
    StatusRef,
    TrustList,
    TrustRoot,
    VehicleVerdict,
    Verdict,
    Verifier,
    armor,
    cose,
    payload,
    policy,
    qr,
)
from certcore._cli.app import group
from certcore.cli import main as certcore_command
from certcore.errors import StatusError
from certcore.events._table import KINDS
from certcore.keys import ES384
from certcore.keys._algorithms import ALGORITHM_NAMES
from certcore.reasons import REASONS, Axis, Effect
from certcore.reasons._meaning import Meaning, causes
from certcore.status import (
    StatusBackend,
    StatusEvent,
    StatusEventKind,
    StatusQuery,
    StatusRecord,
    VehicleFlag,
    VehicleQuery,
    VehicleRecord,
    VehicleStatusBackend,
)
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, TrustedIssuer, TrustedKey, TrustListContents

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.test_architecture import FLOORS
from tools.sbom import licences

_BLOCK: Final = re.compile(r"<!-- table: (?P<name>[a-z-]+) -->\n(?P<body>.*?)<!-- end of table -->", re.DOTALL)
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_ISSUED: Final = datetime(2026, 9, 25, 15, 20, tzinfo=_SHANGHAI)

# RFC 8032 section 7.1, test 1: public knowledge, and Ed25519 so that the walk is the same bytes every time
_WALK_SEED: Final = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")

CORE: Final = InspectionCertificate(
    registration_number="闽C12345",
    country="CN",
    vin="LSVAA4181E2184211",
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="闽C",
    status=StatusRef(list=12, index=524287),
    issued_at=_ISSUED,
)
CHINESE: Final = attrs.evolve(
    CORE,
    country=None,
    valid_from=date(2026, 10, 1),
    inspected_on=date(2026, 9, 25),
    plate_type=2,
    vehicle_category="K33",
    usage="A",
)
EUROPEAN: Final = InspectionCertificate(
    registration_number="B-AB 123",
    vin="WVWZZZ1KZAW000123",
    valid_until=date(2028, 10, 31),
    basis=Basis.INSPECTED,
    result=Result.MINOR,
    authority="DE-BE",
    inspected_on=date(2026, 10, 12),
    vehicle_category="M1",
    status=StatusRef(list=3, index=70001),
    odometer_km=84210,
    deficiencies=(
        Deficiency(code="1.1.13 (a)", severity=Result.MINOR),
        Deficiency(code="4.1.2 (a)", severity=Result.MINOR),
        Deficiency(code="5.2.3 (e)", severity=Result.MINOR),
    ),
    test_place="Berlin",
    inspector="BE-0417",
    issued_at=_ISSUED,
)


def rows(heads: list[str], body: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [heads, ["---"] * len(heads), *body]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


# --- sizes ------------------------------------------------------------------------------------------------------------


def sizes() -> str:
    """Bytes, characters and symbols of a certificate of each profile."""
    live = attrs.evolve(
        CORE, presented_at=_ISSUED + timedelta(days=20), expires_at=_ISSUED + timedelta(days=20, minutes=5)
    )
    usual, p384 = LocalSigner.generate(), LocalSigner.generate(ES384)
    return rows(
        ["profile", "what is in it", "signature", "bytes", "characters", "QR symbol", "modules"],
        [
            _size("core", "plate, country, VIN, last day, basis, result, authority, status", CORE, usual),
            _size("core, presented live", "the same, and its few minutes", live, usual),
            _size("Chinese", "core, first day, day of inspection, plate type, category, usage", CHINESE, usual),
            _size("EU, Annex II", "core, odometer, three coded deficiencies, place, inspector", EUROPEAN, usual),
            _size("core, P-384", "as the first", CORE, p384),
        ],
    )


def _size(profile: str, content: str, certificate: InspectionCertificate, signer: LocalSigner) -> list[str]:
    data = cose.sign1(payload.encode(certificate), signer=signer)
    text = armor.encode(data)
    symbol = qr.size(text, level="M")
    algorithm = ALGORITHM_NAMES[signer.public_key.algorithm]
    return [
        profile, content, algorithm, str(len(data)), str(len(text)), f"{symbol.version}-M", f"{symbol.modules}²"
    ]  # fmt: skip


# --- the demonstration ------------------------------------------------------------------------------------------------


def demo() -> str:
    """The verdicts that `certcore demo` comes to, as it wrote them."""
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        code = certcore_command(["demo", "--out", f"{folder}/out"])
        if code:
            sys.exit(f"tables: certcore demo left with {code}")
        answers = json.loads(Path(folder, "out", "verdicts.json").read_text("utf-8"))
    return rows(
        ["picture", "what it shows", "asked about", "plate seen", "verdict", "reasons"], list(map(_demo, answers))
    )


def _demo(answer: dict[str, Any]) -> list[str]:
    reasons = ", ".join(f"`{reason['code']}`" for reason in answer["verdict"]["reasons"])
    moment = answer["as_of"].replace("T", " ").replace(":00+", "+")
    plate = answer["expect"]["registration_number"]
    return [answer["picture"], answer["about"], moment, plate, answer["verdict"]["outcome"].upper(), reasons]


# --- policies ---------------------------------------------------------------------------------------------------------

PRESETS: Final = tuple(preset() for preset in policy.PRESETS.values())
_NOW: Final = datetime(2026, 11, 20, 10, tzinfo=_SHANGHAI)
_HOURS: Final = 24
_LONG_AGO: Final = datetime(2020, 1, 1, tzinfo=UTC)
_SEEN: Final = Expected(registration_number="闽C·12345", vin="LSVAA4181E2184211")


def _age(value: timedelta | None) -> str:
    if value is None:
        return "any"
    if not value:
        return "0"
    hours, minutes = divmod(value // timedelta(minutes=1), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours // _HOURS} d" if hours > _HOURS and hours % _HOURS == 0 else f"{hours} h"


def presets() -> str:
    """What each preset is made of."""
    heads = ["", *(policy.name for policy in PRESETS)]
    lines: list[tuple[str, Callable[[Policy], str]]] = [
        ("`status`", lambda policy: policy.status.value),
        ("`vehicle`", lambda policy: policy.vehicle.value),
        ("`binding`", lambda policy: " and ".join(sorted(policy.binding)) or "none"),
        ("`max_status_age`", lambda policy: _age(policy.max_status_age)),
        ("`max_trust_age`", lambda policy: _age(policy.max_trust_age)),
        ("`note_trust_age`", lambda policy: _age(policy.note_trust_age) if policy.note_trust_age else "none"),
        ("`clock_skew`", lambda policy: f"{policy.clock_skew // timedelta(seconds=1)} s"),
        ("`live_replaces_status`", lambda policy: "yes" if policy.live_replaces_status else "no"),
    ]
    return rows(heads, [[name, *map(value, PRESETS)] for name, value in lines])


@attrs.frozen(kw_only=True)
class Answers:
    """Registers that answer as they are told, as of some time ago, or not at all."""

    status_age: timedelta | None = timedelta()
    is_registered: bool = True
    vehicle_age: timedelta | None = timedelta()
    is_vehicle_known: bool = True

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """What the certificate's register says."""
        if self.status_age is None:
            raise StatusError("status-unavailable")
        issued = StatusEvent(kind=StatusEventKind.ISSUED, effective_at=_ISSUED, recorded_at=_ISSUED)
        return StatusRecord(
            events=[issued] if self.is_registered else [],
            observed_at=query.asked_at - self.status_age,
            history_from=_LONG_AGO,
        )

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """What the vehicle's register says."""
        if self.vehicle_age is None:
            raise StatusError("status-unavailable")
        seen_at = query.asked_at - self.vehicle_age
        return VehicleRecord(known=self.is_vehicle_known, observed_at=seen_at, history_from=_LONG_AGO)


def policies() -> str:
    """What each preset does when something is missing or old, found by options."""
    signer, root = LocalSigner.generate(), LocalSigner.generate()
    text = armor.encode(cose.sign1(payload.encode(CHINESE), signer=signer))
    fresh = Answers()

    def ask(
        policy: Policy,
        status: StatusBackend | None = fresh,
        vehicles: VehicleStatusBackend | None = fresh,
        trust_age: timedelta = timedelta(hours=1),
        expect: Expected = _SEEN,
    ) -> Verdict:
        verifier = Verifier(
            trust=_trust(signer, root, _NOW - trust_age),
            status=status,
            policy=policy,
            vehicles=vehicles,
            clock=FixedClock(_NOW),
        )
        return verifier.verify(text, as_of=_NOW, expect=expect)

    hour, day = timedelta(hours=1), timedelta(days=1)
    plate = Expected(registration_number="闽C·12345")
    situations: list[tuple[str, dict[str, Any]]] = [
        ("everything there and fresh", {}),
        ("no status backend", {"status": None}),
        ("register cannot be reached", {"status": Answers(status_age=None)}),
        ("register does not know the certificate", {"status": Answers(is_registered=False)}),
        ("status 10 minutes old", {"status": Answers(status_age=hour / 6)}),
        ("status an hour old", {"status": Answers(status_age=hour)}),
        ("status two days old", {"status": Answers(status_age=2 * day)}),
        ("trust list two days old", {"trust_age": 2 * day}),
        ("trust list eight days old", {"trust_age": 8 * day}),
        ("trust list 31 days old", {"trust_age": 31 * day}),
        ("no vehicle backend", {"vehicles": None}),
        ("vehicle register cannot be reached", {"vehicles": Answers(vehicle_age=None)}),
        ("vehicle register does not know the vehicle", {"vehicles": Answers(is_vehicle_known=False)}),
        ("vehicle answer an hour old", {"vehicles": Answers(vehicle_age=hour)}),
        ("only the plate compared", {"expect": plate}),
        ("nothing compared", {"expect": Expected()}),
    ]
    heads = ["", *(policy.name for policy in PRESETS)]
    body = [[name, *(_verdict(ask(policy, **given)) for policy in PRESETS)] for name, given in situations]
    return rows(heads, body)


_LOSS: Final = datetime(2026, 10, 20, 10, tzinfo=_SHANGHAI)
_DAY: Final = timedelta(days=1)


@attrs.frozen(kw_only=True)
class Told:
    """Registers that say what they are told; None is no answer."""

    status: StatusRecord | None = None
    vehicle: VehicleRecord | None = None

    def lookup(self, query: StatusQuery, /) -> StatusRecord:
        """What the certificate's register says."""
        del query
        if self.status is None:
            raise StatusError("status-unavailable")
        return self.status

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """What the vehicle's register says."""
        del query
        if self.vehicle is None:
            raise StatusError("status-unavailable")
        return self.vehicle


def _history(
    *events: tuple[StatusEventKind, datetime | None, datetime],
    **changes: Any,  # noqa: ANN401  any field of a record
) -> Told:
    """A register that knows the certificate, all its history, and what else happened: effective, recorded."""
    happened = [(StatusEventKind.ISSUED, _ISSUED, _ISSUED), *events]
    fields: dict[str, Any] = {"observed_at": _NOW, "history_from": _LONG_AGO} | changes
    return Told(
        status=StatusRecord(
            events=[
                StatusEvent(kind=kind, effective_at=effective, recorded_at=recorded)
                for kind, effective, recorded in happened
            ],
            **fields,
        )
    )


def _vehicle(*flags: VehicleFlag, **changes: Any) -> Told:  # noqa: ANN401  any field of a record
    """A register that knows the vehicle and all its history."""
    fields: dict[str, Any] = {"known": True, "observed_at": _NOW, "history_from": _LONG_AGO} | changes
    return Told(vehicle=VehicleRecord(flags=flags, **fields))


def policies_past() -> str:
    """What each preset says of a moment a month ago, found by options."""
    signer, live_signer, root = (LocalSigner.generate() for _ in range(3))
    text = armor.encode(cose.sign1(payload.encode(CHINESE), signer=signer))
    shown = attrs.evolve(CHINESE, presented_at=_NOW, expires_at=_NOW + timedelta(minutes=5))
    live = armor.encode(cose.sign1(payload.encode(shown), signer=live_signer))

    def ask(
        policy: Policy,
        text: str = text,
        status: Told | None = _history(),  # noqa: B008  frozen
        vehicles: Told | None = _vehicle(),  # noqa: B008  frozen
        known_at: datetime | None = None,
        trust_age: timedelta = timedelta(hours=1),
    ) -> Verdict:
        verifier = Verifier(
            trust=_trust(signer, root, _NOW - trust_age, live_signer),
            status=status,
            policy=policy,
            vehicles=vehicles,
            clock=FixedClock(_NOW),
        )
        return verifier.verify(text, as_of=_LOSS, expect=_SEEN, known_at=known_at)

    revoked, suspended = StatusEventKind.REVOKED, StatusEventKind.SUSPENDED
    backdated = _history((revoked, _LOSS - _DAY, _LOSS + 5 * _DAY))
    resumed = (StatusEventKind.RESUMED, _LOSS + _DAY, _LOSS + _DAY)
    week = _LOSS - 7 * _DAY
    situations: list[tuple[str, dict[str, Any]]] = [
        ("registers with their whole history", {}),
        ("no status backend", {"status": None}),
        ("register cannot be reached", {"status": Told()}),
        ("register knows only its present", {"status": _history(history_from=None)}),
        ("snapshot of a week before the loss", {"status": _history(observed_at=week)}),
        ("snapshot of an hour before the loss", {"status": _history(observed_at=_LOSS - timedelta(hours=1))}),
        ("snapshot of the day after", {"status": _history(observed_at=_LOSS + _DAY)}),
        ("revoked before the loss", {"status": _history((revoked, week, week))}),
        ("revoked since", {"status": _history((revoked, _LOSS + _DAY, _LOSS + _DAY))}),
        ("revoked since, with effect from before", {"status": backdated}),
        ("the same, as known on the day of loss", {"status": backdated, "known_at": _LOSS + timedelta(hours=1)}),
        ("declared void since", {"status": _history((revoked, None, _LOSS + 5 * _DAY))}),
        ("suspended then, resumed since", {"status": _history((suspended, week, week), resumed)}),
        ("shown live today, no status backend", {"text": live, "status": None}),
        ("no vehicle backend", {"vehicles": None}),
        ("vehicle register knows only its present", {"vehicles": _vehicle(history_from=None)}),
        ("vehicle stolen before the loss", {"vehicles": _vehicle(VehicleFlag(code="C", since=week.date()))}),
        ("vehicle stolen since", {"vehicles": _vehicle(VehicleFlag(code="C", since=(_LOSS + _DAY).date()))}),
        (
            "stolen by now, register knows only its present",
            {"vehicles": _vehicle(VehicleFlag(code="C"), history_from=None)},
        ),
        ("inspection overdue by the register", {"vehicles": _vehicle(VehicleFlag(code="Q"))}),
        ("trust list eight days old", {"trust_age": 8 * _DAY}),
    ]
    heads = ["", *(policy.name for policy in PRESETS)]
    body = [[name, *(_verdict(ask(policy, **given)) for policy in PRESETS)] for name, given in situations]
    return rows(heads, body)


def policies_vehicle() -> str:
    """What each preset says of a vehicle for which nobody showed a certificate, found by options."""
    signer, root = LocalSigner.generate(), LocalSigner.generate()

    def ask(
        policy: Policy, vehicles: Told | None, as_of: datetime = _NOW, trust_age: timedelta = timedelta(hours=1)
    ) -> VehicleVerdict:
        verifier = Verifier(
            trust=_trust(signer, root, _NOW - trust_age),
            status=None,
            policy=policy,
            vehicles=vehicles,
            clock=FixedClock(_NOW),
        )
        return verifier.check_vehicle(registration_number="闽C12345", country="CN", plate_type=2, as_of=as_of)

    running = {"valid_until": date(2027, 9, 30)}
    past = {"as_of": _LOSS}
    situations: list[tuple[str, Told | None, dict[str, Any]]] = [
        ("in order", _vehicle(**running), {}),
        ("no vehicle backend", None, {}),
        ("register cannot be reached", Told(), {}),
        ("register does not know the vehicle", _vehicle(known=False), {}),
        ("register says nothing of its inspection", _vehicle(), {}),
        ("inspection ended last month", _vehicle(valid_until=date(2026, 10, 31)), {}),
        ("overdue, and no end stated", _vehicle(VehicleFlag(code="Q")), {}),
        ("overdue, and an end in the future", _vehicle(VehicleFlag(code="Q"), **running), {}),
        ("stolen", _vehicle(VehicleFlag(code="C"), **running), {}),
        ("violations not settled", _vehicle(VehicleFlag(code="G"), **running), {}),
        ("answer an hour old", _vehicle(observed_at=_NOW - timedelta(hours=1), **running), {}),
        ("answer two days old", _vehicle(observed_at=_NOW - 2 * _DAY, **running), {}),
        ("about a month ago, register with its history", _vehicle(**running), past),
        ("about a month ago, register knows only its present", _vehicle(history_from=None, **running), past),
        ("trust list eight days old", _vehicle(**running), {"trust_age": 8 * _DAY}),
    ]
    heads = ["", *(policy.name for policy in PRESETS)]
    body = [[name, *(_verdict(ask(policy, told, **given)) for policy in PRESETS)] for name, told, given in situations]
    return rows(heads, body)


def _trust(
    signer: LocalSigner, root: LocalSigner, issued_at: datetime, live_signer: LocalSigner | None = None
) -> TrustList:
    usages = [(signer, KeyUsage.CERTIFICATE), *([(live_signer, KeyUsage.LIVE)] if live_signer is not None else [])]
    keys = [
        TrustedKey(
            public_key=one.public_key,
            usage=usage,
            not_before=_LONG_AGO,
            not_after=datetime(2035, 1, 1, tzinfo=UTC),
        )
        for one, usage in usages
    ]
    issuer = TrustedIssuer(id="CN", name="Example issuer", country="CN", time_zone="Asia/Shanghai", keys=keys)
    contents = TrustListContents(
        version=1, issued_at=issued_at, next_update_at=issued_at + timedelta(days=60), issuers=[issuer]
    )
    return TrustList.open(contents.sign(root), root=TrustRoot(keys=[root.public_key]))


def _verdict(verdict: Verdict | VehicleVerdict) -> str:
    codes = "".join(f"<br>`{reason.code}`" for reason in verdict.reasons)
    is_degraded = isinstance(verdict, Verdict) and verdict.degraded
    return f"**{verdict.outcome.value.upper()}**{', degraded' if is_degraded else ''}{codes}"


# --- the truth table --------------------------------------------------------------------------------------------------

_ANSWER: Final = ("name", "rules", "outcome", "reasons", "degraded", "in_force", "observed")
_SHORT: Final = 24


def truth_table() -> str:
    """Every chapter of the truth table: its rules, and its rows as they are written."""
    return "\n".join(map(_chapter, sorted((ROOT / "tests" / "truth_table").glob("*.toml"))))


def _chapter(path: Path) -> str:
    found = tomllib.loads(path.read_text("utf-8"))
    number = path.name.partition("-")[0]
    told = "".join(f"- **{rule['id']}** {rule['says']}{_held(rule)}\n" for rule in found["rules"])
    heads = ["what it shows", "rules", "what is unusual", "outcome", "reasons"]
    body = [
        [row["name"], " ".join(row["rules"]).replace("-", "−"), _unusual(row), _outcome(row), _found(row)]
        for row in found["rows"]
    ]
    return f"## {number}. {found['title']}\n\n{told}\n{rows(heads, body)}"


def _held(rule: Mapping[str, str]) -> str:
    return f" *Held by {rule['elsewhere']}.*" if "elsewhere" in rule else ""


def _unusual(row: Mapping[str, Any]) -> str:
    nothing: tuple[tuple[str, Any], ...] = (("text", ""), ("expect", {}))
    said = [
        f"{name}: {'nothing' if (name, value) in nothing else _plain(value)}"
        for name, value in row.items()
        if name not in _ANSWER
    ]
    return "; ".join(said).replace("_", " ")


def _plain(value: Any) -> str:  # noqa: ANN401  whatever TOML holds
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(one)}" for name, one in value.items()) or "there"
    if isinstance(value, list):
        nested = any(isinstance(one, list) for one in value)
        return (" / " if nested else " ").join(map(_plain, value)) or "none"
    if isinstance(value, datetime):
        return value.isoformat(" ").replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return text if len(text) <= _SHORT or " " in text else f"{text[:_SHORT]}…"


def _outcome(row: Mapping[str, Any]) -> str:
    return f"**{row['outcome'].upper()}**{', degraded' if row.get('degraded') else ''}"


def _found(row: Mapping[str, Any]) -> str:
    words = (reason.split() for reason in row["reasons"])
    lines = [f"{effect} `{code}`{' ' * bool(detail)}{', '.join(detail)}" for effect, code, *detail in words]
    if "in_force" in row:
        stretches = [f"{_plain(start)} to {_plain(end).replace('open', '…')}" for start, end in row["in_force"]]
        lines.append(f"*in force: {'; '.join(stretches) or 'not known'}*")
    if "observed" in row:
        lines.append(f"*the register spoke: {_plain(row['observed'])}*")
    return "<br>".join(lines)


# --- codes ------------------------------------------------------------------------------------------------------------


def reasons() -> str:
    """Every code that a verdict's reasons may have, by axis."""
    parts = []
    for axis in Axis:
        found = {code: meaning for code, meaning in REASONS.items() if meaning.axis is axis}
        body = [_code(code, meaning, _effects(meaning)) for code, meaning in found.items()]
        parts.append(f"### {axis.value}\n\n" + rows(["code", "effect", "English", "中文"], body))
    return "\n".join(parts)


def status_causes() -> str:
    """Why a register gave no answer: every cause of `status-unavailable`."""
    body = [
        [f"{_anchor(f'cause-{cause}')}`{cause}`", *(" *".join(row[lang]) + "*" for lang in ("en", "zh"))]
        for cause, row in causes().items()
    ] + [
        [f"`{cause}`, of a vehicle", *(" *".join(row["vehicle"][lang]) + "*" for lang in ("en", "zh"))]
        for cause, row in causes().items()
        if "vehicle" in row
    ]
    return rows(["cause", "English", "中文"], body)


def error_codes() -> str:
    """Every code that only exceptions have."""
    found = {code: meaning for code, meaning in REASONS.items() if meaning.axis is None}
    return rows(["code", "English", "中文"], [_code(code, meaning) for code, meaning in found.items()])


def _effects(meaning: Meaning) -> str:
    return " or ".join(effect.value for effect in Effect if effect in meaning.effects)


def _anchor(name: str) -> str:
    """What messages link to; it stays as long as the code does."""
    return f'<a id="{name}"></a>'


def _code(code: str, meaning: Meaning, *more: str) -> list[str]:
    en, zh = meaning.en, meaning.zh
    return [f"{_anchor(code)}`{code}`", *more, f"{en.line} *{en.next_step}*", f"{zh.line} *{zh.next_step}*"]


# --- the command ------------------------------------------------------------------------------------------------------


def commands() -> str:
    """What every command says with --help."""
    return "\n".join(_help(group, ["certcore"]))


def _help(command: click.Command, path: list[str]) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(path), terminal_width=88, max_content_width=88)
    context.help_option_names = ["-h", "--help"]
    yield f"### {' '.join(path)}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _help(inner, [*path, name])


# --- one certificate, byte by byte ------------------------------------------------------------------------------------


def walk_signer() -> LocalSigner:
    """A published key, whose signatures are the same bytes every time."""
    key = Ed25519PrivateKey.from_private_bytes(_WALK_SEED)
    return LocalSigner.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def walk_lines(data: bytes) -> list[tuple[str, str]]:
    """A certificate in parts, in hexadecimal, with what each is for; all of its bytes are in one."""
    lines = list(_Walk(data).certificate())
    if "".join(line[0] for line in lines).replace(" ", "") != data.hex():
        sys.exit("tables: the walk does not cover the certificate")
    return lines


def walk() -> str:
    """The Chinese profile's certificate, signed with a published key, byte by byte."""
    data = cose.sign1(payload.encode(CHINESE), signer=walk_signer())
    lines = walk_lines(data)
    wide = 50
    text = "".join(f"{line[0]:{wide}}  {line[1]}\n" if len(line[0]) <= wide else _folded(*line, wide) for line in lines)
    symbol = armor.encode(data)
    quoted = "".join(f'    "{symbol[start : start + 100]}"\n' for start in range(0, len(symbol), 100))
    return f"```text\n{text}```\n\nThe text of its QR symbol:\n\n```python\ntext = (\n{quoted})\n```\n"


def _folded(hexadecimal: str, note: str, wide: int) -> str:
    """A long line of bytes in several, the note beside the first."""
    indent = len(hexadecimal) - len(hexadecimal.lstrip())
    digits = hexadecimal.strip()
    step = wide - indent
    parts = [" " * indent + digits[start : start + step] for start in range(0, len(digits), step)]
    return f"{parts[0]:{wide}}  {note}\n" + "".join(f"{part}\n" for part in parts[1:])


_CLAIMS: Final = {1: "iss", 4: "exp", 5: "nbf", 6: "iat", 7: "cti", 65535: "status", -65537: "the inspection"}
_FIELDS: Final = {
    0: "registration_number",
    1: "country",
    2: "vin",
    3: "valid_until",
    4: "basis",
    5: "result",
    6: "authority",
    7: "inspected_on",
    8: "plate_type",
    9: "vehicle_category",
    10: "usage",
    11: "status",
    21: "valid_from",
}
_DAYS: Final = frozenset({3, 7, 17, 21})
_INSPECTION: Final = -65537
_TEXT, _ARRAY = 3, 4  # major types (RFC 8949 section 3.1)


class _Walk:
    """Reads a certificate once more, without certcore's own decoder, and says what each byte is for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def certificate(self) -> Iterator[tuple[str, str]]:
        yield self._take(1), "tag 18: COSE_Sign1"
        yield self._take(1), "array of 4"
        header = self._head()
        yield header[0], f"1. protected header: {header[2]} bytes"
        yield "  " + self._take(1), "map of 2"
        yield "    " + self._take(1) + " " + self._take(1), "1 alg: -8, EdDSA"
        yield f"    {self._take(1)} {self._take(1)} {self._take(4)}", "4 kid: 4 bytes of the key's thumbprint"
        yield self._take(1), "2. unprotected header: empty"
        content = self._head()
        yield content[0], f"3. payload: {content[2]} bytes"
        claims = self._head()
        yield "  " + claims[0], f"map of {claims[2]}: the claims"
        for _ in range(claims[2]):
            yield from self._claim()
        signature = self._head()
        yield signature[0], f"4. signature: {signature[2]} bytes"
        yield "  " + self._take(signature[2]), "over Sig_structure, see below"

    def _claim(self) -> Iterator[tuple[str, str]]:
        key = self._head()
        number = key[2] if key[1] == 0 else -1 - key[2]
        if number != _INSPECTION:
            value, words = self._value()
            at = datetime.fromtimestamp(int(words), UTC)
            yield f"    {key[0]} {value}", f"{number} {_CLAIMS[number]}: {at:%Y-%m-%dT%H:%M:%SZ}"
            return
        fields = self._head()
        yield f"    {key[0]} {fields[0]}", f"{number} {_CLAIMS[number]}: map of {fields[2]}"
        for _ in range(fields[2]):
            field = self._head()
            value, words = self._value()
            yield f"      {field[0]} {value}", f"{field[2]} {_FIELDS[field[2]]}: {self._words(field[2], words)}"

    def _words(self, key: int, words: str) -> str:
        if key in _DAYS:
            return str(date(1970, 1, 1) + timedelta(days=int(words)))
        names = {2: f"packed, {CHINESE.vin}", 4: f"{words}, inspected", 5: f"{words}, pass"}
        return names.get(key, words)

    def _value(self) -> tuple[str, str]:
        """One item that is no map, in hexadecimal and in words."""
        head, kind, number = self._head()
        if kind == 0:
            return head, str(number)
        if kind == _ARRAY:
            inner = [self._value() for _ in range(number)]
            return " ".join([head, *(item[0] for item in inner)]), f"[{', '.join(item[1] for item in inner)}]"
        data = bytes.fromhex(self._take(number))
        return f"{head} {data.hex()}", data.decode() if kind == _TEXT else data.hex()

    def _head(self) -> tuple[str, int, int]:
        """The head of an item: its bytes, its major type, its argument (RFC 8949 section 3)."""
        first = self._data[self._at]
        kind, argument = divmod(first, 32)
        size = {24: 1, 25: 2, 26: 4, 27: 8}.get(argument, 0)
        number = int.from_bytes(self._data[self._at + 1 : self._at + 1 + size], "big") if size else argument
        return self._take(1 + size), kind, number

    def _take(self, size: int) -> str:
        self._at += size
        return self._data[self._at - size : self._at].hex()


# --- floors -----------------------------------------------------------------------------------------------------------


def floors() -> str:
    """The order of imports, from the ground up."""
    return "".join(
        f"{number}. {', '.join(f'`{member}`' for member in members)}\n"
        for number, members in enumerate(FLOORS, start=1)
    )


# --- events -----------------------------------------------------------------------------------------------------------


def events() -> str:
    """Every event, and below it a row for each of its fields."""
    body = []
    for name, kind in KINDS.items():
        body.append([f"`{name}`", logging.getLevelName(kind.level), f"`{kind.logger}`", kind.about])
        body += [["", "", f"`{field}`", about] for field, about in kind.fields.items()]
    return rows(["event", "level", "logger, and fields", "when, and what"], body)


TABLES: Final[dict[str, Callable[[], str]]] = {
    "events": events,
    "floors": floors,
    "sizes": sizes,
    "demo": demo,
    "presets": presets,
    "policies": policies,
    "policies-past": policies_past,
    "policies-vehicle": policies_vehicle,
    "truth-table": truth_table,
    "reasons": reasons,
    "status-causes": status_causes,
    "error-codes": error_codes,
    "commands": commands,
    "walk": walk,
    "licences": licences,
}


def renewed(text: str, made: dict[str, str]) -> str:
    """The text with every table in it made anew; each is made once."""

    def block(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in TABLES:
            sys.exit(f"tables: there is no table called {name}")
        if name not in made:
            made[name] = TABLES[name]()
        return f"<!-- table: {name} -->\n\n{made[name]}\n<!-- end of table -->"

    return _BLOCK.sub(block, text)


def main(arguments: list[str]) -> int:
    """Renew the tables, or say which files have old ones."""
    if arguments not in ([], ["--check"]):
        print("usage: tools/tables.py [--check]", file=sys.stderr)
        return 2
    made: dict[str, str] = {}
    old = []
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text("utf-8")
        new = renewed(text, made)
        if new == text:
            continue
        old.append(path)
        if arguments:
            print(f"{path.relative_to(ROOT)}: out of date; run tools/tables.py", file=sys.stderr)
        else:
            path.write_text(new, "utf-8")
            print(f"{path.relative_to(ROOT)}: written")
    unused = TABLES.keys() - made.keys()
    if unused:
        print(f"tables: in no file: {', '.join(sorted(unused))}", file=sys.stderr)
    return 1 if arguments and old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
