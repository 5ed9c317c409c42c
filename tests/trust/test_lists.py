"""Trust roots and trust lists: round trips, thresholds, what replaces what, and which URIs lie under which prefix."""

from __future__ import annotations

import inspect
import pickle
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certcore import _cbor, cose
from certcore.errors import CertcoreError, IssuingError, RejectedInputError, UntrustedError
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65, LocalSigner, PublicKey
from certcore.trust import (
    Environment,
    KeyUsage,
    ListTemplate,
    TrustedIssuer,
    TrustedKey,
    TrustList,
    TrustListContents,
    TrustRoot,
    _lists,
)
from certcore.trust._lists import MAX_TRUST_LIST_BYTES, MEDIA_TYPE
from certcore.trust.roots import RootSetContents, encode_chain
from tests.strategies import SIGNING_ALGORITHMS, CborValue, cbor_values, fixed_signer

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2030, 1, 1, tzinfo=UTC)
MEMBERS = [fixed_signer(ES256, 11), fixed_signer(ES384, 12), fixed_signer(EDDSA, 13)]
ROOT = TrustRoot(keys=[MEMBERS[0].public_key])
TWO_OF_THREE = TrustRoot(keys=[signer.public_key for signer in MEMBERS], threshold=2)
PQ = fixed_signer(ML_DSA_65, 14)
FOREIGNER = fixed_signer(ES256, 99)


def trusted_key(seed: int = 1, algorithm: int = ES256, **changes: Any) -> TrustedKey:  # noqa: ANN401  any field
    """A key that may sign certificates from 2026 to 2030, with some fields changed."""
    fields: dict[str, Any] = {
        "public_key": fixed_signer(algorithm, seed).public_key,
        "usage": KeyUsage.CERTIFICATE,
        "not_before": BEGIN,
        "not_after": END,
    }
    return TrustedKey(**{**fields, **changes})


def issuer(**changes: Any) -> TrustedIssuer:  # noqa: ANN401  any field
    """An issuer with one key, with some fields changed."""
    fields: dict[str, Any] = {
        "id": "CN",
        "name": "Test",
        "country": "CN",
        "time_zone": "Asia/Shanghai",
        "keys": [trusted_key()],
    }
    return TrustedIssuer(**{**fields, **changes})


def contents(**changes: Any) -> TrustListContents:  # noqa: ANN401  any field
    """A list with one issuer, with some fields changed."""
    fields: dict[str, Any] = {
        "version": 5,
        "issued_at": BEGIN,
        "next_update_at": BEGIN + timedelta(days=30),
        "issuers": [issuer()],
    }
    return TrustListContents(**{**fields, **changes})


def open_list(content: TrustListContents, **arguments: Any) -> TrustList:  # noqa: ANN401  those of TrustList.open
    """The list signed by the one root and opened for its own environment, unless another is given."""
    return TrustList.open(content.sign(MEMBERS[0]), root=ROOT, **{"environment": content.environment, **arguments})


FULL = contents(
    environment=Environment.TEST,
    live_maximum=timedelta(minutes=5),
    issuers=[
        issuer(
            query_endpoint="https://query.example/v1",
            list_templates=[
                ListTemplate(uri="https://old.example/{list}", not_before=BEGIN, not_after=BEGIN + timedelta(days=9)),
                ListTemplate(uri="https://new.example/lists/{list}.cwt", not_before=BEGIN + timedelta(days=5)),
            ],
            uri_prefixes=["https://status.example/a/", "https://status.example:8443/"],
            max_entries=1 << 24,
            suspends=False,
            retroactive=False,
            keys=[
                trusted_key(1, authorities=["闽*", "粤B"], key_ids=[b"one", b"two" * 10]),
                trusted_key(2, ES384, usage=KeyUsage.STATUS),
                trusted_key(3, EDDSA, usage=KeyUsage.LIVE, compromised_since=END, compromise="stolen"),
                trusted_key(4, ML_DSA_65, usage=KeyUsage.REGISTER),
            ],
        ),
        issuer(id="DE", name="Prüfstelle", country="DE", time_zone="Europe/Berlin", keys=[trusted_key(5)]),
        issuer(id="empty", keys=[]),
    ],
)


# Round trips


@pytest.mark.parametrize("content", [FULL, contents(), contents(issuers=[])], ids=["full", "small", "empty"])
def test_round_trip(content: TrustListContents) -> None:
    """Everything about every issuer and key comes back, and is signed as the same bytes again."""
    trust = open_list(content)

    assert content == trust.contents
    assert cose.read_sign(content.sign(MEMBERS[0])).payload == cose.read_sign(trust.to_bytes()).payload
    assert (content.version, content.issued_at, content.next_update_at) == (
        trust.version,
        trust.issued_at,
        trust.next_update_at,
    )
    assert (content.live_maximum, content.issuers) == (trust.live_maximum, trust.issuers)
    assert content.environment.value == trust.environment


@pytest.mark.parametrize("usage", KeyUsage)
@pytest.mark.parametrize("algorithm", SIGNING_ALGORITHMS)
def test_keys_of_every_kind(usage: KeyUsage, algorithm: int) -> None:
    """A key of each algorithm, for each usage."""
    content = contents(issuers=[issuer(keys=[trusted_key(1, algorithm, usage=usage)])])

    assert content == open_list(content).contents


def test_bytes_are_kept() -> None:
    """A list's bytes are those it was opened from."""
    data = FULL.sign(MEMBERS[0])

    assert data == TrustList.open(data, root=ROOT, environment=Environment.TEST).to_bytes()


def test_pickling() -> None:
    """A list comes back whole from another process, index and zones included."""
    trust = open_list(FULL)
    other = pickle.loads(pickle.dumps(trust))  # noqa: S301  our own bytes

    assert trust.contents == other.contents
    assert trust.to_bytes() == other.to_bytes()
    assert trust.grants(b"one") == other.grants(b"one")
    assert "Asia/Shanghai" == other.issuers[0].zone.key


