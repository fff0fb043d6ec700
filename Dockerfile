# One image for every process; docker-compose.yml says which one a container runs.
FROM python:3.13-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock /tmp/
RUN python -m venv /opt/sheaf && /opt/sheaf/bin/pip install --quiet --require-hashes -r /tmp/requirements.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/sheaf --create-home sheaf
COPY --from=packages /opt/sheaf /opt/sheaf
WORKDIR /srv/sheaf
COPY shared shared
COPY api api
COPY worker worker
COPY cli cli
COPY migrations migrations
RUN echo /srv/sheaf > "$(/opt/sheaf/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/sheaf-checkout.pth"
ENV PATH=/opt/sheaf/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 SHEAF_DATA=/var/lib/sheaf HOST=0.0.0.0 PORT=8000
USER sheaf
VOLUME /var/lib/sheaf
EXPOSE 8000
CMD ["python", "-m", "api"]
