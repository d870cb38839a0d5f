"""Check and profile files that nobody vouches for, in a process of its own.

About one in a thousand damaged Parquet files makes polars abort the process that reads it, and more of them
make it print the trace of a panic. A driver or a command must survive that; a step may read in its own process.
"""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from moorage.contracts.apart import call_apart
from moorage.contracts.compiled import Contract, contract_from_json, contract_to_json
from moorage.contracts.profile import Profile, profile_from_json, profile_table, profile_to_json
from moorage.contracts.report import CheckResult, check_from
from moorage.contracts.table import check_table
from moorage.errors import MoorageError, SpecError


def check_guarded(
    path: Path, contract: Contract, artifact: str, *, examples: int = 5, roots: Sequence[Path] = ()
) -> tuple[CheckResult, ...]:
    """Return what `check_table` returns; SpecError also when reading the file ends the process."""
    reply = _call(
        path,
        what="check",
        contract=contract_to_json(contract).decode(),
        artifact=artifact,
        examples=examples,
        roots=[str(root.absolute()) for root in roots],
    )
    return tuple(check_from(item) for item in reply)


def profile_guarded(path: Path) -> Profile:
    """Return what `profile_table` returns; SpecError also when reading the file ends the process."""
    return profile_from_json(_call(path, what="profile"))


def _call(path: Path, **request: object) -> Any:
    fix = "write the table again; its bytes may be damaged"
    given = {"path": str(path.absolute()), **request}
    reply = call_apart("moorage.contracts.guarded", given, f"reading {path}", fix=fix)
    if "message" in reply:
        raise SpecError(reply["message"], fix=reply["fix"])
    return reply["value"]


def main(arguments: Sequence[str]) -> None:
    """Read the request, do what it asks, and write the reply."""
    asked, reply = map(Path, arguments)
    request = json.loads(asked.read_text())
    try:
        answer = {"value": _DO[request["what"]](request)}
    except MoorageError as error:
        answer = {"message": error.problems[0].message, "fix": error.problems[0].fix}
    reply.write_text(json.dumps(answer))


def _check(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    contract, roots = contract_from_json(request["contract"]), [Path(root) for root in request["roots"]]
    path, examples = Path(request["path"]), request["examples"]
    return [asdict(item) for item in check_table(path, contract, request["artifact"], examples=examples, roots=roots)]


def _profile(request: Mapping[str, Any]) -> str:
    return profile_to_json(profile_table(Path(request["path"]))).decode()


_DO: Mapping[str, Callable[[Mapping[str, Any]], object]] = {"check": _check, "profile": _profile}

if __name__ == "__main__":
    main(sys.argv[1:])
