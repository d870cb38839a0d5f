"""What can go wrong, split by who must act; each ends with what to do.

MoorageError
├── SpecError      fix the spec (or a contract, a parameter, an argument)
├── TargetError    fix the stack, the environment or the machine
│   └── Unsupported    this platform cannot honour a field
└── PlatformError  wait, or ask for access
    ├── AccessDenied
    ├── QuotaExceeded
    ├── CapacityExceeded
    ├── Throttled
    ├── NotFound
    └── Corrupt        stored bytes are not those that were written
"""

from collections.abc import Iterable

from moorage.frozen import Frozen

EXTRAS = {
    "bentoml": "serve",
    "joblib": "models",
    "numpy": "serve",
    "pandera": "tables",
    "polars": "tables",
    "pyarrow": "tables",
    "starlette": "serve",
    "uvicorn": "serve",
}
"""The extra that brings a package which some commands and steps need."""


class Where(Frozen):
    """A place in a file; `line` and `column` count from 1."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class Problem(Frozen):
    """One thing that is wrong: what was seen, where, and what to do."""

    message: str
    where: Where | None = None
    fix: str | None = None

    def __str__(self) -> str:
        seen = f"{self.where}: {self.message}" if self.where else self.message
        return f"{seen}\n  fix: {self.fix}" if self.fix else seen


class MoorageError(Exception):
    """Something that a person must act on; its text says what and how, and needs no traceback."""

    def __init__(self, message: str, *, where: Where | None = None, fix: str | None = None) -> None:
        self.problems: tuple[Problem, ...] = (Problem(message, where, fix),)
        super().__init__(message)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> "MoorageError":
        """Return one error of this class that carries all of `problems` (at least one)."""
        found = tuple(problems)
        error = cls(found[0].message, where=found[0].where, fix=found[0].fix)
        error.problems = found
        return error

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class SpecError(MoorageError):
    """The spec, or what it names, must change."""


class TargetError(MoorageError):
    """The stack, the environment or the machine must change."""


class Unsupported(TargetError):
    """A platform cannot honour what a step asks for; raised at plan time."""


class PlatformError(MoorageError):
    """A service did not do its part: wait, or ask for access."""


class AccessDenied(PlatformError):
    """The credentials in use may not do this."""


class QuotaExceeded(PlatformError):
    """A quota of the account or the namespace is used up."""


class CapacityExceeded(PlatformError):
    """The platform has no machine of this kind at present."""


class Throttled(PlatformError):
    """Too many requests at once; the same call works later."""


class NotFound(PlatformError):
    """The thing named is not there."""


class Corrupt(PlatformError):
    """Stored bytes are not those that were written."""
