"""RFC 3161 time-stamps: requests as authorities take them, and tokens that prove what they say or nothing at all."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from certcore.errors import CertcoreError, RejectedInputError, UntrustedError
from certcore.keys._x509 import MAX_AUTHORITY_BYTES
from certcore.proofs import timestamps
from certcore.proofs._der import to_der
from certcore.proofs.timestamps import MAX_TOKEN_BYTES, Timestamp
from tests import tsa

pytest.importorskip("rfc3161_client", reason="rfc3161-client is missing: the timestamp extra is not installed")

DATA = b"the whole of a signed document"
AT = datetime(2026, 9, 30, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TSA = tsa.authority()
OTHER = tsa.authority(seed=2)
REQUEST = timestamps.request(DATA, nonce=False)
RESPONSE = TSA.answer(REQUEST, at=AT)
TOKEN = tsa.token_of(RESPONSE)


def opened(token: bytes, *roots: bytes) -> Timestamp:
    """What a token proves about the data; the test's own authority is pinned unless others are."""
    return timestamps.open_token(token, data=DATA, authorities=roots or [TSA.root])


def why(token: bytes, *roots: bytes) -> object:
    """Why a token is not trusted."""
    with pytest.raises(UntrustedError) as caught:
        opened(token, *roots)
    assert "timestamp-untrusted" == caught.value.code
    return dict(caught.value.detail)["why"]


def malformed(token: bytes) -> dict[str, str | int]:
    """In what way a token is none."""
    with pytest.raises(RejectedInputError) as caught:
        opened(token)
    assert "timestamp-malformed" == caught.value.code
    return dict(caught.value.detail)


# --- requests


def test_a_request_asks_for_the_digest_alone() -> None:
    """An authority learns the SHA-256 of the data, and is asked to send its certificate."""
    asked = tsa.read_request(REQUEST)

    assert hashlib.sha256(DATA).digest() == asked.digest
    assert None is asked.nonce
    assert DATA not in REQUEST


def test_a_request_is_what_the_library_would_make() -> None:
    """Without a nonce there is one DER form, and this is it."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    theirs = TimestampRequestBuilder().data(DATA).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=False).build()

    assert theirs.as_bytes() == REQUEST


def test_nonces_are_fresh() -> None:
    """By default no two requests are the same, and each nonce is a positive number of 63 bits."""
    asked = [tsa.read_request(timestamps.request(DATA)) for _ in range(32)]

    assert 32 == len({one.nonce for one in asked})
    assert all(one.nonce is not None and 2**62 <= one.nonce < 2**63 for one in asked)


@given(st.binary(max_size=200))
def test_any_data_can_be_stamped(data: bytes) -> None:
    """What is asked for is what the token proves."""
    response = TSA.answer(timestamps.request(data), at=AT)

    assert AT == timestamps.open_token(response, data=data, authorities=[TSA.root]).at


# --- sound tokens


@pytest.mark.parametrize("token", [RESPONSE, TOKEN], ids=["response", "token"])
def test_what_a_token_proves(token: bytes) -> None:
    """A response and the bare token in it prove the same: when, and by whose word."""
    proven = opened(token)

    assert AT == proven.at == proven.generated_at
    assert timedelta() == proven.accuracy
    assert hashlib.sha256(TSA.root).hexdigest() == proven.authority


@pytest.mark.parametrize(
    "accuracy",
    [
        timedelta(seconds=1),
        timedelta(milliseconds=1),
        timedelta(milliseconds=500),
        timedelta(microseconds=5),
        timedelta(seconds=2, milliseconds=128, microseconds=999),
        timedelta(days=2),
    ],
)
def test_the_latest_instant_counts(accuracy: timedelta) -> None:
    """A token that may be off by some time proves existence only that much later."""
    proven = opened(TSA.answer(REQUEST, at=AT, accuracy=accuracy))

    assert AT + accuracy == proven.at
    assert AT == proven.generated_at
    assert accuracy == proven.accuracy


@pytest.mark.parametrize("fraction", [".5", ".123456", ".999"])
def test_a_begun_second_is_counted_whole(fraction: str) -> None:
    """A time with a fraction never becomes an earlier one."""
    proven = opened(TSA.answer(REQUEST, at=AT, fraction=fraction, accuracy=SECOND))

    assert AT + 2 * SECOND == proven.at


def test_granted_with_modifications_is_granted() -> None:
    """Both statuses that come with a token are taken (RFC 3161 section 2.4.2): the token says what it is over."""
    assert AT == opened(TSA.answer(REQUEST, at=AT, status=tsa.GRANTED_WITH_MODS)).at


def test_any_pinned_authority_will_do() -> None:
    """Of several authorities the one that vouches is named, whatever their order and form."""
    pem = x509.load_der_x509_certificate(TSA.root).public_bytes(Encoding.PEM)
    for roots in ([OTHER.root, TSA.root], [TSA.root, OTHER.root], [OTHER.root, pem]):
        assert hashlib.sha256(TSA.root).hexdigest() == opened(TOKEN, *roots).authority


def test_the_chain_may_be_inside() -> None:
    """Certificates that an authority sends along do no harm: its own root, or a stranger's."""
    own = TSA.certificate.public_bytes(Encoding.DER)

    for others in ([TSA.root], [OTHER.root], [TSA.root, OTHER.root]):
        assert AT == opened(TSA.answer(REQUEST, at=AT, certificates=[own, *others])).at


