# One image for every command: the worker runs in it as a user without privileges, on a file system that cannot be written.
FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY constraints.txt pyproject.toml README.md LICENSE crunchwatch.py ./
COPY detectors ./detectors
COPY streams ./streams
COPY replay ./replay
COPY transport ./transport
COPY grafana ./grafana
RUN python -m venv /opt/crunchwatch \
    && /opt/crunchwatch/bin/pip install --no-cache-dir --require-hashes -r constraints.txt \
    && /opt/crunchwatch/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm AS base
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin crunchwatch
COPY --from=build /opt/crunchwatch /opt/crunchwatch
ENV PATH=/opt/crunchwatch/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /
ENTRYPOINT ["crunchwatch"]

# For `crunchwatch backfill`, which has the rules and writes blocks with Prometheus' own programs: docker-compose.yml, profile replay2021.
FROM prom/prometheus:v3.5.0 AS prometheus
FROM base AS past
USER root
COPY --from=prometheus /bin/prometheus /bin/promtool /usr/local/bin/
RUN mkdir /past && chown 10001:10001 /past
USER 10001

FROM base
USER 10001
CMD ["worker"]
