"""The server: `streamlit run app.py`.

The page itself is pages/frame.py. This file warms the heavy imports in the background and
then freezes what they allocated: Streamlit collects garbage after every run of a script,
which costs 0.1 s and more as long as torch's hundred thousand objects are looked at.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st

from pages.ui import jobs, warm


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Warm up in a thread, so that the first page does not wait for all of it."""
    warming = asyncio.create_task(asyncio.to_thread(warm.import_and_open))
    warming.add_done_callback(_freeze)
    yield
    jobs.stop_all()
    await asyncio.gather(warming, return_exceptions=True)


def _freeze(_: object) -> None:
    gc.collect()
    gc.freeze()


app = st.App("pages/frame.py", lifespan=lifespan)
