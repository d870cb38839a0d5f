"""`modules.py FILE ARGUMENTS`: run `moorage ARGUMENTS`, and write to FILE what it imported and should not have."""

import sys
from pathlib import Path

from moorage.cli.exits import run

HEAVY = (
    "azure", "boto3", "botocore", "google", "kubernetes", "libcloud", "numpy", "pandas", "pandera", "polars", "pulumi",
    "pyarrow", "sagemaker",
)  # fmt: skip

if __name__ == "__main__":
    code = run(sys.argv[2:])
    Path(sys.argv[1]).write_text("\n".join(name for name in HEAVY if name in sys.modules))
    sys.exit(code)