CHAINED, CHAIN = tsa.chained()


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("form", [bytes, tsa.as_ber], ids=["der", "ber"])
@pytest.mark.parametrize("part", [bytes, tsa.token_of], ids=["response", "token"])
def test_certificates_in_any_order(
    order: tuple[int, ...], form: Callable[[bytes], bytes], part: Callable[[bytes], bytes]
) -> None:
    """Nobody signs the order of the certificates, nor how lengths are written: every one is taken."""
    answer = CHAINED.answer(REQUEST, at=AT, certificates=[CHAIN[place] for place in order], is_sorted=False)
    sent = form(part(answer)) if form is bytes else part_of_ber(form(answer), part)

    assert AT == opened(sent, CHAINED.root).at


def part_of_ber(response: bytes, part: Callable[[bytes], bytes]) -> bytes:
    """The response, or the token in it; its status is three bytes long, and its own end two."""
    return response if part is bytes else response[2 + 5 : -2]


def test_the_openssl_command_s_order(tmp_path: Path) -> None:
    """The answer of ``openssl ts -reply -chain`` as it comes, where there is such a command."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is missing: no other authority is at hand")
    leaf, *chain = CHAIN
    for name, content in (("leaf", [leaf]), ("chain", [*chain]), ("reversed", [*chain][::-1])):
        pem = b"".join(x509.load_der_x509_certificate(one).public_bytes(Encoding.PEM) for one in content)
        (tmp_path / name).write_bytes(pem)
    key = CHAINED.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(key)
    (tmp_path / "query").write_bytes(timestamps.request(DATA))
    (tmp_path / "serial").write_text("01")
    (tmp_path / "conf").write_text(
        f"[tsa]\ndefault_tsa = a\n[a]\nserial = {tmp_path}/serial\ndefault_policy = 1.2.3\n"
        "signer_digest = sha256\ndigests = sha256\n"
    )
    for number, name in enumerate(("chain", "reversed")):
        out = tmp_path / f"answer{number}"
        files = ("-config", "conf", "-queryfile", "query", "-signer", "leaf", "-inkey", "key", "-chain", name)
        subprocess.run([openssl, "ts", "-reply", *files, "-out", out], cwd=tmp_path, check=True, capture_output=True)
        assert AT.year <= opened(out.read_bytes(), CHAINED.root).at.year


@pytest.mark.parametrize("form", [bytes, tsa.as_ber], ids=["der", "ber"])
def test_what_is_signed_is_not_mended(form: Callable[[bytes], bytes]) -> None:
    """Another order proves no more than DER does: a forgery stays one, and so does another document."""
    forged = CHAINED.answer(REQUEST, at=AT, certificates=CHAIN, is_sorted=False, signing_key=OTHER.key)
    other = CHAINED.answer(timestamps.request(b"other"), at=AT, certificates=CHAIN, is_sorted=False)

    assert "signature" == why(form(forged), CHAINED.root)
    assert "signature" == why(form(CHAINED.answer(REQUEST, at=AT, certificates=CHAIN)), TSA.root)
    assert "imprint" == why(form(other), CHAINED.root)


def test_der_stays_as_it_is() -> None:
    """What is in DER already is not changed, and what was changed is in DER."""
    mended = to_der(tsa.as_ber(CHAINED.answer(REQUEST, at=AT, certificates=CHAIN[::-1], is_sorted=False)))

    assert RESPONSE == to_der(RESPONSE)
    assert TOKEN == to_der(TOKEN)
    assert mended == to_der(mended) == CHAINED.answer(REQUEST, at=AT, certificates=CHAIN)


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80" * 30_000,
        b"\x30\x80" * 100 + bytes(200),
        b"\x24\x80" * 20 + bytes(40),
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\xff",
        b"\x3f\x81\x01\x00",
        b"\x30\x80\x04\x80\x00\x00\x00\x00",
        b"\x30\x00",
    ],
    ids=["deep", "deep-and-closed", "pieces", "long", "length", "tag", "primitive", "empty"],
)
def test_no_ber(data: bytes) -> None:
    """What is no BER either is as malformed as before."""
    assert data == to_der(data)
    assert {"why": "form"} == malformed(data)


def test_a_truncated_answer_in_ber() -> None:
    """Every beginning of one is no token."""
    sent = tsa.as_ber(RESPONSE)
    for end in range(len(sent)):
        assert {"why": "form"} == malformed(sent[:end])


def test_a_token_outlives_its_certificate() -> None:
    """The certificate held when the token was made; that it ended years ago changes nothing."""
    past = tsa.authority(not_before=datetime(2010, 1, 1, tzinfo=UTC), not_after=datetime(2011, 1, 1, tzinfo=UTC))
    assert past.certificate.not_valid_after_utc < datetime(2026, 1, 1, tzinfo=UTC)
    at = datetime(2010, 6, 1, tzinfo=UTC)

    # The root began in 2020, and so vouches for nothing before.
    assert "signature" == why(past.answer(REQUEST, at=at), past.root)
    older = tsa.authority(
        root_not_before=datetime(2000, 1, 1, tzinfo=UTC),
        root_not_after=datetime(2012, 1, 1, tzinfo=UTC),
        not_before=datetime(2010, 1, 1, tzinfo=UTC),
        not_after=datetime(2011, 1, 1, tzinfo=UTC),
    )
    assert at == opened(older.answer(REQUEST, at=at), older.root).at


# --- tokens that prove nothing


def test_another_document() -> None:
    """A token is over one sequence of bytes: one more, one less or one other is another document."""
    assert "imprint" == why(TSA.answer(timestamps.request(DATA + b"\0"), at=AT))
    assert "imprint" == why(TSA.answer(REQUEST, at=AT, digest=bytes(32)))


@pytest.mark.parametrize(("imprint", "digest"), [("sha1", "sha256"), ("sha256", "sha1")])
def test_weak_digests(imprint: str, digest: str) -> None:
    """SHA-1 proves nothing, whether the data or the token is hashed with it."""
    stated = hashlib.new(imprint, DATA).digest()

    assert "digest" == why(TSA.answer(REQUEST, at=AT, digest=stated, imprint_name=imprint, digest_name=digest))


@pytest.mark.parametrize("imprint", ["sha384", "sha512"])
def test_longer_digests(imprint: str) -> None:
    """A token that somebody had made with a longer digest of SHA-2 counts."""
    stated = hashlib.new(imprint, DATA).digest()

    assert AT == opened(TSA.answer(REQUEST, at=AT, digest=stated, imprint_name=imprint)).at


@pytest.mark.parametrize("at", [tsa.ISSUED - SECOND, tsa.EXPIRES + SECOND])
def test_outside_the_certificate_s_window(at: datetime) -> None:
    """The authority's certificate must have held at the time that the token states."""
    assert "signature" == why(TSA.answer(REQUEST, at=at))


