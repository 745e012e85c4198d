"""What of the code counts for a result: all that runs, and nothing that only reads well."""

from __future__ import annotations

import functools
import importlib
import itertools
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from luigi.task_register import Register

from runforest.fingerprint.code import find_code, is_machinery
from runforest.fingerprint.modules import project_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count()
MODEL = '''\
"""A model."""

import numpy as np

from .rounding import rounded
from .settings import DEPTH


def fit(values):
    """Return the mean."""
    # as simple as can be
    return rounded(np.mean(values) * DEPTH)
'''
ROUNDING = "def rounded(value):\n    return round(value, 2)\n"
SETTINGS = "DEPTH = 3\n"
TASKS = """\
import luigi

SCALE = 2


class Base(luigi.Task):
    COLUMNS = ("a", "b")


class Upstream(Base):
    @staticmethod
    def doubled(value):
        return 2 * value

    def run(self):
        return "upstream"


def scaled(value):
    return SCALE * value
"""


class Package:
    """A package of a project, written anew for each reading."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = ""

    def digests(
        self,
        changes: dict[str, str] | None = None,
        module: str = "model",
        *,
        is_loaded: bool = True,
    ) -> set[str]:
        """Return the digests of what a module depends on, after changes to the files."""
        sources = {
            "__init__.py": "",
            "model.py": MODEL,
            "rounding.py": ROUNDING,
            "settings.py": SETTINGS,
            "upstream.py": TASKS,
        }
        self.name = f"package_{next(_numbers)}"
        for file, source in (sources | (changes or {})).items():
            path = self.folder / self.name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source, encoding="utf-8")
        importlib.invalidate_caches()
        if is_loaded:
            importlib.import_module(f"{self.name}.{module}")
        code = find_code((f"{self.name}.{module}",), self.folder)
        self.third_party = code.third_party
        return {f"{key.removeprefix(self.name)} {value}" for key, value in code.digests.items()}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    tasks = list(Register._reg)
    yield Package(tmp_path)
    Register._reg[:] = tasks  # else the next test of a process meets two tasks of one name
    for name in set(sys.modules) - before:
        if name.startswith("package_"):
            del sys.modules[name]


def names_of(digests: set[str]) -> set[str]:
    """Return the names of definitions without their digests."""
    return {entry.partition(" ")[0] for entry in digests}


def changed(package: Package, changes: dict[str, str]) -> set[str]:
    """Return the definitions whose digests differ after changes."""
    return {entry.partition(" ")[0] for entry in package.digests() ^ package.digests(changes)}


@pytest.mark.parametrize(
    "source",
    [
        MODEL.replace("    # as simple as can be\n", ""),
        MODEL.replace('"""Return the mean."""', '"""Return something else."""'),
        MODEL.replace('"""A model."""\n', ""),
        MODEL.replace("fit(values)", "fit( values )").replace("\n\n\n", "\n\n"),
        MODEL.replace("return rounded(", "return rounded(\n        ").replace(
            "* DEPTH)", "* DEPTH\n    )"
        ),
    ],
    ids=["comment", "docstring", "module docstring", "blanks", "line breaks"],
)
def test_what_only_reads_differently_does_not_count(package: Package, source: str) -> None:
    assert changed(package, {"model.py": source}) == set()


@pytest.mark.parametrize(
    ("file", "source", "name"),
    [
        ("model.py", MODEL.replace("np.mean", "np.median"), ".model:fit"),
        ("rounding.py", ROUNDING.replace("2", "3"), ".rounding:rounded"),
        ("settings.py", SETTINGS.replace("3", "4"), ".settings:<module>"),
    ],
    ids=["the function itself", "a helper of another module", "a constant of another module"],
)
def test_what_runs_counts_under_its_name(
    package: Package, file: str, source: str, name: str
) -> None:
    assert changed(package, {file: source}) == {name}


def test_a_module_that_is_not_imported_does_not_count(package: Package) -> None:
    names = {entry.partition(" ")[0] for entry in package.digests()}

    assert not any(name.startswith(".upstream") for name in names)


def test_an_imported_task_is_not_followed(package: Package) -> None:
    below = "from .upstream import Upstream\n\nNEEDED = Upstream\n"

    names = {
        entry.partition(" ")[0] for entry in package.digests({"below.py": below}, module="below")
    }

    assert names == {".below:<module>"}


@pytest.mark.parametrize(
    ("line", "is_followed"),
    [
        ("return Upstream.COLUMNS", True),
        ("return Upstream.doubled(2)", True),
        ("return self.need(Upstream).doubled(2)", True),
        ("return Upstream().doubled(2)", True),
        ("return self.need(Upstream).output()", False),
        ("return Upstream.task_family", False),
        ("return self.need(Upstream, columns=Upstream.COLUMNS)", False),
        ("return [self.need(task) for task in (Upstream,)]", False),
    ],
)
def test_a_task_is_followed_if_the_code_takes_more_of_it_than_its_result(
    package: Package, line: str, *, is_followed: bool
) -> None:
    changes = {
        "shown.py": "from .upstream import Upstream\n",
        "below.py": f"from .shown import Upstream\n\n\ndef compute(self):\n    {line}\n",
    }

    names = names_of(package.digests(changes, module="below"))

    of_upstream = {".shown:<module>", ".upstream:Base", ".upstream:Upstream"}
    assert (of_upstream <= names) == is_followed
    assert is_followed or names == {".below:<module>", ".below:compute"}


def test_what_requires_takes_of_a_task_does_not_count(package: Package) -> None:
    below = """\
