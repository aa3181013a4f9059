"""The server: `streamlit run app.py`. The page itself is pages/frame.py."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
import torch
from starlette.middleware import Middleware

from pages.ui.explore import projection_queue
from pages.ui.library import background, passcode
from pages.ui.server import memory, modules, routes
from pages.ui.server.preload import warm_up
from pages.ui.server.style import Styled
from pages.ui.server.uploads import Uploads
from pages.ui.session.paths import ASSETS
from pages.ui.train import queue
from vae_core.errors import ConfigError
from vae_core.jobs.priority import pin_to_one_core

STYLES = ("frame.css", "room.css")


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[None]:
    """Warm up in a thread beside the first visitors; on the way out, end all jobs."""
    memory.return_freed()
    background.begin()
    if pin_to_one_core():  # long work, too, computes with one thread: the other core's
        torch.set_num_threads(1)
    warming = asyncio.create_task(asyncio.to_thread(warm_up))
    yield
    queue.close()
    projection_queue.close()
    background.stop_all()
    await asyncio.gather(warming, return_exceptions=True)


try:
    passcode.check_setting()
except ConfigError as error:
    sys.exit(str(error))
style = "".join((ASSETS / name).read_text(encoding="utf-8") for name in STYLES)
base = st.get_option("server.baseUrlPath") or ""
app = st.App(
    "pages/frame.py",
    lifespan=lifespan,
    routes=routes.below(base),
    middleware=[
        Middleware(Uploads, may=passcode.may_upload),
        Middleware(Styled, style=style, links=modules.links()),
    ],
)
