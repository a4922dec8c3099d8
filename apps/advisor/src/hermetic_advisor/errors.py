"""What can be told to whoever asked: each is one sentence for people, and says nothing of the database."""

from __future__ import annotations


class AdvisorError(Exception):
    """The root of what is told to users and clients."""


class NotFound(AdvisorError):
    """What was asked for is not there."""


class Conflict(AdvisorError):
    """It is there already, or somebody else has changed it meanwhile."""


class Refused(AdvisorError):
    """What was given cannot be taken as it is."""


class BadSettings(AdvisorError):
    """The program cannot start with what it was given."""