import luigi

from .upstream import Upstream


class Below(luigi.Task):
    def requires(self):
        return [Upstream(column) for column in Upstream.COLUMNS]
"""

    names = names_of(package.digests({"below.py": below}, module="below"))

    assert names == {".below:<module>", ".below:Below"}


def test_a_helper_out_of_a_tasks_module_is_followed(package: Package) -> None:
    below = "from .upstream import scaled\n\nVALUE = scaled(2)\n"

    names = {
        entry.partition(" ")[0] for entry in package.digests({"below.py": below}, module="below")
    }

    assert {".upstream:scaled", ".upstream:<module>"} <= names


def test_imports_inside_functions_count_and_those_for_types_do_not(package: Package) -> None:
    late = """\
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .upstream import scaled


def use():
    from .rounding import rounded

    return rounded(1.0)
"""

    names = {entry.partition(" ")[0] for entry in package.digests({"late.py": late}, module="late")}

    assert ".rounding:rounded" in names
    assert not any(name.startswith(".upstream") for name in names)


def test_third_party_packages_are_named(package: Package) -> None:
    package.digests()

    assert package.third_party == {"numpy"}


@pytest.mark.parametrize(
    "statement",
    ["from . import rounding", "from {package} import rounding", "import {package}.rounding"],
)
def test_a_module_that_is_imported_later_counts_now(package: Package, statement: str) -> None:
    late = f"def use():\n    {statement}\n\n    return rounding.rounded(1.0)\n"
    late = late.replace("{package}", f"package_{next(_numbers) + 1}")

    digests = package.digests({"late.py": late}, module="late", is_loaded=False)

    assert ".rounding:rounded" in names_of(digests)


def test_a_module_with_a_syntax_error_counts_by_its_text(package: Package) -> None:
    late = {"late.py": "def use():\n    from . import broken\n"}
    read = functools.partial(package.digests, module="late", is_loaded=False)

    first = read(late | {"broken.py": "def fit(:"})
    second = read(late | {"broken.py": "def fit(values:"})

    assert names_of(first ^ second) == {".broken:<module>"}


def test_a_package_without_init_holds_modules_too(package: Package) -> None:
    late = "def use():\n    from .plain import rounding\n"

    digests = package.digests({"late.py": late, "plain/rounding.py": ROUNDING}, module="late")

    assert ".plain.rounding:rounded" in names_of(digests)


def test_what_counts_is_the_same_before_and_after_a_module_is_loaded(package: Package) -> None:
    changes = {"forest.py": "from . import rounding\n"}

    before = package.digests(changes, module="forest", is_loaded=False)
    after = package.digests(changes, module="forest")

    assert before == after


def test_the_package_of_an_imported_module_counts_but_not_all_that_it_lists(
    package: Package,
) -> None:
    changes = {
        "below.py": "from .models.forest import grow\n",
        "models/__init__.py": "from ..settings import DEPTH\nfrom . import other\n",
        "models/forest.py": "def grow():\n    return 1\n",
        "models/other.py": "def shrink():\n    return 1\n",
    }

    digests = package.digests(changes, module="below")

    assert names_of(digests) == {
        ".below:<module>",
        ".models.forest:grow",
        ".models:<module>",
        ".settings:<module>",
    }


@pytest.mark.parametrize(
    ("statement", "is_given"),
    [
        ("import {package}.models.forest", True),
        ("import {package}.models.forest as forest", False),
        ("from {package}.models import forest", False),
        ("from {package}.models.forest import grow", False),
    ],
)
def test_what_a_package_imports_of_itself_counts_if_an_import_gives_the_package(
    package: Package, statement: str, *, is_given: bool
) -> None:
    statement = statement.replace("{package}", f"package_{next(_numbers) + 1}")
    changes = {
        "below.py": f"{statement}\n",
        "models/__init__.py": "from .other import shrink\n",
        "models/forest.py": "def grow():\n    return 1\n",
        "models/other.py": "def shrink():\n    return 1\n",
    }

    names = names_of(package.digests(changes, module="below"))

    assert ".models.forest:grow" in names
    assert (".models.other:shrink" in names) == is_given


@pytest.mark.parametrize(
    ("test", "is_run"),
    [
        ("TYPE_CHECKING", False),
        ("typing.TYPE_CHECKING", False),
        ("not TYPE_CHECKING", True),
        ("TYPE_CHECKING or sys.version_info", True),
    ],
)
def test_an_import_counts_if_its_branch_can_run(
    package: Package, test: str, *, is_run: bool
) -> None:
    head = "import sys\nimport typing\nfrom typing import TYPE_CHECKING\n"

    digests = package.digests(
        {"late.py": f"{head}\nif {test}:\n    from .rounding import rounded\n"}, module="late"
    )

    assert (".rounding:rounded" in names_of(digests)) == is_run


def test_the_packages_that_the_engine_computes_with_count_wherever_it_is_installed(
    package: Package,
) -> None:
    source = "from runforest.model import estimators\nfrom runforest.tuning.driver import search\n"

    digests = package.digests({"late.py": source}, module="late", is_loaded=False)

    assert {"numpy", "optuna", "sklearn"} <= package.third_party
    assert names_of(digests) == {".late:<module>"}


def test_a_name_of_the_public_face_counts_as_if_taken_of_its_module(package: Package) -> None:
    deep = """\
