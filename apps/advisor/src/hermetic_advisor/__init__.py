"""A customer advisor: Streamlit pages and an MCP server over one service layer, on Hermetic."""
