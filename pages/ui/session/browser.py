"""What is known of the reader's browser."""

from __future__ import annotations

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

# Streamlit's own cookie, without which it refuses an upload. It is set with the page, and is not
# for the frame of another site.
COOKIE = "_streamlit_xsrf"


def sends_cookies() -> bool:
    """Whether the browser has sent the cookie that uploads need, where they need one."""
    is_browser = bool(st.context.headers)
    is_needed = bool(st.get_option("server.enableXsrfProtection"))
    return not (is_browser and is_needed) or COOKIE in st.context.cookies


def times() -> ColumnConfig:
    """A table's column of times, as clocks show them where the reader is."""
    return st.column_config.DatetimeColumn(
        format="YYYY-MM-DD HH:mm", timezone=st.context.timezone or "UTC"
    )