def test_repr() -> None:
    """A log says which list it is."""
    text = repr(open_list(FULL))

    assert "version=5" in text
    assert "test" in text
    assert len(text) < 200


def test_immutable() -> None:
    """A list that was opened stays as it is."""
    trust = open_list(FULL)
    with pytest.raises(AttributeError):
        trust.contents.version = 9  # type: ignore[misc]  # the mistake under test
    assert isinstance(trust.issuers, tuple)
    assert isinstance(trust.issuers[0].keys, tuple)


# Look-ups


def test_grants() -> None:
    """A key id leads to exactly the keys that state it."""
    trust = open_list(FULL)

    assert [FULL.issuers[0].keys[0]] == [grant.key for grant in trust.grants(b"one")]
    assert trust.grants(b"one") == trust.grants(b"two" * 10)
    assert "CN" == trust.grants(b"one")[0].issuer.id
    for key_id in (b"", b"on", b"one ", b"unknown", fixed_signer().public_key.key_id):
        assert () == trust.grants(key_id)


def test_several_keys_under_one_id() -> None:
    """Up to four keys may share an id; a fifth is refused, when made and when opened."""
    four = [trusted_key(seed, key_ids=[b"same"]) for seed in range(1, 5)]
    trust = open_list(contents(issuers=[issuer(keys=four[:2]), issuer(id="DE", keys=four[2:])]))

    assert four == [grant.key for grant in trust.grants(b"same")]
    with pytest.raises(ValueError, match="4"):
        contents(issuers=[issuer(keys=[*four, trusted_key(5, key_ids=[b"x", b"same"])])])


def test_issuers_by_id() -> None:
    """An issuer is found by its exact id."""
    trust = open_list(FULL)

    assert FULL.issuers[1] == trust.issuer("DE")
    assert trust.issuer("de") is None


def test_status_keys() -> None:
    """The keys for status documents are those of that usage."""
    assert [fixed_signer(ES384, 2).public_key] == [key.public_key for key in FULL.issuers[0].status_keys]
    assert () == issuer().status_keys


@pytest.mark.parametrize(
    ("authorities", "authority", "expected"),
    [
        (["*"], "闽C", True),
        (["*"], "", True),
        (["闽C"], "闽C", True),
        (["闽C"], "闽CA", False),
        (["闽C"], "闽", False),
        (["闽*"], "闽C", True),
        (["闽*"], "闽", True),
        (["闽*"], "粤B", False),
        (["闽C", "粤*"], "粤B", True),
        (["a*b"], "acb", False),
        (["a*b"], "a*b", True),
        (["**"], "*x", True),
        (["**"], "x", False),
        (["DE-*"], "de-be", False),
    ],
)
def test_authorities(authorities: list[str], authority: str, *, expected: bool) -> None:
    """An authority is named exactly, or by its beginning and a star at the end; a star elsewhere is a star."""
    assert expected == trusted_key(authorities=authorities).signs_for(authority)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, None),
        (0, "https://old.example/12"),
        (4, "https://old.example/12"),
        (5, "https://new.example/lists/12.cwt"),
        (9, "https://new.example/lists/12.cwt"),
        (5000, "https://new.example/lists/12.cwt"),
    ],
)
def test_list_uris(days: int, expected: str | None) -> None:
    """The latest template in force says where a list is."""
    assert expected == FULL.issuers[0].list_uri(12, at=BEGIN + timedelta(days=days))


def test_list_uri_ends() -> None:
    """A template is in force up to and including its last instant."""
    last = BEGIN + timedelta(days=1)
    only = issuer(list_templates=[ListTemplate(uri="https://a.example/{list}", not_before=BEGIN, not_after=last)])

    assert "https://a.example/0" == only.list_uri(0, at=last)
    assert only.list_uri(0, at=last + timedelta(seconds=1)) is None
    assert issuer().list_uri(0, at=BEGIN) is None


PREFIXES = ["https://status.example/lists/", "https://status.example:8443/", "http://127.0.0.1:8080/x/"]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://status.example/lists/1", True),
        ("https://status.example/lists/", True),
        ("https://status.example/lists/a/b/1.cwt", True),
        ("HTTPS://STATUS.example/lists/1", True),
        ("https://status.EXAMPLE/lists/1", True),
        ("https://status.example:8443/1", True),
        ("http://127.0.0.1:8080/x/1", True),
        ("https://status.example/lists/%41", True),
        ("https://status.example/lists", False),
        ("https://status.example/lists1/", False),
        ("https://status.example/LISTS/1", False),
        ("https://status.example/1", False),
        ("https://status.example", False),
        ("http://status.example/lists/1", False),
        ("ftp://status.example/lists/1", False),
        ("file:///lists/1", False),
        ("data:text/plain,x", False),
        ("//status.example/lists/1", False),
        ("/lists/1", False),
        ("", False),
        ("https://", False),
        ("https:///lists/1", False),
        ("https:status.example/lists/1", False),
        ("https://status.example:8444/lists/1", False),
        ("https://status.example:0/lists/1", False),
        ("https://status.example:99999/lists/1", False),
        ("https://status.example:x/lists/1", False),
        ("https://status.example.evil.example/lists/1", False),
        ("https://evil.example/https://status.example/lists/1", False),
        ("https://evilstatus.example/lists/1", False),
        ("https://status.example./lists/1", False),
        ("https://user@status.example/lists/1", False),
        ("https://user:pw@status.example/lists/1", False),
        ("https://status.example@evil.example/lists/1", False),
        ("https://evil.example\\@status.example/lists/1", False),
        ("https://status.example\\lists\\1", False),
        ("https://status.example/lists/../1", False),
        ("https://status.example/lists/./1", False),
        ("https://status.example/lists/..", False),
        ("https://status.example/lists/%2e%2e/1", False),
        ("https://status.example/lists/%2E%2e/1", False),
        ("https://status.example/lists/.%2e/1", False),
        ("https://status.example/lists/%2f..%2f1", False),
        ("https://status.example/lists//1", False),
        ("https://status.example//lists/1", False),
        ("https://status.example/lists/1?x=1", False),
        ("https://status.example/lists/1?", False),
        ("https://status.example/lists/1#x", False),
        ("https://status.example/lists/1#", False),
        ("https://status.example/lists/1 ", False),
        (" https://status.example/lists/1", False),
        ("https://status.example/lists/\n1", False),
        ("https://status.example/lists/\t1", False),
        ("https://status.example/lists/\x001", False),
        ("https://ѕtatus.example/lists/1", False),
        ("https://ｓtatus.example/lists/1", False),
        ("https://status。example/lists/1", False),
        ("https://status.example/lists/é", False),
        ("https://xn--tatus-dmf.example/lists/1", False),
        ("https://[::1]/lists/1", False),
        ("https://[status.example]/lists/1", False),
        ("https://[::1", False),
        ("https://127.0.0.1:8080/x/1", False),
        ("http://127.0.0.1/x/1", False),
        ("http://localhost:8080/x/1", False),
        ("https://status.example/lists/" + "a" * 600, False),
    ],
    ids=ascii,
)
def test_uri_prefixes(uri: str, *, expected: bool) -> None:
    """A URI lies under a prefix when scheme, host, port and path do, both parsed, with nothing read in two ways."""
    assert expected == issuer(uri_prefixes=PREFIXES).allows_uri(uri)


