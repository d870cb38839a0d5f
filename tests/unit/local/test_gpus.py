"""GPUs are handed out to one job at a time on the whole machine, and one that fails is named."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moorage.ports import Handle
from moorage.spec.models import Gpu, Resources
from moorage.states import Cause, State
from moorage_local.leases import lock_file
from tests.rigs.base import Work
from tests.rigs.gpus import COMPILER, FakeGpus, build_library, locks_removed
from tests.rigs.local import LocalRig

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler to make the driver's library with")

ONE = Resources(gpu=Gpu())
SLEEPS = ("sh", "-c", "echo got $CUDA_VISIBLE_DEVICES; sleep 600")
FAILS = "while ! test -e go; do sleep 0.01; done; exit 3"
HERE = "import sys; from pathlib import Path; from moorage_local.adapter import adapter; "
Made = Callable[..., tuple[FakeGpus, LocalRig]]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_library(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def made(library: Path, tmp_path: Path, rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """Makes the GPUs of a machine, and a rig that may use them."""
    file = tmp_path / "gpus"
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library))
    monkeypatch.setenv("FAKE_NVML", str(file))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    made_gpus: list[FakeGpus] = []

    def make(*names: tuple[str, int]) -> tuple[FakeGpus, LocalRig]:
        made_gpus.append(FakeGpus(file, names or [("NVIDIA A10G", 23028)]))
        give(rig, made_gpus[0])
        return made_gpus[0], rig

    yield make
    with locks_removed(made_gpus[0]):
        pass


def give(rig: LocalRig, gpus: FakeGpus) -> None:
    rig.__dict__["target"] = rig.adapter.here(rig.folder).model_copy(update={"gpus": gpus.listed})  # type: ignore[attr-defined]


def here(code: str) -> str:
    """Ask for this machine in an interpreter that finds the library."""
    return subprocess.run([sys.executable, "-c", HERE + code], capture_output=True, text=True, check=True).stdout


def running(rig: LocalRig, work: Work, text: str = "got GPU-") -> Handle:
    handle = rig.submit(rig.lower(work), key=work.run)
    rig.await_log(work, text)
    return handle


def fails(rig: LocalRig, work: Work, breaks: Callable[[], None]) -> Handle:
    """Run a step that fails when its GPU has been broken."""
    handle = rig.submit(rig.lower(work), key=work.run)
    rig.await_log(work, "ready")
    breaks()
    (rig.folder / "go").touch()
    rig.await_end(handle)
    return handle


def broken(rig: LocalRig) -> Work:
    return Work(("sh", "-c", f"echo ready; cd {rig.folder}; {FAILS}"), resources=ONE)


def test_the_gpus_of_the_machine_are_found(made: Made):
    gpus, _ = made(("NVIDIA A10G", 23028), ("NVIDIA A100-SXM4-40GB", 40960), ("NVIDIA A100-SXM4-40GB", 40960))
    gpus.set_state(2, "mig")  # it is several small ones
    found = json.loads(here("print(adapter.here(Path('.')).model_dump_json())"))["gpus"]
    assert [(gpu["uuid"], gpu["name"], gpu["memory_gib"]) for gpu in found] == [
        (gpus.uuids[0], "NVIDIA A10G", 22.488),
        (gpus.uuids[1], "NVIDIA A100-SXM4-40GB", 40.0),
    ]
    assert here("print(adapter.capacity(adapter.here(Path('.'))).gpus)") == "2\n"


def test_gpus_that_are_hidden_from_cuda_are_not_found(made: Made, monkeypatch: pytest.MonkeyPatch):
    made()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    said = here("print(adapter.here(Path('.')).no_gpus)")
    assert said == "CUDA_VISIBLE_DEVICES='' hides the GPUs of this machine\n"


def test_a_driver_that_is_not_loaded_is_said(made: Made, monkeypatch: pytest.MonkeyPatch):
    made()
    monkeypatch.delenv("FAKE_NVML")
    said = here("print(adapter.here(Path('.')).no_gpus)")
    assert said == "this machine's NVIDIA driver does not work: Driver Not Loaded\n"


def test_a_driver_that_python_cannot_ask_is_said(made: Made):
    made()
    said = here("sys.modules['pynvml'] = None; print(adapter.here(Path('.')).no_gpus)")
    assert said == "this machine has an NVIDIA driver, and Python cannot ask it for GPUs: pip install 'moorage[gpu]'\n"


def test_a_step_gets_the_gpu_that_it_asks_for_and_others_see_none(made: Made):
    gpus, rig = made(("NVIDIA L40S", 46068), ("NVIDIA L4", 23034))
    work = Work(
        ("sh", "-c", f"test $CUDA_VISIBLE_DEVICES = {gpus.uuids[1]}"), resources=Resources(gpu=Gpu(name=("L4",)))
    )
    assert rig.run(work).state is State.SUCCEEDED
    blind = Work(("sh", "-c", 'test "${CUDA_VISIBLE_DEVICES-not set}" = ""'), run="r2")
    assert rig.run(blind).state is State.SUCCEEDED


def test_a_second_job_waits_in_the_queue_until_the_first_is_gone(made: Made, tmp_path: Path):
    gpus, rig = made()
    first = running(rig, Work(SLEEPS, resources=ONE))
    other = LocalRig(tmp_path / "another project")
    give(other, gpus)
    second = other.submit(other.lower(Work(SLEEPS, resources=ONE)), key="r1")
    seen = other.await_state(second, State.QUEUED)
    assert seen.reason == "it waits for 1 GPU (NVIDIA A10G), which other jobs have"
    record = rig.folder_of(first).record()
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    other.await_state(second, State.RUNNING)
    other.await_log(Work(), f"got {gpus.uuids[0]}")
    other.close()


def test_a_job_that_waits_can_be_cancelled(made: Made):
    _, rig = made()
    running(rig, Work(SLEEPS, resources=ONE))
    waiting = rig.submit(rig.lower(Work(SLEEPS, run="r2", resources=ONE)), key="r2")
    rig.await_state(waiting, State.QUEUED)
    rig.connection.cancel(waiting)
    assert rig.observe(waiting).state is State.CANCELLED


def test_two_jobs_that_want_both_gpus_take_turns(made: Made):
    gpus, rig = made(("NVIDIA A10G", 23028), ("NVIDIA A10G", 23028))
    both = Resources(gpu=Gpu(count=2))
    mark = rig.folder / "taken"
    alone = f"mkdir {mark} && test $CUDA_VISIBLE_DEVICES = {','.join(gpus.uuids)} && sleep 0.2 && rmdir {mark}"
    works = [Work(("sh", "-c", alone), run=f"r{number}", resources=both) for number in range(4)]
    handles = [rig.submit(rig.lower(work), key=work.run) for work in works]
    assert [rig.await_end(handle).state for handle in handles] == [State.SUCCEEDED] * 4


def test_each_node_gets_gpus_of_its_own(made: Made):
    gpus, rig = made(("NVIDIA A10G", 23028), ("NVIDIA A10G", 23028))
    work = Work(("sh", "-c", "echo got $CUDA_VISIBLE_DEVICES"), resources=Resources(cpu=0.5, nodes=2, gpu=Gpu()))
    assert rig.run(work).state is State.SUCCEEDED
    for rank, uuid in enumerate(gpus.uuids):
        rig.await_log(work, f"[{rank}] got {uuid}")


def test_a_gpu_that_is_lost_is_not_handed_out(made: Made):
    gpus, rig = made()
    gpus.set_state(0, "lost")
    seen = rig.run(Work(SLEEPS, resources=ONE))
    assert (seen.state, seen.cause) == (State.FAILED, Cause.PLATFORM)
    assert seen.reason == f"the GPU NVIDIA A10G ({gpus.uuids[0]}) failed: GPU is lost"


def test_a_gpu_that_is_lost_while_a_step_runs_is_to_blame_and_is_not_handed_out_again(made: Made):
    gpus, rig = made()
    work = broken(rig)
    fails(rig, work, lambda: gpus.set_state(0, "lost"))
    result = rig.result(work)
    assert result.cause is Cause.PLATFORM
    said = f"the GPU NVIDIA A10G ({gpus.uuids[0]}) failed: GPU is lost"
    assert (result.message or "").startswith(f"{said}; the step said: ")
    gpus.set_state(0, "ok")
    seen = rig.run(Work(SLEEPS, run="r2", resources=ONE))
    assert seen.reason == f"{said} (to use it again, empty {lock_file(gpus.uuids[0])})"


def test_a_hardware_error_that_the_driver_reports_is_to_blame(made: Made):
    gpus, rig = made()
    work = broken(rig)
    fails(rig, work, lambda: gpus.send_xid(0, 79))
    assert "failed: it has fallen off the bus (XID 79); the step said" in (rig.result(work).message or "")


def test_an_error_that_a_program_may_cause_is_the_steps_own(made: Made):
    gpus, rig = made()
    work = broken(rig)
    fails(rig, work, lambda: gpus.send_xid(0, 13))
    assert rig.result(work).cause is Cause.USER


def test_with_one_gpu_failed_the_other_is_handed_out(made: Made):
    gpus, rig = made(("NVIDIA A10G", 23028), ("NVIDIA A10G", 23028))
    gpus.set_state(0, "lost")
    work = Work(("sh", "-c", f"test $CUDA_VISIBLE_DEVICES = {gpus.uuids[1]}"), resources=ONE)
    assert rig.run(work).state is State.SUCCEEDED
