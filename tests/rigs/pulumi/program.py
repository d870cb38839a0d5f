"""Run one Pulumi program in this process, which the language host started for it alone."""

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback

import pulumi
import pulumi.runtime

VARIABLE = "STAND_IN_PROGRAM"
SHOWN = 32
"""The exit status that says: what went wrong has been shown to the user."""


def main() -> int:
    """Run what the environment describes and return the exit status."""
    asked = json.loads(os.environ.pop(VARIABLE))
    program, arguments = asked.pop("program"), asked.pop("arguments")
    pulumi.runtime.set_all_config(asked.pop("config"), asked.pop("secret_keys"))
    pulumi.runtime.configure(pulumi.runtime.Settings(**asked))
    sys.argv = [program, *arguments]
    sys.path.insert(0, os.path.dirname(program))
    # Futures that a failure leaves behind are no news: the engine has said why.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(lambda: _run(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return SHOWN
    except Exception:  # noqa: BLE001 - whatever the program raises is shown as the program's
        pulumi.log.error(f"Program failed with an unhandled exception:\n{traceback.format_exc()}")
        return SHOWN
    return 0


def _run(program: str) -> None:
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    raise SystemExit(main())
