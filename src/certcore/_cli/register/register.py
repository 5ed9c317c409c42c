"""``certcore register``: search the issuer's register: find, list, show a lost mark again, tell what happened.

Nothing is changed here. The commands that change, publish and serve are in `status`, and ``certcore register`` finds
them too. The output has plates and chassis numbers: it is for the issuer's own staff.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from certcore._cli import exit_codes
from certcore._cli.groups import Group
from certcore._cli.input import datetimes, inputs
from certcore._cli.output import fields, terminal
from certcore._cli.output.formats import Line, Output, choose
from certcore._cli.printing import pages
from certcore._cli.register import registers
from certcore._cli.register.status import status
from certcore._instants import time_zone
from certcore.errors import IssuingError
from certcore.payload import StatusRef
from certcore.status.protocol import StatusEventKind, StatusState

if TYPE_CHECKING:
    from certcore.register._store._holdings import Holding, Selection, Statement

_STATES: Final[Mapping[StatusState, tuple[str, str]]] = {
    StatusState.VALID: ("valid", "正常"),
    StatusState.SUSPENDED: ("suspended", "暂停"),
    StatusState.SUPERSEDED: ("superseded", "已被取代"),
    StatusState.REVOKED: ("revoked", "已撤销"),
}
_KINDS: Final[Mapping[StatusEventKind, tuple[str, str]]] = {
    StatusEventKind.ISSUED: ("issued", "签发"),
    StatusEventKind.REVOKED: ("revoked", "撤销"),
    StatusEventKind.SUSPENDED: ("suspended", "暂停"),
    StatusEventKind.RESUMED: ("resumed", "恢复"),
    StatusEventKind.SUPERSEDED: ("superseded", "被取代"),
}
_WORDS: Final = {
    "recorded": ("recorded", "记录"),
    "start": ("from the start", "自始"),
    "from": ("from", "自"),
    "by": ("by", "操作人"),
    "erased": ("erased", "已清除"),
    "none": ("the register holds no such certificate", "登记系统中没有这样的凭证"),
    "is": ("{ref} is {state}", "{ref} 的状态：{state}"),
}
_STYLES: Final = {StatusState.VALID: "bold green", StatusState.SUSPENDED: "bold yellow"}


class _Register(Group):
    """Its own commands, and behind them those of ``certcore status``: whoever guesses finds them in either place."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        return super().get_command(ctx, cmd_name) or status.get_command(ctx, cmd_name)


@click.group(
    cls=_Register,
    epilog="'certcore issue --register' issues into it; 'certcore status' makes it, revokes, publishes and serves.",
)
def register() -> None:
    """Look into the issuer's register. Needs the register extra."""


def _word(words: tuple[str, str], lang: str) -> str:
    return words[1] if lang == "zh" else words[0]


