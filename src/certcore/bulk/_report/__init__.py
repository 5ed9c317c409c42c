"""The report for people: which document of a claim decides, the counts, and each claim in sections.

`_html` and `_pdf` decide how it looks; `_words` and `_standing` have its words. Records (`certcore.bulk._claims`) may
hold anything: every text for a reader goes through `shown` here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import attrs

from certcore._escaping import escape
from certcore.bulk._report._words import WORDS
from certcore.reasons import REASONS, explain
from certcore.reasons._addresses import page

Record = Mapping[str, Any]
Row = str | tuple[str, str]
"""A line of a section, or a label and a value."""

ERROR: Final = "error"
"""The outcome of a document that has no verdict."""

OUTCOMES: Final = ("valid", "degraded", "invalid", "undetermined", ERROR)
COLOURS: Final[Mapping[str, str]] = {
    "valid": "#1a7f37",
    "degraded": "#8a6d00",
    "invalid": "#b3261e",
    "undetermined": "#9a5b00",
    ERROR: "#57606a",
}
REASON_COLOUR: Final = "#0969da"

_FOR_EVIDENCE: Final = {
    "title": "evidence title",
    ERROR: "evidence error",
    "how error": "how evidence error",
    "claims": "files",
    "count": "count files",
    "date of loss": "as of",
}
"""The words that are others in a report about evidence."""

_MOST_REASONS: Final = 15
_LONGEST: Final = 600
"""Characters of one text: a report is read; tables hold all."""


@attrs.frozen(kw_only=True)
class Kind:
    """What a report is about.

    Attributes:
        policy: under which all was asked; None where each record says so itself.
        lang: of the words.
    """

    policy: str | None
    lang: str

    @property
    def words(self) -> Mapping[str, str]:
        """The words of such a report."""
        found = WORDS[self.lang]
        if self.policy is not None:
            return found
        return {**found, **{name: found[instead] for name, instead in _FOR_EVIDENCE.items()}}


@attrs.frozen(kw_only=True)
class Summary:
    """What all records come to.

    Attributes:
        claims: how many claims came to each outcome.
        documents: how many documents did.
        codes: in how many claims each code stands, of the document that decides.
        judged_at: when the first verdict was come to.
    """

    claims: Counter[str]
    documents: Counter[str]
    codes: Counter[str]
    judged_at: str | None


@attrs.frozen
class Claim:
    """A row of the table with its documents.

    Attributes:
        records: one for each document, in order.
        place: the one that decides.
    """

    records: Sequence[Record]
    place: int

    @property
    def deciding(self) -> Record:
        """The record of the document that decides."""
        return self.records[self.place]


def kind_of(record: Record) -> str:
    """The outcome, or that a valid one rests on something missing."""
    return "degraded" if record.get("degraded") else str(record["outcome"])


def claims(records: Iterable[Record]) -> Iterator[Claim]:
    """The records of each row together, and which of them decides: the one that speaks best for the claim.

    A second, blurred picture takes nothing from a certificate that was in force. One that cannot be judged goes before
    one that is not valid, if it is authentic: it may be the one that was in force.
    """
    for _, found in groupby(records, lambda record: record["row"]):
        together = list(found)
        yield Claim(together, min(range(len(together)), key=lambda place: _rank(together[place])))


def _rank(record: Record) -> int:
    kind = kind_of(record)
    if kind == "undetermined" and record.get("issuer"):
        return 2
    return {"valid": 0, "degraded": 1, "invalid": 3, "undetermined": 4}.get(kind, 5)


def summarise(records: Iterable[Record]) -> Summary:
    """Count what there is."""
    summary = Summary(claims=Counter(), documents=Counter(), codes=Counter(), judged_at=None)
    for claim in claims(records):
        summary.claims[kind_of(claim.deciding)] += 1
        summary.documents.update(map(kind_of, claim.records))
        summary.codes.update(claim.deciding["codes"])
        if summary.judged_at is None:
            summary = attrs.evolve(summary, judged_at=claim.deciding.get("judged_at"))
    return summary


# What stands above the claims


def facts(summary: Summary, kind: Kind) -> str:
    """How much there is, how it was asked, and when."""
    words, gap = kind.words, "" if kind.lang == "zh" else " "
    count = words["count"].format(claims=summary.claims.total(), documents=summary.documents.total())
    if kind.policy is None:
        return count + gap + words["replayed note"]
    return count + gap + words["facts"].format(policy=kind.policy, judged=moment(summary.judged_at) or "–")


def counted(summary: Summary) -> list[tuple[str, int]]:
    """Each outcome that is told, with its number."""
    return [
        (kind, summary.claims[kind]) for kind in OUTCOMES if summary.claims[kind] or kind not in {"degraded", ERROR}
    ]


def reasons(summary: Summary, lang: str) -> list[tuple[str, int]]:
    """The most frequent reasons in words, each with its number."""
    return [
        (explain(code, lang=lang).line if code in REASONS else code, count)
        for code, count in summary.codes.most_common(_MOST_REASONS)
    ]


def notes(kind: Kind) -> list[str]:
    """What a reader has to know."""
    words = kind.words
    return [words["note"]] if kind.policy is None else [words["note"], words["decides"], words["replay"]]


# A claim


def several(claim: Claim, words: Mapping[str, str]) -> str | None:
    """That there are several documents, and which decides."""
    if len(claim.records) == 1:
        return None
    named = claim.deciding["document"] or str(claim.place + 1)
    return words["of several"].format(count=len(claim.records), document=shown(named))


def told(record: Record, words: Mapping[str, str]) -> Iterator[str]:
    """The verdict in plain words, and what else is to be told of the row."""
    yield from map(shown, record["words"])
    yield from (words[remark] for remark in record["remarks"])


def sections(record: Record, words: Mapping[str, str]) -> Iterator[tuple[str, list[Row]]]:
    """What a record says behind its verdict, under titles; none of them is empty."""
    parts: dict[str, Iterable[Row]] = {"question": _question(record, words)}
    parts |= {name: record.get(name) or () for name in ("replayed", "certificate", "vehicle")}
    parts["certificate"] = record.get("fields") or ()
    parts |= {name: record.get(name) or () for name in ("proved", "attested", "unchecked", "documents")}
    for name, found in parts.items():
        rows: list[Row] = [shown(row) if isinstance(row, str) else (shown(row[0]), shown(row[1])) for row in found]
        if rows:
            yield words[name], rows


def _question(record: Record, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if record["outcome"] == ERROR and record["as_of"] is None:
        yield from ((header, cell) for header, cell in record["cells"].items() if cell)
        yield words["row"], str(record["row"])
        return
    always = {"date of loss": "as_of", "plate": "expected_plate", "vin": "expected_vin"}
    for name, member in always.items():
        yield words[name], record[member] or words["none"]
    sometimes = {
        "document": "document",
        "country": "expected_country",
        "plate type": "expected_plate_type",
        "known at": "known_at",
        "policy": "policy",
        "picture": "picture",
    }
    for name, member in sometimes.items():
        if record.get(member):
            yield words[name], str(record[member])
    if isinstance(record["row"], int):
        yield words["row"], str(record["row"])


def detail(record: Record) -> str:
    """What stands behind the codes: the message of an error."""
    found = record.get("detail")
    return shown(f": {found}") if found else ""


def foot(record: Record, words: Mapping[str, str]) -> Iterator[str]:
    """Where the evidence is."""
    if record.get("evidence"):
        yield shown(f"{words['evidence']}: {record['evidence']}, SHA-256 {record['evidence_sha256']}")


# What the codes mean


@attrs.frozen
class Explained:
    """A code in words, and where the documentation says more."""

    code: str
    words: str
    url: str


def explained(codes: Iterable[str], lang: str) -> list[Explained]:
    """The codes that stand in a report, in the order of the table of codes; a stranger's is not explained."""
    found, gap = [], "" if lang == "zh" else " "
    for code in sorted(REASONS.keys() & set(codes), key=list(REASONS).index):
        words = explain(code, lang=lang)
        found.append(Explained(code, f"{words.line}{gap}{words.next_step}", words.url))
    return found


def codes_note(words: Mapping[str, str]) -> str:
    """Where the documentation is, in print as well."""
    return words["codes note"].format(page=page())


def moment(at: str | None) -> str:
    """A moment for people."""
    return (at or "").replace("T", " ").replace("+00:00", " UTC")


def shown(text: object) -> str:
    """A text that may hold anything, safe to show, and not endless."""
    found = str(text)
    return escape(found if len(found) <= _LONGEST else found[:_LONGEST] + "…")
