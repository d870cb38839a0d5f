"""`python -m tests.rigs.kubernetes.node.launch FILE`: start what the file says as a container, and end as it ends.

With `namespaces`, the command is process 1 of namespaces of its own: it sees its mounts where the pod wants them, a
signal that it has no handler for does nothing (as in any container), and when it ends, the kernel kills whatever it
started. Without, it is a plain process, and its orphans are killed here.

The word that it runs, or why it does not, goes to the file descriptor `report`; when this process is killed, so is
the container, and when the node is gone, so is this process.
"""

import json
import os
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.rigs.kubernetes.node import linux, rootfs, sockets

KILL = signal.SIGUSR1
"""Kills the container, and this process says how it ended; SIGTERM is passed on."""

CANNOT_START = 128
"""The exit code that container runtimes give to what never ran."""


def main(file: str, report: int) -> int:
    """Return the exit status of the container: its own, or 128 and the signal that ended it."""
    asked = json.loads(Path(file).read_text())
    if asked["isolation"] == "namespaces":
        linux.die_with_parent(signal.SIGKILL)
        linux.unshare(linux.NEW_MOUNTS | linux.NEW_NAMES | linux.NEW_PROCESSES)
    else:
        linux.die_with_parent(KILL)
        linux.adopt_orphans()
    if os.getppid() != asked["node"]:
        return CANNOT_START
    heard, said = os.pipe()
    go, let_go = os.pipe()  # our end stays open as long as we live, which is how the container knows that we do
    pid = os.fork()
    if pid == 0:
        os.close(let_go)
        _contain(asked, report, said, go)
    os.close(said)
    listener = os.read(heard, 16)  # nothing where it has failed
    answering = _answering(sockets.take(pid, int(listener)), asked) if listener.isdigit() else None
    os.write(let_go, b".")
    status = _wait(pid, report, answering)
    if asked["isolation"] != "namespaces":
        from moorage.step.descendants import kill_descendants  # here, because it is rarely needed and we start often

        kill_descendants()
    return status if status >= 0 else 128 - status


def enter(pid: int, words: list[str]) -> int:
    """Run words in the namespaces of a container as who it is, and return their exit status."""
    linux.die_with_parent(signal.SIGKILL)
    environment, owner = _environment_of(pid), os.stat(f"/proc/{pid}")
    linux.enter(pid)
    child = os.fork()
    if child == 0:
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
        linux.die_with_parent(signal.SIGKILL)
        os.chdir("/")
        _exec(words, environment)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _wait(pid: int, report: int, answering: sockets.Sockets | None) -> int:
    signal.signal(signal.SIGTERM, lambda *_: _send(pid, signal.SIGTERM))
    signal.signal(KILL, lambda *_: _send(pid, signal.SIGKILL))
    os.write(report, json.dumps({"pid": pid}).encode() + b"\n")  # from then on signals may come
    os.close(report)
    process = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(process, select.POLLIN)
    if answering:
        poll.register(answering.listener, select.POLLIN)
    while process not in (ready := dict(poll.poll())):
        for number, event in ready.items():
            if answering and event & select.POLLIN:
                answering.answer()
            else:  # nobody is left who could ask
                poll.unregister(number)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _answering(listener: int, asked: dict[str, Any]) -> sockets.Sockets:
    ports = Path(asked["layer"]).parents[3] / "ports"
    ports.mkdir(exist_ok=True)
    return sockets.Sockets(listener, asked["address"], ports)


def _contain(asked: dict[str, Any], report: int, said: int, go: int) -> None:
    try:
        linux.die_with_parent(signal.SIGKILL)
        listener = None
        if asked["isolation"] == "namespaces":
            linux.name_host(asked["hostname"])
            rootfs.build(asked)
            listener = sockets.listen() if asked["own_ports"] else None
        os.write(said, b"no" if listener is None else str(listener).encode())
        os.read(go, 1)  # nothing where the launcher is gone
        os.makedirs(asked["folder"], exist_ok=True)
        os.chdir(asked["folder"])
        _become(asked)
        if _is_closed(go):  # the launcher ended before we asked to die with it
            return
        # The descriptor closes by itself when the command is there.
        os.set_inheritable(report, False)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        _exec(asked["argv"], asked["environment"])
    except OSError as error:
        _tell(report, str(error))
    finally:
        os._exit(CANNOT_START)


def _is_closed(pipe: int) -> bool:
    poll = select.poll()
    poll.register(pipe, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def _become(asked: dict[str, Any]) -> None:
    if asked["isolation"] != "namespaces":
        return
    os.setgroups(asked["groups"])
    os.setgid(asked["group"])
    os.setuid(asked["user"])
    linux.die_with_parent(signal.SIGKILL)  # a change of user has undone it


def _exec(words: list[str], environment: dict[str, str]) -> None:
    try:
        os.execvpe(words[0], words, environment)
    except FileNotFoundError:
        known = "no such file or directory" if "/" in words[0] else "executable file not found in $PATH"
        raise OSError(f'exec: "{words[0]}": {known}') from None


def _tell(report: int, text: str) -> None:
    os.write(report, json.dumps({"error": text}).encode() + b"\n")


def _environment_of(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="surrogateescape").split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


if __name__ == "__main__":
    if sys.argv[1] == "--enter":
        raise SystemExit(enter(int(sys.argv[2]), sys.argv[3:]))
    raise SystemExit(main(sys.argv[1], int(sys.argv[2])))
