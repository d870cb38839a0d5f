"""Compile contracts in a process of its own: the only one that imports the user's module and pandera.

`python -m moorage.contracts.authoring REQUEST REPLY`, two JSON files; what user code prints goes nowhere near them.
"""

import importlib
import json
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from moorage.contracts.compiled import contract_to_json
from moorage.contracts.translate import as_schema, translate
from moorage.errors import SpecError


def main(arguments: Sequence[str]) -> None:
    """Read the request, compile each reference, and write one outcome per reference."""
    request_file, reply_file = map(Path, arguments)
    request = json.loads(request_file.read_text())
    sys.path[:0] = request["roots"]
    outcomes = [_outcome(reference, request["roots"]) for reference in request["references"]]
    reply_file.write_text(json.dumps(outcomes))


def _outcome(reference: str, roots: Sequence[str]) -> dict[str, Any]:
    try:
        return {"contract": contract_to_json(translate(load_schema(reference, roots), reference)).decode()}
    except SpecError as error:
        return {"message": error.problems[0].message, "fix": error.problems[0].fix}


def load_schema(reference: str, roots: Sequence[str]) -> Any:
    """Return the pandera schema at `package.module:Class`; SpecError when there is none, or its module raises."""
    module_name, _, name = reference.partition(":")
    module = _import(module_name, roots)
    if not hasattr(module, name):
        close = get_close_matches(name, [each for each in vars(module) if not each.startswith("_")], n=1)
        raise SpecError(
            f"module {module_name!r} has no {name!r}",
            fix=f"did you mean {close[0]!r}?" if close else f"define {name} in {module.__file__}",
        )
    try:
        schema = as_schema(getattr(module, name))
    except Exception as error:  # pandera builds the schema from user code, which may raise anything
        raise _raised(f"building {reference}", error, roots) from error
    if schema is None:
        raise SpecError(
            f"{reference} is a {type(getattr(module, name)).__name__}, no pandera schema",
            fix="make it a pandera.polars.DataFrameModel or DataFrameSchema",
        )
    return schema


def _import(name: str, roots: Sequence[str]) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise SpecError(
                f"there is no module {name!r} under {', '.join(roots) or 'any source root'}",
                fix="correct the name, or add its source root to `code`",
            ) from error
        raise _raised(f"importing {name}", error, roots) from error
    except (Exception, SystemExit) as error:  # user code may raise anything
        raise _raised(f"importing {name}", error, roots) from error


def _raised(doing: str, error: BaseException, roots: Sequence[str]) -> SpecError:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if any(frame.filename.startswith(root) for root in roots)]
    place = f"{own[-1].filename}:{own[-1].lineno}: " if own else ""
    said = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{error.filename}:{error.lineno}: "
    return SpecError(f"{place}{doing} failed: {said}", fix="make the module importable by itself")


if __name__ == "__main__":
    main(sys.argv[1:])
