"""Data: pictures of one's own as a data set, and those that were added."""

from __future__ import annotations

import streamlit as st

from pages.ui.session import links, problems
from pages.ui.train import add_data, own_data
from vae_core.errors import ConfigError

st.markdown(
    "## Train on pictures of your own. **Try this:** photograph two kinds of things, put each "
    "kind into a folder, and give both as one .zip."
)
own_data.say()
left, right = st.columns(2, gap="large")
draft = None
with left:
    st.markdown("## Add a data set")
    try:
        draft = add_data.ask()
    except ConfigError as error:
        problems.show(error)
    links.to_page("classroom", "Or let the class draw one, on their phones")
if draft:
    with right:
        add_data.preview(draft)
with right if draft is None else st.container():
    st.markdown("## Own data sets")
    own_data.show()
