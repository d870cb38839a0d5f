"""A process that forks workers for the one that forked it, whose own children they become.

Who forks pays afterwards: each page that it writes to is copied first, since the child shares it. A stem does
nothing but fork, so it pays for few, and it does so while nobody waits: one worker always stands ready.

    keeper -- stem -- holder -- worker     until the worker is taken;
           \\- worker                       then its holder ends, and the keeper, a subreaper, adopts it
"""

import os
import socket
from typing import NoReturn

from moorage.step.descendants import die_with, keep
from moorage.step.process import Work, Worker, be_worker, close_all, open_pipes
from moorage.step.worker import rehearse

_PID_BYTES = 20
_TAKE_SECONDS = 10.0


class Stem:
    """The stem of this process, which must be a subreaper; its workers call `work`, see `fork_worker`.

    `descriptor` is the number that our end of its socket gets. `is_late` says that a worker may still come that nobody
    waits for.
    """

    def __init__(self, work: Work, descriptor: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        keeper, pid = os.getpid(), os.fork()
        if pid == 0:
            try:
                ours.close()
                die_with(keeper)
                _be_stem(theirs, work)
            finally:
                os._exit(70)
        keep(pid)
        theirs.close()
        self._line = socket.socket(fileno=os.dup2(ours.fileno(), descriptor, inheritable=False))
        ours.close()
        self._line.settimeout(_TAKE_SECONDS)
        self._gave_up = False
        self.is_late = False

    def take(self) -> Worker | None:
        """Return the worker that stands ready; None when there is none, and from then on."""
        if self._gave_up:
            return None
        pipes = open_pipes()
        try:
            socket.send_fds(self._line, [b"."], pipes.theirs)
            pid = self._line.recv(_PID_BYTES)
        except TimeoutError:
            self.is_late, pid = True, b""
        except OSError:
            pid = b""
        close_all(pipes.theirs)
        if pid:
            return pipes.worker(int(pid))
        close_all(pipes.ours)
        self._gave_up = True
        return None


def _be_stem(line: socket.socket, work: Work) -> NoReturn:
    while True:
        holder = os.fork()
        if holder == 0:
            _be_holder(line, work)
        os.waitpid(holder, 0)


def _be_holder(line: socket.socket, work: Work) -> NoReturn:
    stem, (taken, take) = os.getppid(), os.pipe()
    if os.fork() == 0:
        os.close(taken)
        _be_worker(line, take, work)
    os.close(take)
    die_with(stem)
    os.read(taken, 1)  # until it is taken, or has ended
    os._exit(0)


def _be_worker(line: socket.socket, take: int, work: Work) -> NoReturn:
    os.setpgid(0, 0)
    rehearse()
    message, descriptors, _, _ = socket.recv_fds(line, 1, 3)
    if not message:  # the keeper has gone
        os._exit(0)
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    os.close(take)
    line.send(str(os.getpid()).encode())
    line.close()
    be_worker(descriptors, work)
