"""What contracts found in a step's tables: what broke first, then what held. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from moorage.contracts.report import CheckResult
from moorage.report import icons, words
from moorage.report.data import StepData
from moorage.report.html import Child, Markup, tag
from moorage.report.limits import Limits
from moorage.report.tables import digest, table

_EXAMPLE = 60


def checks(step: StepData, limits: Limits) -> Iterator[Markup]:
    """Yield, for each artifact that has a contract, how many of its checks held and which did not."""
    found = checks_of(step)
    if not found:
        return
    yield tag("h4", "Contracts")
    for (artifact, contract), group in _grouped(found).items():
        yield from _group(artifact, contract, group, step, limits)


def checks_of(step: StepData) -> Sequence[CheckResult]:
    """Return the newest attempt's checks: all of them where its result is there, else those that failed."""
    return step.result.checks if step.result and step.result.checks else step.record.checks


def _grouped(found: Iterable[CheckResult]) -> dict[tuple[str, str], list[CheckResult]]:
    groups: dict[tuple[str, str], list[CheckResult]] = {}
    for check in found:
        groups.setdefault((check.artifact, check.contract), []).append(check)
    return groups


def _group(
    artifact: str, contract: str, group: Sequence[CheckResult], step: StepData, limits: Limits
) -> Iterator[Markup]:
    broken = [check for check in group if check.failed]
    held = [check for check in group if not check.failed]
    rows = max(check.rows for check in group)
    said = f"{len(held)} of {words.count(len(group), 'check')} held on {words.count(rows, 'row')}"
    sign = icons.mark("failed" if broken else "succeeded")
    yield tag("p", sign, " ", tag("b", artifact), f" · {contract} · {said}", class_="verdict")
    yield from _quarantine(artifact, step)
    if broken and limits.failed_checks:
        titles = ("Column", "Check", "Broken by", "Share", "For example")
        shown = [_row(check, limits) for check in broken[: limits.failed_checks]]
        yield table(f"Checks that {artifact} broke", titles, shown, numbers=(2, 3))
        if len(broken) > limits.failed_checks:
            yield tag("p", f"and {len(broken) - limits.failed_checks} further", class_="muted")
    if held and limits.passed_checks:
        yield _held(held, limits)


def _row(check: CheckResult, limits: Limits) -> tuple[Child, ...]:
    examples = [
        words.cut(value, _EXAMPLE) if row is None else f"row {row:,}: {words.cut(value, _EXAMPLE)}"
        for row, value in check.examples[: limits.examples]
    ]
    of = f"{check.failed:,} of {check.rows:,}"
    return (
        check.column or "(table)",
        tag("code", words.cut(check.check, 80)),
        of,
        words.share(check.failed, check.rows),
        "; ".join(examples),
    )


def _quarantine(artifact: str, step: StepData) -> Iterator[Markup]:
    aside = step.record.quarantined.get(artifact)
    if aside is not None:
        rows = words.count(aside.rows, "row") if aside.rows is not None else "its bad rows"
        yield tag("p", f"{rows} set aside in quarantine ", digest(aside.digest), class_="aside")


def _held(held: Sequence[CheckResult], limits: Limits) -> Markup:
    columns: dict[str, list[str]] = {}
    for check in held[: limits.passed_checks]:
        columns.setdefault(check.column or "(table)", []).append(words.cut(check.check, 60))
    items = [tag("li", tag("b", name), " ", ", ".join(texts)) for name, texts in columns.items()]
    if len(held) > limits.passed_checks:
        items.append(tag("li", f"and {len(held) - limits.passed_checks} further"))
    return tag("details", tag("summary", f"{words.count(len(held), 'check')} held"), tag("ul", items, class_="held"))
