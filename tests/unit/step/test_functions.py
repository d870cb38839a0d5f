"""What a step's function is called with, and what becomes of what it returns."""

import io
import json
from typing import Any

import joblib
import pytest

from moorage.states import Cause, State
from moorage.step.request import Artifact
from moorage.store import blob_path, put_bytes, put_directory, read_blob
from tests.unit.step.jobs import Job, Workplace

ROWS: dict[str, list[Any]] = {"age": [20, 30, 40], "name": ["a", "b", "c"]}


def failure(job: Job) -> tuple[Cause | None, str]:
    result = job.run()
    assert result.state is State.FAILED
    assert job.code == 1
    assert result.outputs == {}
    return result.cause, str(result.message)


@pytest.mark.parametrize(
    ("imports", "annotation", "kind"),
    [
        ("from pathlib import Path", "Path", "PosixPath"),
        ("", "str", "str"),
        ("", "bytes", "bytes"),
        ("import polars as pl", "pl.LazyFrame", "LazyFrame"),
        ("import polars as pl", "'pl.DataFrame'", "DataFrame"),
        ("import pandas", "pandas.DataFrame | None", "DataFrame"),
        ("import pyarrow as pa", "pa.Table", "Table"),
        ("", "'pl.DataFrame'", "DataFrame"),
        ("from typing import Any", "Any", "PosixPath"),
    ],
)
def test_the_annotation_decides_the_form_of_a_table(place: Workplace, imports: str, annotation: str, kind: str):
    source = f"{imports}\ndef step(table: {annotation}): print(type(table).__name__)"
    job = place.job(source, inputs={"table": place.table(ROWS)})
    assert job.run().state is State.SUCCEEDED
    assert job.log() == f"{kind}\n"


def test_without_annotations_metrics_are_a_dict_models_are_loaded_and_files_are_paths(place: Workplace):
    model = io.BytesIO()
    joblib.dump({"w": 1}, model)
    inputs = {
        "scores": place.artifact("metrics", b'{"auc":0.5}'),
        "model": place.artifact("model", model.getvalue(), "m.joblib"),
        "notes": place.artifact("file", b"hello", "notes.txt"),
    }
    job = place.job(
        "def step(scores, model, notes): print(scores, model, notes.name, notes.read_text())", inputs=inputs
    )
    assert job.run().message is None
    assert job.log() == "{'auc': 0.5} {'w': 1} notes.txt hello\n"


def test_parameters_are_plain_values_and_paths_where_asked(place: Workplace):
    source = """
    from pathlib import Path
    def step(n, where: Path, flags=None, extra=7): print(n, type(where).__name__, flags, extra)
    """
    job = place.job(source, parameters={"n": 3, "where": "a/b", "flags": ["x", None]})
    job.run()
    assert job.log() == "3 PosixPath ['x', None] 7\n"


def test_several_outputs_are_returned_by_name_or_written_to_their_paths(place: Workplace):
    source = """
    from dataclasses import dataclass
    @dataclass
    class Outputs:
        scores: dict
        notes: str
    def step(model, folder):
        model.write_bytes(b"weights")
        folder.mkdir()
        (folder / "a").write_text("1")
        return Outputs({"b": 1, "a": True}, "fine")
    """
    outputs = {"scores": "metrics", "notes": "file", "model": "model", "folder": "directory"}
    job = place.job(source, outputs=outputs)
    result = job.run()
    assert result.message is None
    assert {name: item.kind for name, item in result.outputs.items()} == outputs
    assert result.outputs["scores"].metrics == {"a": 1, "b": 1}
    assert json.loads(read_blob(place.store, result.outputs["scores"].digest)) == {"a": 1, "b": 1}
    assert read_blob(place.store, result.outputs["model"].digest) == b"weights"
    assert result.outputs["model"].filename == "model.joblib"


@pytest.mark.parametrize(
    "value",
    [
        "pl.DataFrame({'x': [1, 2, 3]})",
        "pl.LazyFrame({'x': [1, 2, 3]})",
        "pl.DataFrame({'x': [1, 2, 3]}).to_pandas()",
        "pl.DataFrame({'x': [1, 2, 3]}).to_arrow()",
        "[{'x': 1}, {'x': 2, 'y': 'b'}, {}]",
        "(pl.DataFrame({'x': [n]}) for n in (1, 2, 3))",
        "pl.DataFrame({'x': [1, 2, 3]}).to_arrow().to_reader()",
        "written(pl.DataFrame({'x': [1, 2, 3]}))",
    ],
)
def test_a_table_is_made_of_whatever_frame_is_returned(place: Workplace, value: str):
    source = f"""
    import polars as pl
    from pathlib import Path
    def written(frame):
        frame.write_parquet("mine.parquet")
        return Path("mine.parquet")
    def step(): return {value}
    """
    result = place.job(source, outputs={"t": "table"}).run()
    assert result.message is None
    assert result.outputs["t"].rows == 3
    assert result.outputs["t"].profile is not None
    stored = blob_path(place.store, result.outputs["t"].digest)
    assert stored is not None
    assert stored.stat().st_mode & 0o222 == 0


