"""The advisor for models: an MCP server with every operation of the service layer as a tool."""