@given(st.text(max_size=30))
@example("https://[")
@example("https://a:٣/")
def test_no_text_is_an_error_as_a_uri(text: str) -> None:
    """Whatever a certificate states as its list, there is a yes or a no."""
    one = issuer(uri_prefixes=PREFIXES)
    for uri in (text, "https://" + text, PREFIXES[0] + text):
        assert one.allows_uri(uri) in {True, False}


def test_no_prefix_allows_nothing() -> None:
    """An issuer without prefixes has no standard status claims."""
    assert not issuer().allows_uri("https://status.example/lists/1")


BAD_URIS = [
    "",
    "status.example/",
    "ftp://status.example/",
    "http://status.example/",
    "http://10.0.0.1/",
    "https://user@status.example/",
    "https://status.example/?q",
    "https://status.example/#f",
    "https://status.example/../",
    "https://status.example/%2e%2e/",
    "https://status.example/a//",
    "https://status.example\\/",
    "https://é.example/",
    "https://status.example/ /",
    "https://status.example:99999/",
    "https:///",
]


@pytest.mark.parametrize("uri", BAD_URIS, ids=ascii)
def test_bad_uris(uri: str) -> None:
    """Neither a prefix nor an endpoint nor a template may be a URI that a certificate could not state."""
    for fields in ({"uri_prefixes": [uri]}, {"query_endpoint": uri}):
        with pytest.raises(ValueError, match=r".+"):
            issuer(**fields)
    with pytest.raises(ValueError, match=r".+"):
        ListTemplate(uri=uri + "{list}", not_before=BEGIN)


@pytest.mark.parametrize("prefix", ["https://status.example", "https://status.example/lists", "http://localhost"])
def test_prefixes_end_in_a_slash(prefix: str) -> None:
    """Or one issuer's prefix would be the beginning of another's."""
    with pytest.raises(ValueError, match="/"):
        issuer(uri_prefixes=[prefix])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "localhost:8080"])
def test_http_on_loopback(host: str) -> None:
    """For trying things out, a list may be on this machine without TLS."""
    assert issuer(uri_prefixes=[f"http://{host}/"]).allows_uri(f"http://{host}/1")


@pytest.mark.parametrize("uri", ["https://a.example/", "https://a.example/{list}/{list}", "https://a.example/{LIST}"])
def test_templates_hold_the_number_once(uri: str) -> None:
    """A template without a place for the number, or with two, is none."""
    with pytest.raises(ValueError, match="list"):
        ListTemplate(uri=uri, not_before=BEGIN)


# Refused when made


NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001  the mistake under test


@pytest.mark.parametrize(
    "changes",
    [
        {"key_ids": []},
        {"key_ids": [b"a", b"a"]},
        {"key_ids": [b""]},
        {"key_ids": [bytes(33)]},
        {"key_ids": ["text"]},
        {"authorities": []},
        {"authorities": [""]},
        {"authorities": ["a\u202e"]},
        {"authorities": [5]},
        {"not_after": BEGIN},
        {"not_after": BEGIN - timedelta(seconds=1)},
        {"not_before": NAIVE},
        {"not_after": NAIVE},
        {"compromised_since": NAIVE},
    ],
    ids=ascii,
)
def test_refused_keys(changes: dict[str, Any]) -> None:
    """A key has ids, authorities and a window."""
    with pytest.raises(ValueError, match=r".+"):
        trusted_key(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "a\nb"},
        {"id": "x" * 513},
        {"id": 5},
        {"name": ""},
        {"name": "\u202e"},
        {"country": "cn"},
        {"country": "CHN"},
        {"time_zone": "Nowhere/City"},
        {"time_zone": ""},
        {"time_zone": "../etc/passwd"},
        {"time_zone": "/etc/localtime"},
        {"time_zone": "America"},
        {"time_zone": "\x00"},
        {"max_entries": 0},
        {"max_entries": -1},
        {"max_entries": 1 << 32},
    ],
    ids=ascii,
)
def test_refused_issuers(changes: dict[str, Any]) -> None:
    """An issuer has an id, a name, a country and a time zone that exists."""
    with pytest.raises(ValueError, match=r".+"):
        issuer(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 0},
        {"version": -1},
        {"version": 1 << 32},
        {"version": True},
        {"version": 1.0},
        {"next_update_at": BEGIN},
        {"next_update_at": BEGIN - timedelta(days=1)},
        {"issued_at": NAIVE},
        {"live_maximum": timedelta()},
        {"live_maximum": timedelta(milliseconds=999)},
        {"live_maximum": timedelta(days=1, seconds=1)},
        {"live_maximum": -timedelta(minutes=1)},
        {"issuers": [issuer(), issuer(keys=[])]},
        {"issuers": [issuer(keys=[trusted_key(), trusted_key(usage=KeyUsage.LIVE)])]},
        {"issuers": [issuer(), issuer(id="DE")]},
    ],
    ids=lambda changes: ascii(changes)[:60],
)
def test_refused_lists(changes: dict[str, Any]) -> None:
    """A list counts from 1, ends after it begins, and names no issuer and no public key twice."""
    with pytest.raises(ValueError, match=r".+"):
        contents(**changes)


