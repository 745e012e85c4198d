"""Lineage: from raw file and commit by way of every result to the metrics, for people too."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, TypeVar

from runforest.layout import DIFF_RECORD
from runforest.redact import redact, redact_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runforest.results.manifest import Manifest
    from runforest.run.active import RunSettings

T = TypeVar("T")

_STYLE = """\
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
article { border: 1px solid #8884; border-radius: 8px; padding: 0 1rem 1rem; margin: 1rem 0; }
dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0; overflow-wrap: anywhere; }
code { font-size: .85em; }
"""

_DIRTY = f" with local changes ({DIFF_RECORD})"


def lineage_facts(
    settings: RunSettings,
    manifests: Mapping[str, Manifest],
    *,
    secrets: Iterable[str] = (),
) -> dict[str, object]:
    """Return the lineage of a run: its code, and for each result what it was made from.

    Parameters
    ----------
    manifests
        Task folder -> manifest, upstream first.
    secrets
        What is masked in names and pins; all the rest is made by programs.
    """
    secrets = tuple(secrets)
    return {
        "run_id": settings.run_id,
        "commit": settings.commit or None,
        "dirty": settings.is_dirty,
        "results": [
            {
                "task": redact(name, secrets),
                "computed_by": _origin(manifest),
                "reused": manifest.reused_from is not None,
                "pinned": redact_all(settings.pins.get(name), secrets),
                "commit": manifest.commit or None,
                "dirty": manifest.is_dirty,
                "fingerprint": manifest.fingerprint,
                "inputs": _masked(manifest.ingredients.get("inputs", {}), secrets),
                "upstream": _masked(manifest.ingredients.get("upstream", {}), secrets),
                "content": manifest.content_digest,
                "outputs": _masked(
                    {file: output.sha256 for file, output in manifest.outputs.items()}, secrets
                ),
                "metrics": _masked(manifest.metrics, secrets),
            }
            for name, manifest in manifests.items()
        ],
    }


def lineage_page(facts: Mapping[str, object], page: str, experiments: Mapping[str, str]) -> str:
    """Return the lineage as an HTML page; each result leads to the run that computed it.

    Parameters
    ----------
    page
        Address of the run's own page.
    experiments
        Run id -> experiment id, of those among the other runs that have a page.
    """
    run_id = str(facts["run_id"])
    start = page.rpartition("/experiments/")[0]
    pages = {one: f"{start}/experiments/{home}/runs/{one}" for one, home in experiments.items()}
    pages[run_id] = page
    results = facts["results"]
    cards = "".join(
        _card(result, pages.get(str(result["computed_by"]), ""))
        for result in (results if isinstance(results, list) else [])
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Lineage of {_text(run_id)}</title><style>{_STYLE}</style>"
        f"<h1>Lineage</h1><p>Run <code>{_text(run_id)}</code>, {_commit(facts)}.</p>"
        f"{cards}</html>\n"
    )


def _masked(named: Mapping[str, T], secrets: tuple[str, ...]) -> dict[str, T]:
    return {redact(name, secrets): value for name, value in named.items()}


def other_origins(run_id: str, manifests: Iterable[Manifest]) -> list[str]:
    """Return the ids of the runs, other than this, that computed some results; each once."""
    return [one for one in dict.fromkeys(map(_origin, manifests)) if one != run_id]


def _origin(manifest: Manifest) -> str:
    """Return the id of the run that computed a result."""
    return manifest.reused_from or manifest.run_id


def _card(result: Mapping[str, object], link: str) -> str:
    origin = _text(result["computed_by"])
    if link:
        origin = f'<a href="{_text(link)}">{origin}</a>'
    how = "reused from run" if result["reused"] else "computed in this run"
    if result["pinned"]:
        how = f"pinned to <code>{_text(result['pinned'])}</code>, computed in run"
    rows = {
        "made": f"{how} {origin}, {_commit(result)}",
        "raw files": _pairs(result["inputs"]),
        "from the results of": _pairs(result["upstream"]),
        "outputs": _pairs(result["outputs"]),
        "metrics": _pairs(result["metrics"]),
    }
    terms = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows.items() if value)
    return f"<article><h2>{_text(result['task'])}</h2><dl>{terms}</dl></article>"


def _commit(facts: Mapping[str, object]) -> str:
    if not facts["commit"]:
        return "no commit"
    return f"commit <code>{_text(facts['commit'])}</code>{_DIRTY if facts['dirty'] else ''}"


def _pairs(values: object) -> str:
    pairs = values.items() if isinstance(values, dict) else ()
    return "<br>".join(f"{_text(name)} <code>{_text(value)}</code>" for name, value in pairs)


def _text(value: object) -> str:
    return html.escape(str(value))
