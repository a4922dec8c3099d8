"""Signs what a client carries from one request to the next, so that it can only be handed back as it was given."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

SIGNATURE_BYTES = 16


def sign(payload: bytes, purpose: str, secret: bytes) -> str:
    """The payload as a text that fits into a URL or a header; `purpose` is what it may be used for."""
    return base64.urlsafe_b64encode(_mark(payload, purpose, secret) + payload).rstrip(b"=").decode()


def unsign(text: str, purpose: str, secret: bytes) -> bytes | None:
    """The payload; None when the text was changed, or signed with another secret or for another purpose."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError, TypeError):
        return None
    mark, payload = decoded[:SIGNATURE_BYTES], decoded[SIGNATURE_BYTES:]
    return payload if hmac.compare_digest(mark, _mark(payload, purpose, secret)) else None


def _mark(payload: bytes, purpose: str, secret: bytes) -> bytes:
    """What only the holder of the secret can make, for this payload and this purpose."""
    return hmac.digest(secret, purpose.encode() + b"\0" + payload, hashlib.sha256)[:SIGNATURE_BYTES]
