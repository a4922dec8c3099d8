"""What setting an attribute, or changing a collection in place, does."""

from __future__ import annotations

from dataclasses import replace

from .outcome import FINE, UNKNOWN, Outcome
from .records import AttributeWritten
from .states import States


def write(life: States, record: AttributeWritten) -> Outcome:
    """Set an attribute: noted for the next flush, or lost when the instance is detached."""
    state = life.instances.get(record.instance)
    if state is None or state.status == "unknown":
        return UNKNOWN
    name = frozenset({record.attribute})
    refused = state.refused | name if record.refused else state.refused - name
    is_mapped = not state.mapping.columns or record.attribute in {*state.mapping.columns, *state.mapping.relations}
    state = replace(
        state,
        written=state.written | name,
        loaded=state.loaded | name,
        unsure=state.unsure - name,
        refused=refused,
    )
    if not is_mapped:
        return FINE
    life.put(state)
    if state.status == "detached":
        return Outcome("loses-write", because="detached", lost=(state.key,))
    life.mark_dirty(state.key)
    return FINE
