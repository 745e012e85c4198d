"""Where the configuration comes from: the project folder, `.env`, the environment."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from runforest import USER_CONFIG_PARSER
from runforest.errors import ConfigError, Problem
from runforest.layout import CONFIG_NAME
from runforest.redact import SHORTEST, known_secrets, secret_values, unmaskable

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger(__name__)


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
    libraries that read them there.

    Raises
    ------
    ConfigError
        `.env` cannot be read, or the project folder does not exist.
    """
    outside = {key: value for key, value in os.environ.items() if value}
    project = Path(outside.get("PROJECT_ROOT", default_project)).resolve()
    inside = _read_dotenv(project / ".env")
    if "PROJECT_ROOT" not in outside and "PROJECT_ROOT" in inside:
        project = (project / inside["PROJECT_ROOT"]).resolve()
    if not project.is_dir():
        message = f"{project} is not a folder. Name a project folder, or leave it empty."
        raise ConfigError([Problem(where="environment", key="PROJECT_ROOT", message=message)])
    for key, value in inside.items():
        if key not in {"LUIGI_CONFIG_PATH", "LUIGI_CONFIG_PARSER"}:
            os.environ.setdefault(key, value)
    if short := unmaskable(inside):
        logger.warning(
            "%s in .env: less than %d characters cannot be masked in logs and runs. "
            "Use a longer value.",
            ", ".join(short),
            SHORTEST,
        )
    return Environment(
        project=project,
        config_file=_config_path(outside, inside, project),
        config_parser=USER_CONFIG_PARSER or inside.get("LUIGI_CONFIG_PARSER", "toml"),
        tracking_uri=outside.get("MLFLOW_TRACKING_URI", inside.get("MLFLOW_TRACKING_URI", "")),
        # The environment's own value of a name goes before that of .env; neither may be written.
        secrets=tuple(sorted({*known_secrets(), *secret_values(inside)}, key=len, reverse=True)),
    )


def _read_dotenv(file: Path) -> dict[str, str]:
    try:
        return {key: value for key, value in dotenv_values(file).items() if value}
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text ({error.reason} at byte {error.start}). Save it as UTF-8."
    except OSError as error:
        message = f"cannot be read ({error.strerror}). Make it readable, or remove it."
    raise ConfigError([Problem(where=str(file), message=message)])


def _config_path(outside: Mapping[str, str], inside: Mapping[str, str], project: Path) -> Path:
    if "LUIGI_CONFIG_PATH" in outside:
        return Path(outside["LUIGI_CONFIG_PATH"]).resolve()
    return (project / inside.get("LUIGI_CONFIG_PATH", CONFIG_NAME)).resolve()


def find_project() -> Path:
    """Return the project folder: PROJECT_ROOT, or the nearest folder upward with a luigi.toml.

    Raises
    ------
    ConfigError
        There is none.
    """
    if os.environ.get("PROJECT_ROOT"):
        return Path(os.environ["PROJECT_ROOT"]).resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / CONFIG_NAME).exists():
            return folder
    message = f"no luigi.toml in {here} or above. Change into a project, or set PROJECT_ROOT."
    raise ConfigError([Problem(where="runforest", message=message)])