@pytest.mark.parametrize("at", [tsa.ISSUED, tsa.EXPIRES - SECOND])
def test_just_within_the_window(at: datetime) -> None:
    """From its first second to its last."""
    assert at == opened(TSA.answer(REQUEST, at=at)).at


@pytest.mark.parametrize(
    "stranger",
    [
        tsa.authority(usage=tsa.CODE_SIGNING),
        tsa.authority(usage=None),
        tsa.authority(critical=False),
    ],
    ids=["other-usage", "no-usage", "usage-not-critical"],
)
def test_certificates_that_may_not_stamp(stranger: tsa.Authority) -> None:
    """A pinned root issues other certificates too: only one for time-stamping and nothing else counts."""
    assert "signature" == why(stranger.answer(REQUEST, at=AT), stranger.root)


@pytest.mark.parametrize("padding", [0, 64], ids=["before", "behind"])
def test_a_disguised_certificate(padding: int) -> None:
    """A self-made certificate for time-stamping under the name, number and key of another lends it nothing."""
    signer = tsa.authority(usage=tsa.CODE_SIGNING)
    genuine, disguise = signer.certificate.public_bytes(Encoding.DER), signer.disguise(padding=padding)
    assert (padding > 0) == (genuine < disguise)

    assert "signature" == why(signer.answer(REQUEST, at=AT, certificates=[genuine, disguise]), signer.root)
    assert "signature" == why(signer.answer(REQUEST, at=AT, certificates=[disguise]), signer.root)


