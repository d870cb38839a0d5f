"""`luigi_steps.py SHAPE NUMBER`: the same steps as luigi's tasks, two workers, in a new folder below this one."""

import os
import sys
import tempfile

import luigi


class Step(luigi.Task):  # type: ignore[misc]  # it ships no types
    """Hands a number on by a file."""

    shape = luigi.Parameter()
    number = luigi.IntParameter()
    at = luigi.IntParameter()

    def requires(self):
        """Return the steps before it."""
        if self.at == 0:
            return []
        if self.shape == "chain":
            return [Step(self.shape, self.number, self.at - 1)]
        if self.at == self.number - 1:
            return [Step(self.shape, self.number, at) for at in range(1, self.number - 1) or [0]]
        return [Step(self.shape, self.number, 0)]

    def output(self):
        """Return its file."""
        return luigi.LocalTarget(f"{self.at}.txt")

    def run(self):
        """Add one to the first number that comes in."""
        value = 0
        if self.at:
            with self.input()[0].open() as file:
                value = int(file.read()) + 1
        with self.output().open("w") as file:
            file.write(str(value))


if __name__ == "__main__":
    os.chdir(tempfile.mkdtemp(dir="."))
    number = int(sys.argv[2])
    last = Step(sys.argv[1], number, number - 1)
    done = luigi.build([last], local_scheduler=True, workers=2, log_level="ERROR")
    sys.exit(0 if done and last.complete() else 1)
