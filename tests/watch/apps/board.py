"""A page for `streamlit run board.py`."""

from __future__ import annotations

import shop
import streamlit as st

for name in shop.names():
    st.write(name)
