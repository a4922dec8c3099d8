"""Which findings are told, and which are known, allowed or out of the way."""
