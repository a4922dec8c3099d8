"""The pages of the advisor, in Streamlit."""