def test_a_foreign_root() -> None:
    """An authority that nobody pinned proves nothing, its own root inside or not."""
    own = OTHER.certificate.public_bytes(Encoding.DER)

    assert "signature" == why(OTHER.answer(REQUEST, at=AT))
    assert "signature" == why(OTHER.answer(REQUEST, at=AT, certificates=[own, OTHER.root]))
    assert "signature" == why(OTHER.answer(REQUEST, at=AT, certificates=[own, TSA.root]))


def test_nothing_is_pinned() -> None:
    """Without authorities no token counts."""
    with pytest.raises(UntrustedError) as caught:
        timestamps.open_token(TOKEN, data=DATA, authorities=[])

    assert (("why", "signature"),) == caught.value.detail


def test_forged_signatures() -> None:
    """Another key under the authority's name, or a signature over something else."""
    assert "signature" == why(TSA.answer(REQUEST, at=AT, signing_key=OTHER.key))
    assert "signature" == why(TSA.answer(REQUEST, at=AT, signed_content=b"something else"))


def test_no_certificates_inside() -> None:
    """A token without its certificate cannot be checked, and is not trusted."""
    assert "signature" == why(TSA.answer(REQUEST, at=AT, certificates=[]))


def test_nonces() -> None:
    """Where the request is given, its nonce must come back; where it is not, none is asked for."""
    request, earlier = timestamps.request(DATA), timestamps.request(DATA)
    answer = TSA.answer(request, at=AT)

    def opened_for(asked: bytes, response: bytes) -> Timestamp:
        return timestamps.open_token(response, data=DATA, authorities=[TSA.root], request=asked)

    assert AT == opened_for(request, answer).at
    assert AT == opened_for(REQUEST, RESPONSE).at
    assert AT == opened(TSA.answer(request, at=AT, nonce=5)).at
    for response in (TSA.answer(request, at=AT, nonce=5), TSA.answer(earlier, at=AT), RESPONSE):
        with pytest.raises(UntrustedError) as caught:
            opened_for(request, response)
        assert (("why", "nonce"),) == caught.value.detail


@pytest.mark.parametrize(
    "request_",
    [b"", timestamps.request(b"other"), REQUEST + b"\0", timestamps.request(DATA)[:-1], RESPONSE],
    ids=["empty", "other", "longer", "shorter", "response"],
)
def test_requests_that_were_not_made_here(request_: bytes) -> None:
    """A request for something else is the caller's mistake."""
    with pytest.raises(ValueError, match="request"):
        timestamps.open_token(RESPONSE, data=DATA, authorities=[TSA.root], request=request_)


def test_a_refusal() -> None:
    """An authority that does not stamp gives no token; its status is in the detail."""
    assert {"why": "refused", "status": 2} == malformed(TSA.answer(REQUEST, at=AT, status=tsa.REJECTION))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        tsa.sequence(tsa.sequence(tsa.integer(0))),
        TSA.answer(REQUEST, at=AT, content_type="1.2.840.113549.1.7.1"),
        TSA.answer(REQUEST, at=datetime(9998, 1, 1, tzinfo=UTC), accuracy=timedelta(days=900_000)),
        RESPONSE + b"\0",
        TOKEN + b"\0",
        TSA.root,
        REQUEST,
    ],
    ids=[
        "empty",
        "one",
        "nothing",
        "granted",
        "content",
        "never",
        "trailing",
        "token-trailing",
        "certificate",
        "query",
    ],
)
def test_no_tokens(data: bytes) -> None:
    """Bytes that are neither a token nor a response with one, or state what no calendar has."""
    assert {"why": "form"} == malformed(data)


def test_too_large() -> None:
    """The size is looked at before anything is parsed."""
    assert {"why": "size"} == malformed(RESPONSE + bytes(MAX_TOKEN_BYTES))
    assert {"why": "form"} == malformed(bytes(MAX_TOKEN_BYTES))


# --- whatever the bytes


def never_earlier(token: bytes) -> None:
    """A token either proves the one instant or is refused as it should be."""
    try:
        found: object = opened(token).at
    except CertcoreError as error:
        found = error.code
    assert found in {AT, "timestamp-malformed", "timestamp-untrusted"}


@pytest.mark.parametrize("token", [RESPONSE, TOKEN], ids=["response", "token"])
def test_cut_off_anywhere(token: bytes) -> None:
    """No beginning of a token is a token."""
    for length in range(len(token)):
        malformed(token[:length])


