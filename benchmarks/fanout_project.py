"""The fan-out in Runforest, bare Luigi and gokart: a root, N - 2 leaves, a sink, tiny files."""

from __future__ import annotations

RUNFOREST_TASKS = '''
"""A root, leaves and a sink, as tasks of a run."""

import luigi

from runforest.run_task import RunTask


class Root(RunTask):
    """One line of text."""

    def output(self):
        return self.artifact("root.txt")

    def compute(self):
        self.output().save("root")


class Leaf(RunTask):
    """The root's text and a number."""

    number = luigi.IntParameter(description="Which leaf.")

    def requires(self):
        return self.need(Root)

    def output(self):
        return self.artifact("leaf.txt")

    def compute(self):
        self.output().save(f"{self.input().load()}{self.number}")


class Sink(RunTask):
    """All texts of the leaves."""

    n_leaves = luigi.IntParameter(description="How many leaves.")

    def requires(self):
        return [self.need(Leaf, number=number) for number in range(self.n_leaves)]

    def output(self):
        return self.artifact("sink.txt")

    def compute(self):
        self.output().save("".join(leaf.load() for leaf in self.input()))
'''

RUNFOREST_CONFIG = """
[RunConfig]
experiment_name = "fanout"
task = "Sink"
reuse = true

[Sink]
n_leaves = {n_leaves}
"""

LUIGI = """
from pathlib import Path

import luigi

N_LEAVES = {n_leaves}


class Root(luigi.Task):
    def output(self):
        return luigi.LocalTarget("out/root.txt")

    def run(self):
        with self.output().open("w") as file:
            file.write("root")


class Leaf(luigi.Task):
    number = luigi.IntParameter()

    def requires(self):
        return Root()

    def output(self):
        return luigi.LocalTarget(f"out/leaf-{{self.number}}.txt")

    def run(self):
        with self.output().open("w") as file:
            file.write(Path(self.input().path).read_text() + str(self.number))


class Sink(luigi.Task):
    def requires(self):
        return [Leaf(number=number) for number in range(N_LEAVES)]

    def output(self):
        return luigi.LocalTarget("out/sink.txt")

    def run(self):
        with self.output().open("w") as file:
            file.write("".join(Path(leaf.path).read_text() for leaf in self.input()))


if __name__ == "__main__":
    luigi.build([Sink()], local_scheduler=True, log_level="WARNING")
"""

GOKART = """
import gokart
import luigi

N_LEAVES = {n_leaves}


class Root(gokart.TaskOnKart):
    def output(self):
        return self.make_target("root.txt")

    def run(self):
        self.dump("root")


class Leaf(gokart.TaskOnKart):
    number = luigi.IntParameter()

    def requires(self):
        return Root()

    def output(self):
        return self.make_target("leaf.txt")

    def run(self):
        self.dump(f"{{self.load()}}{{self.number}}")


class Sink(gokart.TaskOnKart):
    def requires(self):
        return [Leaf(number=number) for number in range(N_LEAVES)]

    def output(self):
        return self.make_target("sink.txt")

    def run(self):
        self.dump("".join(str(text) for text in self.load()))


if __name__ == "__main__":
    gokart.build(Sink())
"""
