"""What a builder says when it fails, as a sentence with what to do: by the words that the three of them use."""

import re
from collections.abc import Sequence

from moorage.errors import AccessDenied, MoorageError, NotFound, PlatformError, SpecError, TargetError

_CHECKS = (
    (
        TargetError,
        r"certificate[ _]verify[ _]failed|unable to get local issuer",
        "the build does not trust the certificate of the package index",
        "where the network inspects TLS, mount its certificates for the time of the build: --ca-bundle FILE",
    ),
    (
        TargetError,
        r"x509: ",
        "{builder} does not trust the certificate of the registry",
        "put the registry's certificate authority where {builder} looks for it",
    ),
    (
        PlatformError,
        r"NewConnectionError|Name or service not known|Temporary failure in name resolution|ConnectTimeoutError",
        "the build cannot reach the package index",
        "look at `pip config list`: its index and proxy are what the build is given; folders of this machine are not",
    ),
    (
        SpecError,
        r"do not match the hashes|Hashes are required|all requirements must have their versions pinned",
        "the requirements are not what their hashes say, or lack some",
        "write them anew: uv pip compile --universal --generate-hashes requirements.txt -o image.txt",
    ),
    (
        SpecError,
        r"(?P<seen>moorage [\w.]+ (?:requires|has requirement) .*)",
        "the requirements lack something that moorage needs: {seen}",
        "add it: a line `moorage` in what the requirements are compiled from brings all of it",
    ),
    (
        SpecError,
        r"No matching distribution found for (?P<seen>moorage==\S+)",
        "the package index has no {seen}",
        "give a wheel of it: --moorage moorage-VERSION-py3-none-any.whl",
    ),
    (
        NotFound,
        r"No matching distribution found for (?P<seen>\S+)",
        "the package index has no {seen} for this Python and platform",
        "look at `pip config list`, and at --python and --platform",
    ),
    (
        TargetError,
        r"exec format error|no match for platform in manifest|does not match the specified platform",
        "this machine cannot build for that platform",
        "build on such a machine, or install qemu's binfmt handlers",
    ),
    (
        SpecError,
        r"No module named (?:pip|venv|ensurepip)|python3: not found|executable file `?python3",
        "the base image has no python3 with pip and venv",
        "--base python:3.12-slim, or another one that has them",
    ),
    (
        TargetError,
        r"No space left on device",
        "there is no room left for the image",
        "{builder} system prune, or more disk",
    ),
)

_BASE = (
    r"pull access denied|manifest unknown|manifest for .* not found|initializing source|unable to copy from source|"
    r"failed to resolve source metadata|short-name|no such host|creating build container|connection refused"
)
_DENIED = r"denied|unauthori[sz]ed|authentication required|no basic auth|\b40[13]\b"


def build_failure(builder: str, base: str, lines: Sequence[str]) -> MoorageError:
    """Return the error that a failed build is; `lines` are the last ones that the builder printed."""
    text = "\n".join(lines)
    for kind, pattern, message, fix in _CHECKS:
        if found := re.search(pattern, text, re.IGNORECASE):
            seen = found.groupdict().get("seen", "")
            return kind(message.format(seen=seen.strip(), builder=builder), fix=fix.format(builder=builder))
    if re.search(_BASE, text, re.IGNORECASE):
        fix = f"look with: {builder} pull {base}; name another with --base, or log in: {builder} login REGISTRY"
        return NotFound(f"the base image {base} cannot be pulled: {_last(lines)}", fix=fix)
    return PlatformError(f"{builder} could not build the image: {_last(lines)}", fix="look at its lines above")


def push_failure(builder: str, reference: str, lines: Sequence[str]) -> MoorageError:
    """Return the error that a failed push is."""
    registry = reference.partition("/")[0]
    if re.search(_DENIED, "\n".join(lines), re.IGNORECASE):
        fix = f"{builder} login {registry}; it may also want the repository to be made first"
        return AccessDenied(f"{registry} refused {reference}: {_last(lines)}", fix=fix)
    fix = f"is it the right registry, and can it be reached? the image is here still: {builder} push {reference}"
    return PlatformError(f"{reference} could not be pushed: {_last(lines)}", fix=fix)


def _last(lines: Sequence[str]) -> str:
    words = [line.strip() for line in lines if line.strip()]
    errors = [line for line in words if re.match(r"(error|fatal)\b", line, re.IGNORECASE)]
    return (errors or words or ["nothing"])[-1].removeprefix("Error: ")[:300]