def test_large_tables_get_bounded_row_groups_and_foreign_ones_a_warning(place: Workplace):
    from pyarrow import parquet

    source = """
    import polars as pl
    from pathlib import Path
    def step():
        frame = pl.DataFrame({"x": range(300_000)})
        frame.write_parquet("big.parquet", row_group_size=300_000)
        return {"ours": frame, "foreign": Path("big.parquet")}
    """
    result = place.job(source, outputs={"ours": "table", "foreign": "table"}).run()
    stored = blob_path(place.store, result.outputs["ours"].digest)
    assert parquet.read_metadata(stored).num_row_groups == 2
    assert result.warnings == (
        "output 'foreign' has a row group of 300,000 rows; with at most 262,144, those who read it need less memory",
    )


def test_an_input_handed_on_as_it_is_stays_one_stored_blob(place: Workplace):
    made = place.table(ROWS)
    job = place.job("def step(table): return table", inputs={"table": made}, outputs={"again": "table"})
    result = job.run()
    assert result.outputs["again"].digest == made.digest
    assert read_blob(place.store, made.digest)


def test_a_users_own_file_is_copied_not_taken(place: Workplace):
    mine = place.folder / "mine.txt"
    mine.write_text("keep me")
    source = "from pathlib import Path\ndef step(path: Path): return path"
    result = place.job(source, parameters={"path": str(mine)}, outputs={"f": "file"}).run()
    assert mine.read_text() == "keep me"
    assert read_blob(place.store, result.outputs["f"].digest) == b"keep me"
    mine.write_text("other")


def test_two_outputs_may_share_one_file(place: Workplace):
    source = """
    from pathlib import Path
    def step():
        Path("d").mkdir()
        Path("d/x").write_text("x")
        return {"a": Path("d/x"), "b": Path("d/x"), "c": Path("d")}
    """
    result = place.job(source, outputs={"a": "file", "b": "file", "c": "directory"}).run()
    assert result.message is None
    assert result.outputs["a"].digest == result.outputs["b"].digest
    assert result.outputs["c"].size == 1