def test_one_public_key_under_two_ids() -> None:
    """A public key appears once in the list, whatever ids and algorithms it is given."""
    signer = fixed_signer()
    again = PublicKey.from_pem(signer.public_key.to_pem(), algorithm=-9, key_id=b"other")
    with pytest.raises(ValueError, match="public key"):
        contents(issuers=[issuer(keys=[trusted_key(), trusted_key(public_key=again, usage=KeyUsage.STATUS)])])


def test_instants_in_any_zone() -> None:
    """Instants become UTC in whole seconds."""
    local = datetime(2026, 1, 1, 8, 0, 0, 999, tzinfo=timezone(timedelta(hours=8)))

    assert contents() == contents(issued_at=local)


@pytest.mark.parametrize(("keys", "threshold"), [(0, 0), (0, 1), (1, 0), (1, -1), (1, 2), (3, 4)])
def test_thresholds_that_cannot_be(keys: int, threshold: int) -> None:
    """A threshold is met by at least one key, and by no more than there are."""
    with pytest.raises(ValueError, match="threshold"):
        TrustRoot(keys=[signer.public_key for signer in MEMBERS[:keys]], threshold=threshold)


def renamed(signer: LocalSigner, key_id: bytes) -> LocalSigner:
    """The same key under another id."""
    return LocalSigner.from_pem(signer.to_pem(), algorithm=signer.public_key.algorithm, key_id=key_id)


def test_a_root_counts_different_keys() -> None:
    """One key under two ids is one member."""
    same = [renamed(MEMBERS[0], key_id).public_key for key_id in (b"a", b"b")]
    with pytest.raises(ValueError, match="threshold"):
        TrustRoot(keys=same, threshold=2)


def test_a_root_pickles() -> None:
    """A root goes where its verifier goes."""
    assert TWO_OF_THREE == pickle.loads(pickle.dumps(TWO_OF_THREE))  # noqa: S301  our own bytes


# Who signed


@pytest.mark.parametrize("signers", [MEMBERS[:2], MEMBERS[1:], MEMBERS[::2], MEMBERS, [*MEMBERS, FOREIGNER]])
def test_two_of_three(signers: list[LocalSigner]) -> None:
    """Any two members are enough, and more do no harm."""
    data = contents().sign(*signers)

    assert contents() == TrustList.open(data, root=TWO_OF_THREE).contents


@pytest.mark.parametrize(
    "signers",
    [
        MEMBERS[:1],
        [MEMBERS[0], FOREIGNER],
        [FOREIGNER, fixed_signer(EDDSA, 98)],
        [MEMBERS[0], MEMBERS[0]],
        [MEMBERS[0], renamed(MEMBERS[0], b"again")],
        [MEMBERS[0], renamed(FOREIGNER, MEMBERS[1].public_key.key_id)],
    ],
    ids=["one", "one and a foreigner", "foreigners", "one twice", "one under two ids", "one and a forger"],
)
def test_too_few(signers: list[LocalSigner]) -> None:
    """Too few members, however many signatures there are; the error says how many of how many."""
    with pytest.raises(UntrustedError) as caught:
        TrustList.open(contents().sign(*signers), root=TWO_OF_THREE)

    assert "trust-list-threshold" == caught.value.code
    assert (2, min(1, sum(signer in MEMBERS for signer in signers))) == (
        dict(caught.value.detail)["needed"],
        dict(caught.value.detail)["signed"],
    )


def test_one_key_under_two_ids_signs_once() -> None:
    """A member that is in the root under two ids, and signs under both, counts once."""
    both = [renamed(MEMBERS[0], key_id) for key_id in (b"a", b"b")]
    root = TrustRoot(keys=[*(signer.public_key for signer in both), MEMBERS[1].public_key], threshold=2)
    with pytest.raises(UntrustedError) as caught:
        TrustList.open(contents().sign(*both), root=root)

    assert (("needed", 2), ("signed", 1)) == caught.value.detail
    assert TrustList.open(contents().sign(both[1], MEMBERS[1]), root=root).contents == contents()


def test_signatures_are_added_later() -> None:
    """Members sign one after the other, each on what the others signed."""
    data = cose.add_signature(contents().sign(MEMBERS[0]), signer=MEMBERS[2])

    assert contents() == TrustList.open(data, root=TWO_OF_THREE).contents
    with pytest.raises(IssuingError) as caught:
        cose.add_signature(data, signer=MEMBERS[2])
    assert "already-signed" == caught.value.code


def test_at_most_sixteen_signatures() -> None:
    """Sixteen are read; seventeen are not made, and refused where somebody made them."""
    signers = [fixed_signer(EDDSA, seed) for seed in range(100, 115)] + [MEMBERS[0]]
    data = contents().sign(*signers)

    assert contents() == TrustList.open(data, root=ROOT).contents
    with pytest.raises(ValueError, match="16"):
        contents().sign(*signers, FOREIGNER)
    header, unprotected, body, signatures = _cbor.decode(data[2:], max_bytes=1 << 16)
    with pytest.raises(RejectedInputError) as caught:
        TrustList.open(data[:2] + _cbor.encode([header, unprotected, body, [signatures[0], *signatures]]), root=ROOT)
    assert "trust-list-malformed" == caught.value.code


