"""BentoML itself builds what was rendered and serves what was built."""

import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from moorage.errors import SpecError, TargetError
from moorage_serving.build import build_step
from moorage_serving.serve import serve
from tests.infra.metrics import BENTOML

ARTIFACTS: Mapping[str, Mapping[str, str | None]] = {
    "model": {"kind": "model", "filename": "model.joblib"},
    "rows": {"kind": "table", "filename": None},
}


def built(context: Path, made: Path, to: Path) -> Path:
    inputs = {"model": made / "model.joblib", "rows": made / "rows.parquet"}
    build_step(context, "things", inputs, ARTIFACTS, {"rows": made / "contract.json"}, to)
    return to


def files(folder: Path) -> Mapping[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bento_is_whole_and_the_same_bytes_each_time(context: Path, made: Path, tmp_path: Path):
    (tmp_path / ".hidden").mkdir()
    first = files(built(context, made, tmp_path / ".hidden" / "bento"))
    assert {
        "bento.yaml",
        "src/service.py",
        "src/model/model.joblib",
        "src/moorage.json",
        "env/docker/Dockerfile",
    } <= set(first)
    assert files(built(context, made, tmp_path / "again")) == first


def test_a_built_bento_answers_until_it_is_interrupted(context: Path, made: Path, tmp_path: Path):
    bento = built(context, made, tmp_path / "bento")
    code = (
        "import json, os, signal, sys, threading, urllib.request\n"
        "from pathlib import Path\n"
        "from moorage_serving.serve import serve\n"
        "def ask(url):\n"
        '    body = b\'{"width": 1, "height": 2.5, "colour": "red"}\'\n'
        "    request = urllib.request.Request(url + '/predict', body, {'content-type': 'application/json'})\n"
        "    print(urllib.request.urlopen(request).read().decode(), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "serve(Path(sys.argv[1]), port=0, ready=lambda url: threading.Thread(target=ask, args=(url,)).start())\n"
        "print('ended')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, bento], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.returncode) == ('{"predictions":[7.0]}\nended\n', 0), ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_served_bento_counts_by_the_names_that_alerts_and_dashboards_ask_for(
    context: Path, made: Path, tmp_path: Path
):
    code = (
        "import os, signal, sys, threading, urllib.request\n"
        "from pathlib import Path\n"
        "from moorage_serving.serve import serve\n"
        "def ask(url):\n"
        '    body = b\'{"width": 1, "height": 2.5, "colour": "red"}\'\n'
        "    request = urllib.request.Request(url + '/predict', body, {'content-type': 'application/json'})\n"
        "    try:\n"
        "        urllib.request.urlopen(request).read()\n"
        "        print(urllib.request.urlopen(url + '/metrics').read().decode(), flush=True)\n"
        "    finally:\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "serve(Path(sys.argv[1]), port=0, ready=lambda url: threading.Thread(target=ask, args=(url,)).start())\n"
    )
    bento = built(context, made, tmp_path / "bento")
    ended = subprocess.run([sys.executable, "-c", code, bento], capture_output=True, text=True, timeout=60, check=False)
    for name, labels in BENTOML.items():
        lines = [line for line in ended.stdout.splitlines() if line.startswith(f"{name}{{")]
        asked = [line for line in lines if 'endpoint="/predict"' in line and 'http_response_code="200"' in line]
        assert {*re.findall(r'(\w+)="', asked[0])} == labels, ended.stderr


def test_a_service_that_cannot_be_imported_is_said_in_bentomls_words(context: Path, made: Path, tmp_path: Path):
    (context / "service.py").write_text("import no_such_module\n")
    with pytest.raises(SpecError, match="No module named 'no_such_module'"):
        built(context, made, tmp_path / "bento")
    assert not (tmp_path / "bento").exists()


@pytest.mark.parametrize(
    ("kinds", "contracts", "seen"),
    [
        ({"rows": "table"}, ["rows"], "exactly one input of kind model; its step has none"),
        ({"a": "model", "b": "model"}, ["a"], "exactly one input of kind model; its step has a, b"),
        ({"a": "model", "rows": "table"}, [], "exactly one input with a contract; its step has none"),
    ],
)
def test_a_step_without_exactly_one_model_and_one_contract_is_a_sentence(
    context: Path, made: Path, tmp_path: Path, kinds: dict[str, str], contracts: list[str], seen: str
):
    inputs = dict.fromkeys(kinds, made / "model.joblib")
    artifacts = {name: {"kind": kind} for name, kind in kinds.items()}
    with pytest.raises(SpecError, match=seen):
        build_step(
            context, "things", inputs, artifacts, dict.fromkeys(contracts, made / "contract.json"), tmp_path / "bento"
        )


def test_a_port_that_is_taken_is_a_sentence(rendered: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(TargetError, match="Address already in use"):
        serve(rendered, port=taken.getsockname()[1], ready=lambda _: None)


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70000)])
def test_an_address_that_cannot_be_is_a_sentence(rendered: Path, host: str, port: int):
    with pytest.raises((TargetError, SpecError)) as raised:
        serve(rendered, host, port, ready=lambda _: None)
    assert "fix: choose" in str(raised.value)


def test_a_folder_that_is_no_bento_is_a_sentence(tmp_path: Path):
    with pytest.raises(SpecError, match="not the folder of a Bento"):
        serve(tmp_path, ready=lambda _: None)