@pytest.mark.parametrize(
    ("source", "outputs", "cause", "text"),
    [
        ("def step(): return 1", {}, None, ""),
        ("def other(): pass", {}, Cause.SETUP, "steps has no function 'step'"),
        ("def stepp(): pass", {}, Cause.SETUP, "did you mean 'stepp'?"),
        ("import nothere", {}, Cause.SETUP, "No module named 'nothere'"),
        ("raise ModuleNotFoundError(name='polars')", {}, Cause.SETUP, "pip install 'moorage[tables]'"),
        ("def step(:", {}, Cause.SETUP, "steps cannot be imported: SyntaxError"),
        ("1 / 0", {}, Cause.USER, "ZeroDivisionError: division by zero"),
        ("def step(tabel): pass", {}, Cause.SETUP, "asks for 'tabel'"),
        ("async def step(): pass", {}, Cause.SETUP, "is an async function"),
        ("def step(): pass", {"m": "metrics"}, Cause.USER, "declares the output 'm' and left nothing behind"),
        (
            "def step(): return {'a': 1, 'modle': 2}",
            {"a": "file", "model": "file"},
            Cause.USER,
            "did you mean 'model'?",
        ),
        ("def step(): return 5", {"a": "file", "b": "file"}, Cause.USER, "return a dict or a dataclass"),
        ("def step(): return {'a': float('nan')}", {"m": "metrics"}, Cause.USER, "metric 'a', which is nan"),
        ("def step(): return {'a': {'b': 1}}", {"m": "metrics"}, Cause.USER, "metric 'a', a dict"),
        ("def step(): return {'a': 'x'}", {"m": "metrics"}, Cause.USER, "metric 'a', a str"),
        ("def step(): return 5", {"t": "table"}, Cause.USER, "is a table and got a int"),
        ("def step(): return iter(())", {"t": "table"}, Cause.USER, "an iterator with nothing in it"),
        ("def step(): return lambda: 1", {"m": "model"}, Cause.USER, "cannot be written by joblib"),
        ("def step(f): f.symlink_to('/etc/hostname')", {"f": "file"}, Cause.USER, "is a symbolic link"),
        (
            "import os\ndef step(d): d.mkdir(); os.symlink('/etc', d / 'e')",
            {"d": "directory"},
            Cause.USER,
            "is a symbolic link; leave it out",
        ),
        ("import os\ndef step(f): os.mkfifo(f)", {"f": "file"}, Cause.USER, "not a regular file"),
        ("from pathlib import Path\ndef step(): return Path('no')", {"f": "file"}, Cause.USER, "which is not there"),
        (
            "from pathlib import Path\ndef step(t): t.write_text('a,b\\n1,2')",
            {"t": "table"},
            Cause.USER,
            "must be Parquet; 't.parquet' begins with b'a,b",
        ),
        ("def step(t): t.write_bytes(b'PAR1 cut off')", {"t": "table"}, Cause.USER, "is not whole Parquet"),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(
    place: Workplace, source: str, outputs: dict[str, str], cause: Cause | None, text: str
):
    result = place.job(source, outputs=outputs).run()
    assert result.cause is cause
    assert text in str(result.message)
    assert "\n" not in str(result.message)


def test_a_name_that_the_function_does_not_take_is_named(place: Workplace):
    job = place.job("def step(rate): pass", parameters={"rat": 1, "rate": 2})
    assert failure(job) == (Cause.SETUP, "steps:step does not take 'rat'; did you mean 'rate'?")


def test_a_form_that_a_kind_does_not_have_is_said_with_those_it_has(place: Workplace):
    job = place.job("import polars\ndef step(f: polars.DataFrame): pass", inputs={"f": place.artifact("file", b"x")})
    cause, message = failure(job)
    assert cause is Cause.SETUP
    assert message.endswith("a file, as polars.DataFrame; it can be taken as pathlib.Path, str, bytes")


def test_a_generators_own_error_keeps_the_users_frames(place: Workplace):
    source = """
    def rows():
        yield __import__("polars").DataFrame({"x": [1]})
        raise ValueError("row 2 is bad")
    def step():
        return rows()
    """
    result = place.job(source, outputs={"t": "table"}).run()
    assert result.message == "ValueError: row 2 is bad"
    assert str(result.detail).startswith("steps.py:4 in rows")


def test_names_that_would_lead_out_of_the_scratch_folder_are_refused(place: Workplace):
    job = place.job("def step(**_): pass", outputs={"../../x": "file"})
    assert failure(job)[0] is Cause.SETUP
    made = place.artifact("file", b"x", "../../escaped")
    job = place.job("def step(f): print(f.name, f.parent.parent.name)", inputs={"f": made}, attempt=2)
    assert job.run().state is State.SUCCEEDED
    assert job.log() == "f in\n"


def test_a_missing_or_damaged_input_is_corrupt(place: Workplace):
    blob = put_bytes(place.store, b"data")
    stored = blob_path(place.store, blob.digest)
    assert stored is not None
    made = place.artifact("file", b"data")
    stored.chmod(0o644)
    stored.write_bytes(b"dat!")
    cause, message = failure(place.job("def step(f): pass", inputs={"f": made}))
    assert cause is Cause.CORRUPT
    assert "input 'f'" in message
    assert not stored.exists()  # damaged bytes have left the store
    assert failure(place.job("def step(f): pass", inputs={"f": made}, attempt=2))[0] is Cause.CORRUPT


@pytest.mark.parametrize("how", ["f.chmod(0o644); f.write_bytes(b'mine')", "f.unlink(); f.write_bytes(b'mine')"])
def test_an_input_changed_under_the_step_is_corrupt_and_named(place: Workplace, how: str):
    made = place.artifact("file", b"data")
    cause, message = failure(place.job(f"def step(f): {how}", inputs={"f": made}))
    assert cause is Cause.CORRUPT
    assert "'f'" in message
    assert made.digest in message
    stored = blob_path(place.store, made.digest)
    assert stored is not None
    assert not stored.exists() or stored.read_bytes() == b"data"


def test_a_file_of_an_input_directory_changed_under_the_step_is_corrupt(place: Workplace):
    (place.folder / "d" / "e").mkdir(parents=True)
    (place.folder / "d" / "e" / "x").write_text("x")
    blob = put_directory(place.store, place.folder / "d", take=False)
    made = Artifact("directory", blob.digest, blob.size, "d")
    job = place.job("def step(d): p = d / 'e' / 'x'; p.chmod(0o600); p.write_text('y')", inputs={"d": made})
    assert failure(job)[0] is Cause.CORRUPT
    job = place.job("def step(d): print((d / 'e' / 'x').read_text())", inputs={"d": made}, attempt=2)
    assert job.run().cause is Cause.CORRUPT  # the damaged blob is gone, not handed out