# What replaces what


def test_a_newer_list_replaces_an_older_one() -> None:
    """A higher version replaces the list held; the same bytes may come again."""
    held = open_list(contents())

    assert 6 == open_list(contents(version=6), previous=held).version
    assert held.contents == TrustList.open(held.to_bytes(), root=ROOT, previous=held).contents


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 4}, "trust-list-rollback"),
        ({"version": 1}, "trust-list-rollback"),
        ({"issuers": []}, "trust-list-conflict"),
        ({"environment": Environment.TEST}, "trust-list-conflict"),
        ({"version": 6, "issuers": [issuer(country="MN")]}, "trust-list-issuer-changed"),
        ({"version": 6, "issuers": [issuer(time_zone="Asia/Urumqi")]}, "trust-list-issuer-changed"),
    ],
)
def test_lists_that_replace_nothing(changes: dict[str, Any], code: str) -> None:
    """An older list, another one of the same version, and one that moves an issuer are refused."""
    with pytest.raises(UntrustedError) as caught:
        open_list(contents(**changes), previous=open_list(contents()))

    assert code == caught.value.code


def test_issuers_come_and_go() -> None:
    """An issuer may be added, removed, and given another name."""
    held = open_list(contents())
    for issuers in ([], [issuer(name="New")], [issuer(), issuer(id="DE", country="DE", keys=[])]):
        assert 6 == open_list(contents(version=6, issuers=issuers), previous=held).version


def test_age_is_judged_when_asked() -> None:
    """With `now`, a list past its next update is refused; without, an old one is opened."""
    last = contents().next_update_at

    assert 5 == open_list(contents()).version
    assert 5 == open_list(contents(), now=last).version
    with pytest.raises(UntrustedError) as caught:
        open_list(contents(), now=last + timedelta(seconds=1))
    assert "trust-list-expired" == caught.value.code


def with_key(*changes: dict[str, Any], version: int = 6) -> TrustListContents:
    """A list of one issuer with a key for each set of changes; the first is the usual key."""
    keys = [trusted_key(seed, **one) for seed, one in enumerate(changes, start=1)]
    return contents(version=version, issuers=[issuer(keys=keys)])


LEAKED: dict[str, Any] = {"compromised_since": BEGIN + timedelta(days=9), "compromise": "stolen"}


@pytest.mark.parametrize(
    "after",
    [
        with_key({}),
        with_key({"compromised_since": LEAKED["compromised_since"] + timedelta(seconds=1)}),
        with_key({"public_key": fixed_signer(ES256, 2).public_key}),
        contents(version=6, issuers=[]),
        contents(version=6, issuers=[issuer(keys=[])]),
    ],
    ids=["sound again", "later", "another key", "no issuer", "no key"],
)
def test_a_compromise_is_never_taken_back(after: TrustListContents) -> None:
    """Row 61: a leaked key that a list drops, clears, or has leaked later, could come back as if nothing had been."""
    held = open_list(with_key(LEAKED, version=5))
    with pytest.raises(UntrustedError) as caught:
        open_list(after, previous=held)

    assert ("trust-list-compromise-withdrawn", (("keys", 1),)) == (caught.value.code, caught.value.detail)
    assert after == open_list(after).contents


@pytest.mark.parametrize(
    "after",
    [
        with_key(LEAKED),
        with_key(LEAKED | {"compromise": "found out more"}),
        with_key(LEAKED | {"compromised_since": BEGIN}),
        contents(version=6, issuers=[issuer(keys=[]), issuer(id="DE", keys=[trusted_key(**LEAKED)])]),
    ],
    ids=["as it was", "another reason", "earlier", "under another issuer"],
)
def test_a_compromise_may_move_earlier(after: TrustListContents) -> None:
    """What is found out later may make it worse, never better."""
    assert 6 == open_list(after, previous=open_list(with_key(LEAKED, version=5))).version


def test_a_retired_key_may_be_left_out() -> None:
    """A list without a key that the one before had is taken: nothing is trusted more for it. Who signs is told."""
    held = open_list(with_key({}, {}, version=5))
    newer = with_key({})

    assert 6 == open_list(newer, previous=held).version
    assert [trusted_key(2)] == list(newer.lost_keys(held.contents))
    assert () == held.contents.lost_keys(newer)
    assert () == newer.withdrawn_compromises(held.contents)


def test_a_clock_that_was_set_back() -> None:
    """Row 66: a list from the future shows that the clock is wrong; right clocks may differ, and test lists too."""
    issued = contents().issued_at

    assert 5 == open_list(contents(), now=issued - timedelta(seconds=60)).version
    with pytest.raises(UntrustedError) as caught:
        open_list(contents(), now=issued - timedelta(seconds=61))
    assert "trust-list-future" == caught.value.code
    assert 5 == open_list(contents(environment=Environment.TEST), now=issued - timedelta(days=99)).version
    with pytest.raises(ValueError, match="zone"):
        open_list(contents(), now=datetime(2026, 1, 2))  # noqa: DTZ001  the mistake under test


# Under roots that rotate

SECOND = RootSetContents(
    version=2, members=[[MEMBERS[1].public_key], [MEMBERS[2].public_key]], threshold=1, valid_from=BEGIN
)
THIRD = RootSetContents(
    version=3,
    members=[[MEMBERS[2].public_key, PQ.public_key]],
    threshold=1,
    valid_from=BEGIN + timedelta(days=100),
)
SECOND_SIGNED = SECOND.sign(MEMBERS[0], MEMBERS[1])
THIRD_SIGNED = THIRD.sign(MEMBERS[1], MEMBERS[2], PQ)
ROTATED = ROOT.rotate(encode_chain([SECOND_SIGNED, THIRD_SIGNED]))


