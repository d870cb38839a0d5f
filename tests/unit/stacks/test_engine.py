"""What Pulumi says of a failure, read."""

import pytest

from moorage.stacks.engine import what_failed

UNREACHABLE = "configured Kubernetes cluster is unreachable: https://127.0.0.1:1"
DIAGNOSTICS = f"""\
Previewing refresh (dev):
 ~  kubernetes:core/v1:Namespace space refreshing error: {UNREACHABLE}
    pulumi:pulumi:Stack shop-dev  error: preview failed
Diagnostics:
  pulumi:pulumi:Stack (shop-dev):
    error: preview failed
"""


@pytest.mark.parametrize(
    ("out", "err", "said"),
    [
        ("", "error: no stack named 'dev' found\n", "no stack named 'dev' found"),
        (DIAGNOSTICS, "", UNREACHABLE),
        (DIAGNOSTICS, "warning: old\nerror: preview failed\n", UNREACHABLE),
        ("error: update failed", "", "update failed"),
        ("what a day", "", "what a day"),
        ("", "", "nothing"),
    ],
)
def test_the_first_error_that_says_something_is_told(out: str, err: str, said: str):
    assert what_failed(out, err) == said
