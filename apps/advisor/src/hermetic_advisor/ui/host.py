"""The database of the pages: one for all users and reruns."""

from __future__ import annotations

from hermetic.integrations.streamlit import Host, attach
from hermetic.scopes import ScopeSession

from ..settings import database_url


def advisor() -> Host[ScopeSession]:
    """The host; the same Database each time it is asked for."""
    return attach(database_url())
