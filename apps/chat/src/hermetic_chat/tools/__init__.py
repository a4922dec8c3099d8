"""The chat as an MCP host: which servers there are, what tools they have, and how one is called."""
