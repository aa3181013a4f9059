# ELBO Room on a processor: docker build -t elbo-room . && docker run -p 8501:8501 -v elbo-room:/runs elbo-room
# The image is read-only but for /runs and /tmp: add --read-only --tmpfs /tmp.
FROM python:3.13-slim AS packages
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# torch for the processor alone: any other request for it brings gigabytes of CUDA.
RUN pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu
WORKDIR /build
COPY requirements.txt requirements-cluster.txt ./
RUN pip install -r requirements-cluster.txt \
 && rm -rf /venv/lib/python3.13/site-packages/torch/include /venv/lib/python3.13/site-packages/torch/test

FROM python:3.13-slim
RUN useradd --uid 1000 --create-home room && mkdir /runs && chown room /runs
COPY --from=packages /venv /venv
WORKDIR /elbo-room
COPY .streamlit/config.toml .streamlit/config.toml
COPY app.py ./
COPY elbo_room elbo_room
COPY vae_core vae_core
COPY pages pages
COPY assets assets
RUN /venv/bin/python -m compileall -q vae_core pages elbo_room
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 STREAMLIT_SERVER_PORT=8501 \
    ELBO_ROOM_RUNS=/runs/runs ELBO_ROOM_OWN_DATA=/runs/own-data ELBO_ROOM_ANSWERS=/runs/answers \
    XDG_CACHE_HOME=/tmp/cache NUMBA_CACHE_DIR=/tmp/cache/numba
USER 1000
VOLUME /runs
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", \
  "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['STREAMLIT_SERVER_PORT']}/_stcore/health\", timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "app.py"]
