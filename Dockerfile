# The server, without training. `docker build -t vexascope .`
FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY app ./app
RUN python -m venv /opt/vexascope \
    && /opt/vexascope/bin/pip install --no-cache-dir --constraint constraints.txt --editable .

FROM python:3.11-slim
# Of the same path as in the first stage: the installed package points to /src.
WORKDIR /src
COPY --from=build /opt/vexascope /opt/vexascope
COPY --from=build /src ./
COPY migrations ./migrations
COPY models ./models
COPY static ./static
COPY templates ./templates
RUN useradd --system --uid 10001 --no-create-home vexascope \
    && install --directory --owner=vexascope --group=vexascope /data
USER 10001
ENV PATH=/opt/vexascope/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    VEXASCOPE_HOST=0.0.0.0 \
    VEXASCOPE_PORT=8000 \
    VEXASCOPE_DATA_DIR=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['VEXASCOPE_PORT'] + '/health/ready', timeout=4)"]
ENTRYPOINT ["vexascope"]
CMD ["serve"]
