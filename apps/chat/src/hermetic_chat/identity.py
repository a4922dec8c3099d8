"""Who a call of a tool is made for: a signed note that the chat sends along, and that no model can write."""

from __future__ import annotations

from collections.abc import Mapping

from itsdangerous import BadSignature, URLSafeTimedSerializer

NOTE = "hermetic-chat/user"
"""The key of the note in a call's `_meta`."""
VALID_S = 300


class Identity:
    """Signs and reads notes with the secret that the chat shares with its own servers."""

    def __init__(self, secret: str) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="mcp-user")

    def note(self, user_id: int, message_id: int) -> dict[str, str]:
        """The `_meta` of a call that is made for a user, to answer a message."""
        return {NOTE: self._signer.dumps([user_id, message_id])}

    def read(self, meta: Mapping[str, object]) -> tuple[int, int] | None:
        """The user and the message that a call is made for; None where it does not say, or says it with another secret."""
        try:
            user_id, message_id = self._signer.loads(str(meta.get(NOTE, "")), max_age=VALID_S)
            return int(user_id), int(message_id)
        except (BadSignature, ValueError, TypeError):
            return None