def issued(after_days: int, *signers: LocalSigner) -> bytes:
    """A list issued some days after the second root set began."""
    at = BEGIN + timedelta(days=after_days)
    return contents(issued_at=at, next_update_at=at + timedelta(days=30)).sign(*signers)


def archived_code(data: bytes, **arguments: Any) -> str | None:  # noqa: ANN401  those of open_archived
    """The code with which an archived list is refused, if it is."""
    try:
        TrustList.open_archived(data, **arguments)
    except (RejectedInputError, UntrustedError) as error:
        return error.code
    return None


def test_only_the_current_set_installs() -> None:
    """After a rotation a list by the old members alone is not installed, whenever it says it was issued."""
    for data in (issued(-1, MEMBERS[0]), issued(1, MEMBERS[1]), issued(101, MEMBERS[2]), issued(101, PQ)):
        with pytest.raises(UntrustedError) as caught:
            TrustList.open(data, root=ROTATED)
        assert "trust-list-threshold" == caught.value.code
    assert 5 == TrustList.open(issued(101, MEMBERS[2], PQ), root=ROTATED).version


@pytest.mark.parametrize(
    ("after_days", "signers", "code"),
    [
        (-1, MEMBERS[:1], None),
        (-2000, MEMBERS[:1], None),
        (0, MEMBERS[:1], "trust-list-root-retired"),
        (50, MEMBERS[:1], "trust-list-root-retired"),
        (0, MEMBERS[1:2], None),
        (99, MEMBERS[1:2], None),
        (99, MEMBERS[2:], None),
        (100, MEMBERS[1:2], "trust-list-root-retired"),
        (-1, MEMBERS[1:2], "trust-list-root-retired"),
        (-1, MEMBERS[:2], None),
        (101, [MEMBERS[2], PQ], None),
        (5, [MEMBERS[2], PQ], None),
        (5, [PQ], "trust-list-threshold"),
        (5, [FOREIGNER], "trust-list-threshold"),
    ],
)
def test_archived_lists(after_days: int, signers: list[LocalSigner], code: str | None) -> None:
    """A retired set counts for the lists of its window, and the current one for all; nobody else ever."""
    assert code == archived_code(issued(after_days, *signers), root=ROTATED)


def test_a_chain_kept_with_the_evidence() -> None:
    """A root that has not rotated is led to the later sets, and from then on knows that its own is retired."""
    chain = (SECOND_SIGNED, THIRD_SIGNED)

    assert "trust-list-threshold" == archived_code(issued(5, MEMBERS[1]), root=ROOT)
    assert archived_code(issued(5, MEMBERS[1]), root=ROOT, chain=chain) is None
    assert archived_code(issued(5, MEMBERS[1]), root=ROOT, chain=chain[:1]) is None
    assert archived_code(issued(5, MEMBERS[1]), root=ROTATED, chain=chain[:1]) is None
    assert archived_code(issued(5, MEMBERS[0]), root=ROOT) is None
    assert "trust-list-root-retired" == archived_code(issued(5, MEMBERS[0]), root=ROOT, chain=chain)


def test_a_chain_that_leads_elsewhere() -> None:
    """A chain counts only where it leads on from the caller's root: not forged, not with a gap, not another one."""
    stranger = attrs.evolve(SECOND, members=[[FOREIGNER.public_key]])
    for document, root, code in (
        (stranger.sign(FOREIGNER), ROOT, "root-threshold"),
        (THIRD_SIGNED, ROOT, "root-gap"),
        (stranger.sign(MEMBERS[0], FOREIGNER), ROTATED, "root-conflict"),
        (b"", ROOT, "root-malformed"),
    ):
        assert code == archived_code(issued(5, FOREIGNER), root=root, chain=[document])


def test_a_stolen_retired_key_signs_a_backdated_list() -> None:
    """What `open_archived` does not prove: who has a retired set's keys today dates a list back. A seal shows it."""
    assert archived_code(issued(-1, MEMBERS[0]), root=ROTATED) is None


def test_a_list_keeps_the_chain_of_its_root() -> None:
    """Evidence finds the documents in the list, in another process too; equality is that of the signed bytes."""
    data = issued(101, MEMBERS[2], PQ)
    trust = TrustList.open(data, root=ROTATED)
    other = pickle.loads(pickle.dumps(trust))  # noqa: S301  our own bytes
    by_keys = TrustList.open(data, root=TrustRoot(members=THIRD.members))

    assert (SECOND_SIGNED, THIRD_SIGNED) == trust.root_chain == other.root_chain
    assert () == by_keys.root_chain
    assert (trust, hash(trust)) == (by_keys, hash(by_keys)) == (other, hash(other))
    archived = TrustList.open_archived(issued(5, MEMBERS[1]), root=ROOT, chain=[SECOND_SIGNED])
    assert (SECOND_SIGNED,) == archived.root_chain
    assert archived == TrustList.open_archived(archived.to_bytes(), root=ROOT, chain=archived.root_chain)


def test_a_root_set_that_has_ended() -> None:
    """Row 66: lists issued after the end of the set that signed them are refused, and none is installed after it."""
    end = BEGIN + timedelta(days=20)
    root = ROOT.rotate(attrs.evolve(SECOND, valid_until=end).sign(MEMBERS[0], MEMBERS[1]))
    at_the_end = contents(issued_at=end, next_update_at=end + timedelta(days=30)).sign(MEMBERS[1])

    assert 5 == TrustList.open(at_the_end, root=root, now=end).version
    for data, now in ((at_the_end, end + timedelta(seconds=1)), (issued(21, MEMBERS[1]), None)):
        with pytest.raises(UntrustedError) as caught:
            TrustList.open(data, root=root, now=now)
        assert "root-expired" == caught.value.code
    assert "root-expired" == archived_code(issued(21, MEMBERS[1]), root=root)
    assert archived_code(at_the_end, root=root) is None


