"""A chat web application that is an MCP host, on Starlette and Hermetic."""
