"""The only room for widgets and for Streamlit's caches."""
