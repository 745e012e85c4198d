# The page of the runs. The project folder is mounted, not copied: see docker-compose.yml.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_PROGRESS_BAR=off \
    GIT_PYTHON_REFRESH=quiet

WORKDIR /opt/runforest

# The pinned dependencies, in a layer that a change of the code leaves as it is.
COPY pyproject.toml constraints.txt ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' >requirements.txt \
    && pip install -r requirements.txt -c constraints.txt

COPY README.md LICENSE ./
COPY src/runforest src/runforest
RUN pip install --no-deps . \
    && useradd --create-home --uid 1000 runforest

USER 1000
WORKDIR /home/runforest

EXPOSE 5000
CMD ["runforest", "ui", "--host", "0.0.0.0"]
