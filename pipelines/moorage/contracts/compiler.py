"""Compile contracts out of process, once: kept under the digest of their source and of pandera's version."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from blake3 import blake3

from moorage.contracts.apart import call_apart
from moorage.contracts.compiled import SCHEMA, Contract, contract_from_json, contract_to_json
from moorage.errors import Problem, SpecError

DEADLINE_SECONDS = 120
"""How long the user's modules may take to import."""


def compile_contract(reference: str, roots: Sequence[Path], source_digest: str, cache: Path | None = None) -> Contract:
    """Return the contract at `package.module:Class`, looked for under `roots`.

    A second call with the same `source_digest` starts no process. Raises SpecError, whose text names what to do.
    """
    return compile_contracts([reference], roots, source_digest, cache)[reference]


def compile_contracts(
    references: Sequence[str], roots: Sequence[Path], source_digest: str, cache: Path | None = None
) -> Mapping[str, Contract]:
    """Return the contracts by their references; those not in `cache` are compiled in one child process.

    Raises one SpecError with a problem for each reference that has no contract.
    """
    if not references:
        return {}
    version = _pandera_version()
    folder = (cache or _default_cache()) / "contracts"
    files = {each: folder / f"{_key(each, source_digest, version)}.json" for each in references}
    found = {reference: kept for reference, file in files.items() if (kept := _kept(file))}
    missing = [reference for reference in files if reference not in found]
    for reference, contract in _compile(missing, roots).items() if missing else ():
        found[reference] = _with_origin(contract, source_digest, version)
        _keep(files[reference], contract_to_json(found[reference]))
    return found


def _with_origin(contract: Contract, source_digest: str, version: str) -> Contract:
    return replace(contract, source=source_digest, pandera=version) if contract.custom else contract


def _compile(references: Sequence[str], roots: Sequence[Path]) -> dict[str, Contract]:
    outcomes = dict(zip(references, _in_child(references, roots), strict=True))
    problems = [
        Problem(f"contract {reference}: {outcome['message']}", fix=outcome["fix"])
        for reference, outcome in outcomes.items()
        if "message" in outcome
    ]
    if problems:
        raise SpecError.of(problems)
    return {reference: contract_from_json(outcome["contract"]) for reference, outcome in outcomes.items()}


def _in_child(references: Sequence[str], roots: Sequence[Path]) -> list[dict[str, Any]]:
    request = {"references": list(references), "roots": [str(root.absolute()) for root in roots]}
    doing = f"compiling {', '.join(references)}"
    fix = "import the modules of these contracts by hand to see why"
    reply = call_apart("moorage.contracts.authoring", request, doing, fix=fix, deadline=DEADLINE_SECONDS)
    return list(reply)


def _pandera_version() -> str:
    for entry in sys.path:
        for found in sorted(Path(entry or ".").glob("pandera-*.dist-info")):
            return found.name.removeprefix("pandera-").removesuffix(".dist-info")
    raise SpecError("contracts are written in pandera, which is not installed", fix="pip install 'moorage[tables]'")


def _default_cache() -> Path:
    return Path(os.environ.get("MOORAGE_CACHE") or Path.home() / ".cache" / "moorage")


def _key(reference: str, source_digest: str, version: str) -> str:
    return blake3(json.dumps([SCHEMA, reference, source_digest, version]).encode()).hexdigest()


def _kept(file: Path) -> Contract | None:
    try:
        return contract_from_json(file.read_bytes())
    except (FileNotFoundError, SpecError):
        return None


def _keep(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
        part.write(data)
    os.replace(part.name, file)
