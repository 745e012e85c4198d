"""Lineage: from raw file and commit by way of every result to the metrics, for people too."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from runforest.foundation.redact import redact, redact_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runforest.results.manifest import Manifest
    from runforest.run.active import RunSettings

T = TypeVar("T")


def lineage_facts(
    settings: RunSettings, manifests: Mapping[str, Manifest], *, secrets: Iterable[str]
) -> dict[str, object]:
    """Return the lineage of a run: its code, and for each result what it was made from.

    `manifests` has them by task folder, upstream first. Secrets are masked in names and pins; all
    the rest is made by programs.
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
                "outputs": {
                    redact(file, secrets): one.sha256 for file, one in manifest.outputs.items()
                },
                "metrics": _masked(manifest.metrics, secrets),
            }
            for name, manifest in manifests.items()
        ],
    }


def lineage_page(facts: Mapping[str, object], page: str, experiments: Mapping[str, str]) -> str:
    """Return the lineage as an HTML page; each result leads to the run that computed it.

    `page` is the address of the run's own page, `experiments` has the experiment of those among the
    other runs that have a page, by run id.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    start = page.rpartition("/experiments/")[0]
    pages = {one: f"{start}/experiments/{home}/runs/{one}" for one, home in experiments.items()}
    environment = Environment(
        loader=PackageLoader("runforest.history", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("lineage.html.jinja")
    return template.render(facts=facts, pages={**pages, str(facts["run_id"]): page})


def _masked(named: Mapping[str, T], secrets: tuple[str, ...]) -> dict[str, T]:
    return {redact(name, secrets): value for name, value in named.items()}


def other_origins(run_id: str, manifests: Iterable[Manifest]) -> list[str]:
    """Return the ids of the runs, other than this, that computed some results; each once."""
    return [one for one in dict.fromkeys(map(_origin, manifests)) if one != run_id]


def _origin(manifest: Manifest) -> str:
    """Return the id of the run that computed a result."""
    return manifest.reused_from or manifest.run_id
