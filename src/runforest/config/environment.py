"""Where the configuration comes from: the project folder, `.env`, the environment."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from runforest import USER_CONFIG_PARSER
from runforest.foundation.errors import ConfigError, Problem
from runforest.foundation.layout import CONFIG_NAME
from runforest.foundation.redact import SHORTEST, secret_values, unmaskable

logger = logging.getLogger(__name__)

_TOO_SHORT = f"less than {SHORTEST} characters cannot be masked in records. Use a longer value."


@dataclass(frozen=True, kw_only=True)
class Environment:
    """The settings outside luigi.toml; `secrets` are masked in all that is written."""

    project: Path
    config_file: Path
    config_parser: str
    tracking_uri: str
    secrets: tuple[str, ...]


def read_environment(default_project: Path) -> Environment:
    """Return the settings of the environment, of `.env` where the environment has none.

    A relative path is meant from the current folder when the environment gives it, from the
    project folder when `.env` does. Variables of `.env` are put into the environment, for the
    libraries that read them there. Raises ConfigError when `.env` cannot be read or the project
    folder does not exist.
    """
    outside = {key: value for key, value in os.environ.items() if value}
    project = Path(outside.get("PROJECT_ROOT", default_project)).resolve()
    inside = _read_dotenv(project / ".env")
    if "PROJECT_ROOT" not in outside:
        project = (project / inside.get("PROJECT_ROOT", "")).resolve()
    if not project.is_dir():
        message = f"{project} is not a folder. Name a project folder, or leave it empty."
        raise ConfigError([Problem(where="environment", key="PROJECT_ROOT", message=message)])
    for key, value in inside.items():
        if key not in {"LUIGI_CONFIG_PATH", "LUIGI_CONFIG_PARSER"}:
            os.environ.setdefault(key, value)
    if short := ", ".join(unmaskable(inside)):
        logger.warning("%s in .env: %s", short, _TOO_SHORT)
    settings = inside | outside
    folder = Path.cwd() if "LUIGI_CONFIG_PATH" in outside else project
    return Environment(
        project=project,
        config_file=(folder / settings.get("LUIGI_CONFIG_PATH", CONFIG_NAME)).resolve(),
        config_parser=USER_CONFIG_PARSER or inside.get("LUIGI_CONFIG_PARSER", "toml"),
        tracking_uri=settings.get("MLFLOW_TRACKING_URI", ""),
        # Of a variable that both set, neither value may be written.
        secrets=secret_values(outside | {f".env {key}": inside[key] for key in inside}),
    )


def _read_dotenv(file: Path) -> dict[str, str]:
    try:
        return {key: value for key, value in dotenv_values(file).items() if value}
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text ({error.reason} at byte {error.start}). Save it as UTF-8."
    except OSError as error:
        message = f"cannot be read ({error.strerror}). Make it readable, or remove it."
    raise ConfigError([Problem(where=str(file), message=message)])


def find_project() -> Path:
    """Return the project folder: PROJECT_ROOT, or the nearest folder upward with a luigi.toml."""
    if os.environ.get("PROJECT_ROOT"):
        return Path(os.environ["PROJECT_ROOT"]).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / CONFIG_NAME).exists():
            return folder
    message = f"no luigi.toml in {here} or above. Change into a project, or set PROJECT_ROOT."
    raise ConfigError([Problem(where="runforest", message=message)])
