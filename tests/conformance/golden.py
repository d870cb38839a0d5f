"""Requests that were reviewed once; `python -m tests.conformance.golden` writes them anew, to be reviewed again."""

from pathlib import Path

GOLDEN = Path(__file__).parents[1] / "golden"


def write() -> None:
    """Write the request of every platform."""
    from tests.conformance.conftest import RIGS
    from tests.conformance.test_lowering import FIXED

    for platform, make in RIGS.items():
        rig = make(Path())
        file = GOLDEN / platform / "train.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(rig.adapter.lower(FIXED, rig.golden_target).model_dump_json(indent=2) + "\n")


if __name__ == "__main__":
    write()
