"""${message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Go one step on."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Go the step back."""
    ${downgrades if downgrades else "pass"}