def _as_zone(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tzinfo | None:
    try:
        return None if value is None else time_zone(value)
    except ValueError as cause:
        raise click.BadParameter(str(cause)) from cause


_ZONE: Final = click.option(
    "--time-zone",
    "zone",
    callback=_as_zone,
    metavar="ZONE",
    help="Of days that are given and times that are shown, e.g. Asia/Shanghai; this machine's, unless given.",
)


def _stamp(at: datetime, zone: tzinfo | None) -> str:
    return at.astimezone(zone).isoformat(sep=" ")


@attrs.frozen(kw_only=True)
class _Held:
    """One certificate of the register.

    Attributes:
        holding: as the register has it.
        zone: of the times that are shown; None for this machine's.
        is_short: whether it is told in one line.
        text: what is shown as its text; nothing, unless given.
    """

    holding: Holding
    zone: tzinfo | None
    is_short: bool = False
    text: str | None = attrs.field(default=None, repr=False)

    def members(self) -> Mapping[str, Any]:
        """Everything but the text, which is there where it is asked for."""
        held = self.holding
        found = {
            "ref": registers.written(held.ref),
            "state": held.state.value,
            "registration_number": held.registration_number,
            "country": held.country,
            "plate_type": held.plate_type,
            "vin": held.vin,
            "valid_until": None if held.valid_until is None else held.valid_until.isoformat(),
            "authority": held.authority,
            "inspector": held.inspector,
            "issued_at": held.issued_at.isoformat(),
            "recorded_at": held.recorded_at.isoformat(),
            "erased_at": None if held.erased_at is None else held.erased_at.isoformat(),
        }
        return found if self.text is None else {**found, "text": self.text}

    def lines(self, lang: str) -> Iterator[Line]:
        """In one line; or the fields below each other, and the text last."""
        held = self.holding
        state, ref = _word(_STATES[held.state], lang), registers.written(held.ref)
        shown = [held.registration_number, held.vin] if held.erased_at is None else [_word(_WORDS["erased"], lang)]
        name = "  ".join(terminal.escaped(part) for part in shown if part)
        if self.is_short:
            until = "-" if held.valid_until is None else held.valid_until.isoformat()
            yield Line(f"{ref:<14} {state:<10} {_stamp(held.issued_at, self.zone)[:10]}  {until:<10}  {name}")
            return
        yield Line(f"{ref}  {state}  {name}", _STYLES.get(held.state, "bold red"))
        for label, value in self._rows(lang):
            yield Line(f"    {label}: {value}")
        if self.text is not None:
            yield Line(self.text)

    def _rows(self, lang: str) -> Iterator[tuple[str, str]]:
        held = self.holding
        if held.text is not None and self.text is not None:
            yield from fields.rows(inputs.unverified(held.text), lang=lang)
        else:
            for name in ("valid_until", "authority", "inspector", "issued_at"):
                value = getattr(held, name)
                if value is not None:
                    shown = _stamp(value, self.zone) if isinstance(value, datetime) else str(value)
                    yield fields.label(name, lang), terminal.escaped(shown)
        yield _word(_WORDS["recorded"], lang), _stamp(held.recorded_at, self.zone)
        if held.erased_at is not None:
            yield _word(_WORDS["erased"], lang), _stamp(held.erased_at, self.zone)


@attrs.frozen(kw_only=True)
class _Said:
    """One thing that was said of a certificate."""

    statement: Statement
    zone: tzinfo | None

    def members(self) -> Mapping[str, Any]:
        """The event, and who said so."""
        event = self.statement.event
        return {
            "kind": event.kind.value,
            "effective_at": None if event.effective_at is None else event.effective_at.isoformat(),
            "recorded_at": event.recorded_at.isoformat(),
            "actor": self.statement.actor,
            "reason": event.reason,
        }

    def lines(self, lang: str) -> Iterator[Line]:
        """When it was recorded, what, from when, by whom and why."""
        event = self.statement.event
        since = _word(_WORDS["start"], lang) if event.effective_at is None else self._since(event.effective_at, lang)
        who, why = terminal.escaped(self.statement.actor), terminal.escaped(event.reason)
        what = _word(_KINDS[event.kind], lang)
        yield Line(f"{_stamp(event.recorded_at, self.zone)}  {what} {since}, {_word(_WORDS['by'], lang)} {who}: {why}")

    def _since(self, at: datetime, lang: str) -> str:
        return f"{_word(_WORDS['from'], lang)} {_stamp(at, self.zone)}"


def _selection(**given: Any) -> Selection:  # noqa: ANN401  Selection's own
    made: Selection = registers.module("certcore.register._store._holdings").Selection(**given)
    return made


@register.command()
@registers.DATABASE
@click.option(
    "--plate",
    "registration_number",
    callback=registers.as_text,
    help="Those that state this plate, written in any way.",
)
@click.option("--country", callback=registers.as_text, help="The plate's country, two letters; any, unless given.")
@click.option("--plate-type", type=click.IntRange(0), help="号牌种类, e.g. 2 or 52.")
@click.option(
    "--vin", callback=registers.as_text, help="Those of the vehicle with this VIN, or any other chassis number."
)
@registers.reference_option(is_required=False)
@_ZONE
@choose
def find(*, database: str, zone: tzinfo | None, output: Output, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Find certificates by plate, by VIN or by reference, the latest last.

    What is given together must all fit. Exits with 1 if there is none.
    """
    if given["registration_number"] is None and given["vin"] is None and given["ref"] is None:
        msg = "what is looked for? Give --plate, --vin or --ref"
        raise click.UsageError(msg)
    if given["country"] is not None:
        given["country"] = given["country"].strip().upper()
    found = False
    for holding in registers.open_register(database).holdings(_selection(**given)):
        found = True
        output.tell(_Held(holding=holding, zone=zone))
    if not found:
        terminal.say(f"certcore: {_word(_WORDS['none'], output.lang)}", err=True)
    return exit_codes.DONE if found else exit_codes.NOT_VALID


@register.command("list")
@registers.DATABASE
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in _STATES]),
    multiple=True,
    help="In this state now; repeatable.",
)
@click.option("--issued-from", callback=datetimes.read_limit_if, metavar="MOMENT", help="Issued then or later.")
@click.option("--issued-until", callback=datetimes.read_limit_if, metavar="MOMENT", help="Issued then or earlier.")
@click.option("--ends-from", callback=datetimes.read_day, metavar="DAY", help="Whose last day is this or later.")
@click.option("--ends-until", callback=datetimes.read_day, metavar="DAY", help="Whose last day is this or earlier.")
@click.option("--authority", callback=registers.as_text, help="That name this authority.")
@click.option("--inspector", callback=registers.as_text, help="That name this inspector or station.")
@_ZONE
@choose
def list_(*, database: str, zone: tzinfo | None, output: Output, states: Sequence[str], **given: Any) -> int:  # noqa: ANN401  one for each option
    """List certificates, the earliest issued first: reference, state, day of issue, last day, plate and VIN.

    A state is the register's: a certificate whose last day is over stays valid here. A day is meant whole.
    """
    given["issued_from"] = _begin(given["issued_from"], zone)
    given["issued_until"] = _end(given["issued_until"], zone)
    chosen = _selection(states=frozenset(map(StatusState, states)), **given)
    for holding in registers.open_register(database).holdings(chosen):
        output.tell(_Held(holding=holding, zone=zone, is_short=True))
    return exit_codes.DONE


def _begin(limit: date | datetime | None, zone: tzinfo | None) -> datetime | None:
    """The first instant that is meant."""
    if limit is None or isinstance(limit, datetime):
        return limit
    return datetime.combine(limit, time(), zone).astimezone(zone)


def _end(limit: date | datetime | None, zone: tzinfo | None) -> datetime | None:
    """The first instant that is no longer meant."""
    if limit is None or isinstance(limit, datetime):
        return None if limit is None else limit + timedelta(seconds=1)
    return _begin(limit + timedelta(days=1), zone)


_REFERENCE: Final = click.argument("ref", metavar=registers.NAMED, callback=registers.as_reference)


@register.command()
@_REFERENCE
@registers.DATABASE
@_ZONE
@choose
def history(*, ref: StatusRef, database: str, zone: tzinfo | None, output: Output) -> int:
    """Tell all that was said of a certificate: when it was recorded, from when it holds, by whom and why."""
    for statement in _one(database, ref).statements:
        output.tell(_Said(statement=statement, zone=zone))
    return exit_codes.DONE


@register.command()
@_REFERENCE
@registers.DATABASE
@pages.OUTPUTS
@pages.LIVE
@_ZONE
@choose
def show(*, ref: StatusRef, database: str, zone: tzinfo | None, output: Output, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Show a certificate again, as it was issued: a lost mark is shown again, never issued again.

    Without --text, --png, --svg or --to its fields and its text are printed. --to prints it on a page, if it is
    authentic by --trust and --root. With --live-key a live presentation of it is shown instead, if it is in force.
    """
    wanted = pages.Wanted.of(given, lang=output.lang)
    registry = registers.open_register(database)
    held = _one(database, ref)
    if held.text is None:
        raise IssuingError("not-recorded", "Its text was erased, and cannot be shown again")
    text = held.text if given["live_key"] is None else pages.live(held.text, registry, given)
    if wanted:
        for line in wanted.write(text):
            terminal.say(line)
    else:
        output.tell(_Held(holding=held, zone=zone, text=text))
    if held.state is not StatusState.VALID:
        state = _word(_STATES[held.state], output.lang)
        said = _word(_WORDS["is"], output.lang).format(ref=registers.written(ref), state=state)
        terminal.say(f"certcore: {said}", err=True)
    return exit_codes.DONE


def _one(database: str, ref: StatusRef) -> Holding:
    """The certificate with this reference.

    Raises:
        IssuingError: ``not-recorded``.
    """
    for holding in registers.open_register(database).holdings(_selection(ref=ref)):
        return holding
    raise IssuingError("not-recorded", "The register holds no such certificate")
