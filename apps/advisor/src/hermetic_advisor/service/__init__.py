"""All that the advisor can do: functions of a session and of plain data, which give plain data.

Whoever calls them owns the session: a page of Streamlit, a tool of the MCP server or a test. None of them commits.
"""
