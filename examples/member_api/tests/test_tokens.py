"""Tokens that this service signs."""

from datetime import UTC, datetime

import pytest
from member_api.tokens import Claims, InvalidTokenError, read, sign

SECRET = "a secret of this file"  # noqa: S105
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
CLAIMS = Claims(sub="alice", sid="5f0c", exp=int(NOON.timestamp()) + 60)


def test_token_says_what_was_signed() -> None:
    assert read(sign(CLAIMS, SECRET), SECRET, NOON) == CLAIMS


def test_token_is_refused_at_the_second_that_it_expires() -> None:
    late = CLAIMS._replace(exp=int(NOON.timestamp()))
    with pytest.raises(InvalidTokenError, match="expired"):
        read(sign(late, SECRET), SECRET, NOON)


def test_claims_of_one_token_with_the_signature_of_another_are_refused() -> None:
    mine, hers = sign(CLAIMS, SECRET), sign(CLAIMS._replace(sub="bob"), SECRET)
    forged = f"{hers.rpartition('.')[0]}.{mine.rpartition('.')[2]}"
    with pytest.raises(InvalidTokenError, match="signature"):
        read(forged, SECRET, NOON)


@pytest.mark.parametrize("token", ["", "alice", "a.b.c", "é.é.é"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(InvalidTokenError):
        read(token, SECRET, NOON)


def test_without_a_secret_no_token_is_good() -> None:
    with pytest.raises(InvalidTokenError):
        read(sign(CLAIMS, ""), "", NOON)
