"""Passwords: hashed with Argon2 in a thread, because it takes its time on purpose."""

from __future__ import annotations

import secrets

import anyio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_CHARACTERS = 12
MOST_CHARACTERS = 200
UNUSABLE = "!"
"""No password has this hash: whoever has it cannot log in until an administrator gives them another."""

AT_ONCE = 2
"""As many hashes are made at a time; each takes its memory while it is made."""

MEMORY_KIB = 64 * 1024


class Passwords:
    """Makes and verifies hashes, a few at a time; nothing of a database is held meanwhile."""

    def __init__(self, memory_kib: int = MEMORY_KIB) -> None:
        self._hasher = PasswordHasher(memory_cost=memory_kib)
        self._stand_in = self._hasher.hash(secrets.token_hex())
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    async def hashed(self, password: str) -> str:
        """The hash of a password."""
        return await anyio.to_thread.run_sync(self._hasher.hash, password, limiter=self._limiter)

    async def are_equal(self, password: str, password_hash: str | None) -> bool:
        """Whether a password has a hash; it takes as long where there is none, so nobody learns which names exist."""
        kept = password_hash if password_hash and password_hash != UNUSABLE else self._stand_in
        return await anyio.to_thread.run_sync(self._verified, kept, password, limiter=self._limiter)

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verified(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password) and password_hash != self._stand_in
        except (VerificationError, InvalidHashError):
            return False


def made_up() -> str:
    """A password that nobody guesses, and that can be read out on the telephone."""
    return "-".join(secrets.token_hex(2) for _ in range(5))


def objection(password: str, *names: str) -> str | None:
    """What is wrong with a new password, as a sentence; None when nothing is."""
    if len(password) < LEAST_CHARACTERS:
        return f"Use at least {LEAST_CHARACTERS} characters."
    if len(password) > MOST_CHARACTERS:
        return f"Use at most {MOST_CHARACTERS} characters."
    if any(name and name.lower() in password.lower() for name in names):
        return "Leave your name and e-mail address out of it."
    if len(set(password)) < 5:
        return "Use more different characters."
    return None
