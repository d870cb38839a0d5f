"""`python -m moorage.step`: the command of every job on every platform."""

import os
import signal
import sys

if __name__ == "__main__":
    # As the first process of a container nothing ends us but what we handle, and nothing is begun that is to be kept.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))

    from moorage.step.supervisor import supervise

    sys.exit(supervise(os.environ))
