"""`hermetic mcp`: what Hermetic knows, for agents, by the Model Context Protocol."""
