"""Who a call of a tool is made for: a signed note that the chat sends along, and that no model can write."""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeTimedSerializer

NOTE = "hermetic-chat/user"
"""The key of the note in a call's `_meta`."""
VALID_S = 300


class Identity:
    """Signs and reads notes with the secret that the chat shares with its own servers."""

    def __init__(self, secret: str) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="mcp-user")

    def note(self, user_id: int) -> dict[str, str]:
        """The `_meta` of a call that is made for a user."""
        return {NOTE: self._signer.dumps(user_id)}

    def read(self, meta: dict[str, object]) -> int | None:
        """The user that a call is made for, or None where it does not say, or says it with another secret."""
        try:
            return int(self._signer.loads(str(meta.get(NOTE, "")), max_age=VALID_S))
        except (BadSignature, ValueError, TypeError):
            return None
