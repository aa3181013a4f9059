"""The server: `streamlit run app.py`. The page itself is pages/frame.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
import torch

from pages.ui import aside, jobs, projecting, served
from pages.ui.nodelay import send_at_once
from pages.ui.warm import warm_up
from vae_core.jobs.priority import pin_to_one_core


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Warm up in a thread beside the first visitors; on the way out, end all jobs."""
    send_at_once()
    aside.begin()
    if pin_to_one_core():  # long work, too, computes with one thread: the other core's
        torch.set_num_threads(1)
    warming = asyncio.create_task(asyncio.to_thread(warm_up))
    yield
    jobs.close()
    projecting.stop_all()
    aside.stop_all()
    await asyncio.gather(warming, return_exceptions=True)


app = st.App("pages/frame.py", lifespan=lifespan, routes=served.ROUTES)
