"""Checks before the engine starts: each by its name, all that can be at the same time, and any of them left out."""

from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from moorage.errors import MoorageError, SpecError, TargetError
from moorage.frozen import Frozen
from moorage.operations import Check, Finding

Verdict = Literal["ok", "failed", "skipped"]


class Checked(Frozen):
    """One check and what came of it."""

    name: str
    verdict: Verdict
    seen: str = ""
    fix: str = ""


def preflight(checks: Sequence[Check], skip: Set[str], tell: Callable[[Checked], None]) -> None:
    """Ask all checks, and tell of each, in their order. Raises SpecError for a name that none has, else TargetError."""
    if unknown := sorted(skip - {check.name for check in checks}):
        names = ", ".join(check.name for check in checks)
        raise SpecError(f"no check is named {unknown[0]!r}", fix=f"--skip takes one of {names}")
    failed = []
    for each in asked(checks, skip):
        tell(each)
        failed += [each.name] if each.verdict == "failed" else []
    if failed:
        what = (
            f"the check {failed[0]!r} failed"
            if len(failed) == 1
            else f"{len(failed)} checks failed: {', '.join(failed)}"
        )
        around = " ".join(f"--skip {name}" for name in failed)
        raise TargetError(f"{what}; nothing was changed", fix=f"see above, or go on without: {around}")


def asked(checks: Sequence[Check], skip: Set[str] = frozenset()) -> Iterator[Checked]:
    """Yield what came of each check, in their order; those that need no other are asked at the same time."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        wanted = [check for check in checks if check.name not in skip]
        first = {check.name: pool.submit(_asked, check) for check in wanted if check.needs is None}
        bad = {name for name, answer in first.items() if answer.result().verdict == "failed"}
        then = {check.name: pool.submit(_asked, check) for check in wanted if check.needs and check.needs not in bad}
        for check in checks:
            answer = first.get(check.name) or then.get(check.name)
            if answer is not None:
                yield answer.result()
            else:
                seen = "" if check.name in skip else f"{check.needs} failed"
                yield Checked(check.name, "skipped", seen)


def _asked(check: Check) -> Checked:
    try:
        found = check.ask()
    except MoorageError as error:
        found = Finding(False, error.problems[0].message, error.problems[0].fix or "")
    return Checked(check.name, "ok" if found.ok else "failed", found.seen, found.fix)
