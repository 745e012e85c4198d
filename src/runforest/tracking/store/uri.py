"""URIs of the tracking store and of artifacts: what they name, and how they are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from runforest.foundation.errors import StoreError
from runforest.foundation.layout import Layout

_SERVERS = ("http", "https")
_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
_KINDS = (*_DATABASES, *_SERVERS, "databricks")
_NO_ADDRESS = (
    "is no valid address. Put brackets around an IPv6 address alone (%5B and %5D in a password), "
    "or leave it empty to use the project's SQLite file."
)
_FOLDER = (
    "is a folder, which cannot hold a tracking store. Leave it empty for the project's SQLite "
    "file, or give sqlite:///..., http://... ."
)
_UNKNOWN = (
    "names no kind of store that MLflow knows. Give "
    f"{', '.join(f'{kind}://...' for kind in _KINDS)}, or leave it empty for the project's SQLite "
    "file."
)
_SPECIAL = re.compile(r"[?#%\n\r\t]")
"""What a URI does not take, or takes for something else than a part of its path."""


@dataclass(frozen=True)
class StoreUri:
    """The URI of a tracking store, as MLflow takes it."""

    text: str

    @classmethod
    def of_file(cls, file: Path, query: str = "") -> StoreUri:
        """Return the URI of a SQLite file, whatever its path; SQLAlchemy 2.1 reads escapes back.

        MLflow 3.17 does not: it makes the folder of a `sqlite:` URI, and with an escape in it
        another one. It leaves alone what names the driver.
        """
        path = _SPECIAL.sub(lambda match: quote(match[0]), str(file))
        scheme = "sqlite" if path == str(file) else "sqlite+pysqlite"
        return cls(f"{scheme}:///{path}{query and f'?{query}'}")

    @classmethod
    def configured(cls, text: str, project: Path) -> StoreUri:
        """Return the store of MLFLOW_TRACKING_URI; the project's own SQLite file by default.

        Raises
        ------
        StoreError
            The URI is that of a plain folder, which MLflow no longer supports, or of no store.
        """
        if not text:
            return cls.of_file(Layout(project).database)
        uri = cls(text)
        if uri.file:
            return cls.of_file(project / uri.file, text.partition("?")[2])
        try:
            urlsplit(text)
            problem = _FOLDER if uri.kind in {"", "file"} else _UNKNOWN
        except ValueError:  # its words would show the password
            problem = _NO_ADDRESS
        if problem == _NO_ADDRESS or uri.kind not in _KINDS:
            message = f'MLFLOW_TRACKING_URI: "{uri.shown}" {problem}'
            raise StoreError(message)
        return uri

    @property
    def kind(self) -> str:
        """The scheme without its driver."""
        scheme, separator, _ = self.text.partition("://")
        return scheme.partition("+")[0] if separator else ""

    @property
    def is_server(self) -> bool:
        """Whether a tracking server is asked over HTTP."""
        return self.kind in _SERVERS

    @property
    def is_database(self) -> bool:
        """Whether this program reads and writes a database itself."""
        return self.kind in _DATABASES

    @property
    def file(self) -> Path | None:
        """The file of a SQLite store."""
        if self.kind != "sqlite":
            return None
        return Path(unquote(self.text.partition(":///")[2].partition("?")[0]))

    def is_own(self, project: Path) -> bool:
        """Return whether it is the project's own file, of whose results there is an index."""
        own = Layout(project).database
        return not self.text or (project / (self.file or "")).resolve() == own.resolve()

    @property
    def shown(self) -> str:
        """The URI without its password."""
        return hide_password(self.text)

    @property
    def address(self) -> str:
        """A server's address without name and password."""
        parts = urlsplit(self.text)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")


def hide_password(text: str) -> str:
    """Return a text that may hold a URI, such as an error's, without the password in it.

    >>> hide_password("API request to http://me:secret@host:5000/x failed")
    'API request to http://me:***@host:5000/x failed'
    >>> hide_password("postgresql+psycopg://me:with/and@@host/x")  # as SQLAlchemy takes it
    'postgresql+psycopg://me:***@host/x'
    """
    return re.sub(r"(://[^:/\s]*:)\S*@", r"\1***@", text)


def artifact_uri(folder: Path) -> str:
    """Return a folder of artifacts as MLflow takes it: a path, if that is none but itself as a URI.

    >>> artifact_uri(Path("/data/a b")), artifact_uri(Path("/data/what?"))
    ('/data/a b', 'file:///data/what%3F')
    """
    return folder.as_uri() if _SPECIAL.search(str(folder)) else str(folder)


def local_path(uri: str) -> Path | None:
    """Return the path that a URI of artifacts names, None when it names none.

    >>> local_path("/data/a%20b"), local_path("file:///data/a%20b"), local_path("s3://bucket/a")
    (PosixPath('/data/a%20b'), PosixPath('/data/a b'), None)
    """
    parts = urlsplit(uri)
    if parts.scheme not in {"", "file"}:
        return None
    return Path(unquote(parts.path)) if parts.scheme else Path(uri)