from runforest.model.estimators import build_pipeline
from runforest.run_task import RunTask
from runforest.tracking.models.mlflow_model import save_model
"""
    sources = ["from runforest import RunTask, build_pipeline, save_model\n", deep]

    found = []
    for source in sources:
        package.digests({"late.py": source}, module="late", is_loaded=False)
        found.append(package.third_party)

    assert found[0] == found[1]
    assert "sklearn" in found[0]


def test_what_plots_a_study_or_logs_its_progress_shapes_no_result() -> None:
    machinery = [
        "runforest.tuning.reporting.plots",
        "runforest.figure_style",
        "runforest.models",
    ]
    shaping = ["runforest.model.scoring", "runforest.tuning.driver.search", "runforest.evaluation"]

    assert [is_machinery(name) for name in machinery + shaping] == [True] * 3 + [False] * 3


def test_the_code_of_a_tuner_has_the_rooms_of_the_search_and_nothing_that_only_reports() -> None:
    code = find_code(("tasks.tuner",), Path(__file__).resolve().parents[2])

    rooms = {name.rpartition(":")[0].rpartition(".")[0] for name in code.digests}
    assert {one for one in rooms if one.startswith("runforest.tuning")} <= {
        "runforest.tuning.driver",
        "runforest.tuning.samplers",
        "runforest.tuning.space",
        "runforest.tuning.study",
    }
    assert not {name for name in code.read if "plot" in name or "figure" in name}


def test_a_module_that_another_task_read_again_and_loaded_counts_as_it_is_loaded(
    package: Package,
) -> None:
    late = "def compute():\n    from .late import VALUE\n\n    return VALUE\n"
    files = {"first.py": late, "second.py": late, "late.py": "VALUE = 1\n"}
    package.digests(files, "first", is_loaded=False)
    tasks = [f"{package.name}.{name}" for name in ("first", "second")]
    planned = [find_code((task,), package.folder).digests for task in tasks]

    (package.folder / package.name / "late.py").write_text("VALUE = 22\n")
    run = []
    for task in tasks:
        run.append(find_code((task,), package.folder).digests)
        assert importlib.import_module(task).compute() == 22

    key = f"{package.name}.late:<module>"
    assert run[0][key] == run[1][key]
    assert {one[key] for one in run}.isdisjoint(one[key] for one in planned)


@pytest.mark.parametrize(
    ("module", "place"), [("json.decoder", "stdlib"), ("numpy.linalg", "purelib")]
)
def test_an_environment_inside_the_project_is_not_the_projects_code(
    module: str, place: str
) -> None:
    around = Path(sysconfig.get_path(place)).resolve().parents[1]

    assert project_file(module, around) is None


def test_debians_packages_are_not_the_projects_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "usr" / "lib" / "python3" / "dist-packages"
    folder.mkdir(parents=True)
    (folder / "packaged_for_debian.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(folder)

    assert project_file("packaged_for_debian", tmp_path) is None