@pytest.mark.slow
@pytest.mark.parametrize("token", [RESPONSE, TOKEN], ids=["response", "token"])
def test_every_byte_changed(token: bytes) -> None:
    """A changed byte changes nothing that is proven: it is refused, or stood in a part that nobody signs."""
    for place in range(len(token)):
        for mask in (0x01, 0x20, 0x80, 0xFF):
            never_earlier(token[:place] + bytes((token[place] ^ mask,)) + token[place + 1 :])


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    """Nothing but the two errors is raised, whatever the bytes are."""
    never_earlier(data)


@given(st.integers(0, len(RESPONSE)), st.integers(0, 40), st.binary(max_size=40))
def test_any_bytes_within(start: int, length: int, data: bytes) -> None:
    """The same for a token in which something was replaced, put in or left out."""
    never_earlier(RESPONSE[:start] + data + RESPONSE[start + length :])


_DER_TAGS = st.sampled_from([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x17, 0x18, 0x30, 0x31, 0x80, 0x81, 0xA0, 0xA1])
_DER = st.recursive(
    st.builds(tsa.der, _DER_TAGS, st.binary(max_size=24)),
    lambda inner: st.builds(lambda tag, parts: tsa.der(tag, *parts), _DER_TAGS, st.lists(inner, max_size=4)),
    max_leaves=12,
)


def _spots(data: bytes) -> list[tuple[int, ...]]:
    """The paths to every element within an encoded one."""
    found: list[tuple[int, ...]] = [()]
    tag, content = tsa.elements(data)[0]
    if tag & 0x20:
        for number, (inner_tag, inner) in enumerate(tsa.elements(content)):
            found += [(number, *path) for path in _spots(tsa.der(inner_tag, inner))]
    return found


def _replaced(data: bytes, path: tuple[int, ...], new: bytes) -> bytes:
    """The same with the element at a path replaced, and all lengths right."""
    if not path:
        return new
    tag, content = tsa.elements(data)[0]
    parts = [tsa.der(inner_tag, inner) for inner_tag, inner in tsa.elements(content)]
    parts[path[0]] = _replaced(parts[path[0]], path[1:], new)
    return tsa.der(tag, *parts)


@given(st.sampled_from(_spots(RESPONSE)), _DER | st.just(b""))
def test_any_element(path: tuple[int, ...], new: bytes) -> None:
    """The same for well-formed DER in which one element is another, or missing."""
    never_earlier(_replaced(RESPONSE, path, new))


@given(_DER)
def test_any_content(new: bytes) -> None:
    """The same for whatever an authority might sign in the place of a TSTInfo."""
    path = next(path for path in _spots(RESPONSE) if _at(RESPONSE, path)[0] == 0x04)

    never_earlier(_replaced(RESPONSE, path, tsa.der(0x04, new)))


def _at(data: bytes, path: tuple[int, ...]) -> tuple[int, bytes]:
    found = tsa.elements(data)[0]
    for number in path:
        found = tsa.elements(found[1])[number]
    return found


# --- authorities


def test_read_authority() -> None:
    """DER and PEM come to the same DER."""
    pem = x509.load_der_x509_certificate(TSA.root).public_bytes(Encoding.PEM)

    assert TSA.root == timestamps.read_authority(TSA.root)
    assert TSA.root == timestamps.read_authority(pem)
    assert TSA.root == timestamps.read_authority(b"\n" + pem)


def unfit_authorities() -> dict[str, bytes]:
    """Bytes that are no root of an authority."""
    pem = x509.load_der_x509_certificate(TSA.root).public_bytes(Encoding.PEM)
    return {
        "empty": b"",
        "garbage": b"\x30\x03\x02\x01\x00",
        "trailing": TSA.root + b"\0",
        "below a root": TSA.certificate.public_bytes(Encoding.DER),
        "two": pem + pem,
        "no pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "too large": pem + b"\n" * MAX_AUTHORITY_BYTES,
        "forged": tsa.authority().root[:-4] + bytes(4),
    }


@pytest.mark.parametrize("data", unfit_authorities().values(), ids=unfit_authorities().keys())
def test_unfit_authorities(data: bytes) -> None:
    """What is pinned is one self-signed certificate; anything else is the caller's mistake, and found out."""
    with pytest.raises(ValueError, match="self-signed"):
        timestamps.read_authority(data)
    with pytest.raises(ValueError, match="self-signed"):
        opened(TOKEN, data)


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, requests are made all the same, and tokens are refused with what to install."""
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)

    assert REQUEST == timestamps.request(DATA, nonce=False)
    assert TSA.root == timestamps.read_authority(TSA.root)
    with pytest.raises(RejectedInputError) as caught:
        opened(TOKEN)
    assert "timestamp-unsupported" == caught.value.code
    assert timestamps.TIMESTAMP_EXTRA in caught.value.message
