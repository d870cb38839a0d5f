"""`$(NAME)` in commands, arguments and variables, as Kubernetes expands it. Pure.

After k8s.io/kubernetes/third_party/forked/golang/expansion: `$$` is a dollar sign, a name that is not known stays as
it was written, and an unclosed one is text.
"""

import re
from collections.abc import Mapping

_FOUND = re.compile(r"\$(?:(?P<escaped>\$)|\((?P<name>[^)]*)\))")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Return the text with what it refers to put in; what is put in is not looked at again."""
    return _FOUND.sub(lambda found: "$" if found["escaped"] else variables.get(found["name"], found[0]), text)