def test_rotating_and_replacing() -> None:
    """A list signed by the new members replaces one that the old ones signed, by the same rules as ever."""
    held = TrustList.open(contents(version=5).sign(MEMBERS[0]), root=ROOT)
    newer = TrustList.open(contents(version=6).sign(MEMBERS[2], PQ), root=ROTATED, previous=held)

    assert 6 == newer.version
    with pytest.raises(UntrustedError) as caught:
        TrustList.open(contents(version=4).sign(MEMBERS[2], PQ), root=ROTATED, previous=held)
    assert "trust-list-rollback" == caught.value.code


# On the wire


def signed(content: CborValue, *, content_type: str = MEDIA_TYPE) -> bytes:
    """Any content, properly signed by the root."""
    return cose.sign(_cbor.encode(content), signers=[MEMBERS[0]], content_type=content_type)


def plain() -> dict[int, Any]:
    """The content of the small list."""
    content: dict[int, Any] = _cbor.decode(cose.read_sign(contents().sign(MEMBERS[0])).payload, max_bytes=1 << 16)
    return content


def refusal(data: bytes) -> str:
    """The code with which a list is refused."""
    with pytest.raises((RejectedInputError, UntrustedError)) as caught:
        TrustList.open(data, root=ROOT)
    return caught.value.code


def test_the_content_type_is_signed() -> None:
    """Another kind of document by the same signers is no trust list."""
    assert contents() == TrustList.open(signed(plain()), root=ROOT).contents
    assert "trust-list-malformed" == refusal(signed(plain(), content_type="application/cbor"))
    assert "trust-list-malformed" == refusal(signed(plain(), content_type=MEDIA_TYPE.upper()))


VALUES: list[CborValue] = [
    None,
    True,
    -1,
    0,
    2**63,
    2**64 - 1,
    "x",
    "",
    b"x",
    [],
    [[]],
    [None],
    [5],
    {},
    [{}],
    {-1: 1},
    [{-1: 1}],
]


NUMBERS: dict[str, dict[int, str]] = {
    "environment": {1: "production", 2: "test"},
    "usage": {1: "certificate", 2: "live", 3: "status", 4: "register"},
}
"""The numbers of docs/reference/trust-list.md."""


@pytest.mark.parametrize(("number", "word"), NUMBERS["environment"].items())
def test_numbers_of_environments(number: int, word: str) -> None:
    """Each word has its own number on the wire, whatever the order of a declaration; no other number means anything."""
    assert word == TrustList.open(signed({**plain(), 4: number}), root=ROOT, environment=Environment(word)).environment
    assert "trust-list-malformed" == refusal(signed({**plain(), 4: number + len(Environment)}))
    assert set(NUMBERS["environment"].values()) == {member.value for member in Environment}


@pytest.mark.parametrize(("number", "word"), NUMBERS["usage"].items())
def test_numbers_of_usages(number: int, word: str) -> None:
    """The same for what a key may sign."""
    content = plain()
    content[6][0][11][0][3] = number

    assert KeyUsage(word) is TrustList.open(signed(content), root=ROOT).issuers[0].keys[0].usage
    content[6][0][11][0][3] = number + len(KeyUsage)
    assert "trust-list-malformed" == refusal(signed(content))
    assert set(NUMBERS["usage"].values()) == {member.value for member in KeyUsage}


@pytest.mark.parametrize(
    ("table", "kind", "name"), [("_ENVIRONMENTS", Environment, "environment"), ("_USAGES", KeyUsage, "usage")]
)
def test_no_number_follows_the_order_of_a_declaration(table: str, kind: type[Enum], name: str) -> None:
    """With members swapped and one inserted the table is the same: its numbers are written out."""
    line = re.search(rf"(?m)^{table}: Final = (.+)$", inspect.getsource(_lists))
    others = {member.name: member.value for member in reversed(kind)}
    changed = Enum("Changed", {"NEW": "new", **others})  # type: ignore[misc]  # mypy wants the members written out

    assert line is not None
    again = eval(line[1], {kind.__name__: changed})  # noqa: S307  our own source
    assert NUMBERS[name] == {number: member.value for number, member in again.items()}


def test_countries_beside_an_issuers_own() -> None:
    """They come back; a list without them is written as it always was; and the issuer speaks for those alone."""
    plain_issuer, wide = issuer(), issuer(countries=["HK", "MO"])
    trust = open_list(contents(issuers=[wide]))

    assert ("HK", "MO") == trust.issuers[0].countries
    assert {"CN", "HK", "MO"} == {country for country in ("CN", "HK", "MO", "DE") if wide.speaks_for(country)}
    assert ["CN"] == [country for country in ("CN", "HK", "", "cn") if plain_issuer.speaks_for(country)]
    assert 12 not in plain()[6][0]
    content = plain()
    content[6][0][12] = ["HK"]
    assert ("HK",) == TrustList.open(signed(content), root=ROOT).issuers[0].countries


@pytest.mark.parametrize("countries", [["CN"], ["HK", "HK"], ["hk"], ["HKG"], [""], ["H1"]])
def test_countries_that_cannot_be(countries: list[str]) -> None:
    """Two capital letters, others than its own, each once; from the wire, too."""
    with pytest.raises(ValueError, match="countr"):
        issuer(countries=countries)
    content = plain()
    content[6][0][12] = countries
    assert "trust-list-malformed" == refusal(signed(content))


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_wrong_values_in_a_list(value: CborValue) -> None:
    """Whatever stands under a list's, an issuer's or a key's number, even properly signed, there is one error."""
    for place in range(1, 7):
        assert_refused_or_whole({**plain(), place: value})
    for place in range(1, 13):
        content = plain()
        content[6][0][place] = value
        assert_refused_or_whole(content)
    for place in range(2, 9):
        content = plain()
        content[6][0][11][0][place] = value
        assert_refused_or_whole(content)


