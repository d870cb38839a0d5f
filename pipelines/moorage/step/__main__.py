"""`python -m moorage.step`: the command of every job on every platform."""

import os
import sys

from moorage.step.supervisor import supervise

if __name__ == "__main__":
    sys.exit(supervise(os.environ))
