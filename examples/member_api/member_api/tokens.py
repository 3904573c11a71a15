"""Signed tokens: JSON Web Tokens with HMAC-SHA256, and nothing but the standard library."""

import base64
import binascii
import hashlib
import hmac
import json
from datetime import datetime
from typing import Any, NamedTuple

_HEADER = {"alg": "HS256", "typ": "JWT"}


class Claims(NamedTuple):
    """What a token says: who, in which session, and until when (seconds since 1970)."""

    sub: str
    sid: str
    exp: int


class InvalidTokenError(Exception):
    """The token is not ours, was changed, or has expired."""


def sign(claims: Claims, secret: str) -> str:
    """Return the token for `claims`."""
    body = f"{_encode(_HEADER)}.{_encode(claims._asdict())}"
    return f"{body}.{_signature(body, secret)}"


def read(token: str, secret: str, now: datetime) -> Claims:
    """Return what the token says. Raises InvalidTokenError."""
    body, _, signature = token.rpartition(".")
    if not secret or not hmac.compare_digest(signature.encode(), _signature(body, secret).encode()):
        raise InvalidTokenError("wrong signature")
    try:
        claims = Claims(**_decode(body.partition(".")[2]))
    except (TypeError, ValueError) as error:
        raise InvalidTokenError("unreadable claims") from error
    if claims.exp <= now.timestamp():
        raise InvalidTokenError("expired")
    return claims


def _signature(body: str, secret: str) -> str:
    return _text(hmac.digest(secret.encode(), body.encode(), hashlib.sha256))


def _encode(part: object) -> str:
    return _text(json.dumps(part, separators=(",", ":")).encode())


def _decode(part: str) -> dict[str, Any]:
    try:
        decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except binascii.Error as error:
        raise ValueError("not base64") from error
    return decoded


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