def assert_refused_or_whole(content: CborValue) -> None:
    """Signed content is refused as malformed or too new, or opens and says the same when signed again."""
    data = signed(content)
    try:
        trust = TrustList.open(data, root=ROOT)
    except RejectedInputError as error:
        code = error.code
    else:
        assert trust.contents == open_list(trust.contents).contents
        return
    assert code in {"trust-list-malformed", "too-new"}


@pytest.mark.parametrize("value", [value for value in VALUES[:-1] if type(value) is not bytes], ids=repr)
def test_wrong_key_in_a_list(value: CborValue) -> None:
    """A key that is no byte string is malformed, like everything else."""
    content = plain()
    content[6][0][11][0][1] = value

    assert_refused_or_whole(content)


@pytest.mark.parametrize("value", [b"", b"x", b"\xa0", b"\xa1\x01\x05", bytes(100)])
def test_key_of_a_list_that_is_none(value: bytes) -> None:
    """Bytes that are no key are malformed."""
    content = plain()
    content[6][0][11][0][1] = value

    assert "trust-list-malformed" == refusal(signed(content))


def test_weak_key_in_a_list() -> None:
    """A key that must never be trusted makes the list malformed, whoever signed it."""
    content = plain()
    content[6][0][11][0][1] = _cbor.encode({1: 1, -1: 6, -2: bytes(32)})

    assert "trust-list-malformed" == refusal(signed(content))


@pytest.mark.parametrize("place", range(1, 7))
def test_missing_parts_of_a_list(place: int) -> None:
    """Version, dates and issuers must be there; the rest has defaults."""
    content = plain()
    del content[place]

    assert (place in {4, 5}) == is_opened(content)


def is_opened(content: CborValue) -> bool:
    """Whether a signed list opens; it is malformed otherwise."""
    try:
        TrustList.open(signed(content), root=ROOT)
    except RejectedInputError:
        return False
    return True


@pytest.mark.parametrize("content", [None, 0, b"", "", [], {}, [1], {1: 1}], ids=repr)
def test_content_that_is_no_list(content: CborValue) -> None:
    """Signed content that is no list at all is malformed."""
    assert "trust-list-malformed" == refusal(signed(content))


@pytest.mark.parametrize("key", [12, 99, 2**64 - 6])
def test_unknown_positive_keys_are_ignored(key: int) -> None:
    """A newer list may say more, at each level."""
    content = plain()
    content[key] = {1: [None]}
    content[6][0][key + 5] = "more"
    content[6][0][11][0][key + 5] = b"more"

    assert contents() == TrustList.open(signed(content), root=ROOT).contents


def test_unknown_negative_keys_are_too_new() -> None:
    """A newer list may say what must not be ignored, at each level."""
    for levels in range(3):
        content = plain()
        part = [content, content[6][0], content[6][0][11][0]][levels]
        part[-1] = 0
        assert "too-new" == refusal(signed(content))


@given(cbor_values(depth=4))
def test_arbitrary_signed_content(content: CborValue) -> None:
    """Whatever the root signed, there is a list or a RejectedInputError."""
    assert_refused_or_whole(content)


@given(st.dictionaries(st.integers(1, 12), cbor_values(depth=2), max_size=6))
def test_arbitrary_signed_issuers(fields: Mapping[int, CborValue]) -> None:
    """Whatever an issuer's entry holds, there is a list or a RejectedInputError."""
    content = plain()
    content[6][0].update({key: value for key, value in fields.items() if key != 11})

    assert_refused_or_whole(content)


@given(st.binary(max_size=80))
def test_arbitrary_bytes(data: bytes) -> None:
    """Whatever the bytes, opening raises a CertcoreError."""
    for candidate in (data, b"\xd8\x62" + data, b"\xd8\x62\x84" + data):
        with pytest.raises(CertcoreError):
            TrustList.open(candidate, root=ROOT)


def test_every_byte_of_a_list() -> None:
    """Cut off anywhere, longer by a byte, or changed in any byte, a list is refused: nothing in it is idle."""
    data = contents().sign(MEMBERS[0])
    for place in range(len(data)):
        assert "trust-list-malformed" == refusal(data[:place])
        for mask in (0x01, 0x80):
            mutated = bytearray(data)
            mutated[place] ^= mask
            assert refusal(bytes(mutated)) in {"trust-list-malformed", "trust-list-threshold"}
    assert "trust-list-malformed" == refusal(data + b"\x00")


def test_unsigned_edits() -> None:
    """Content that nobody signed is not read: the threshold is judged first."""
    data = contents().sign(MEMBERS[0])
    header, unprotected, _, signatures = _cbor.decode(data[2:], max_bytes=1 << 16)

    assert "trust-list-threshold" == refusal(data[:2] + _cbor.encode([header, unprotected, b"garbage", signatures]))


def test_size_limit() -> None:
    """More than four megabytes are not read, signed or not."""
    big = cose.sign(bytes(MAX_TRUST_LIST_BYTES), signers=[MEMBERS[0]], content_type=MEDIA_TYPE)

    assert 4 << 20 == MAX_TRUST_LIST_BYTES
    assert "trust-list-malformed" == refusal(big)
    assert "trust-list-malformed" == refusal(b"\xd8\x62" + bytes(MAX_TRUST_LIST_BYTES))


def test_large_list() -> None:
    """A list of two hundred keys opens, and each is found."""
    keys = [trusted_key(seed, EDDSA, key_ids=[seed.to_bytes(4, "big")]) for seed in range(1, 201)]
    trust = open_list(contents(issuers=[issuer(keys=keys)]))

    assert all(key == trust.grants(key.key_ids[0])[0].key for key in keys)


def test_evolving_contents() -> None:
    """The next list is made from the last."""
    following = attrs.evolve(open_list(FULL).contents, version=6)

    assert following == open_list(following, previous=open_list(FULL)).contents
