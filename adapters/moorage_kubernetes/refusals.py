"""What the API server refuses with, in our words; the vendor's error is always behind ours."""

import json
import re
import ssl
from typing import Any

from moorage.errors import AccessDenied, MoorageError, NotFound, PlatformError, QuotaExceeded, TargetError, Throttled


class Refused(PlatformError):
    """The request itself cannot be taken."""


class Taken(PlatformError):
    """There is an object of that name, or it has changed since it was read."""


class Gone(PlatformError):
    """What was asked for is too old; it is to be listed anew."""


class Again(PlatformError):
    """The cluster could not take the call now; it may be tried again."""


class Unreached(Again):
    """No answer came, and the call may have been done all the same."""


_RBAC = re.compile(
    r'\S+ (?:"\S+" )?is forbidden: User "(.+)" cannot \S+ resource "\S+" in API group "\S*" (?:in|at) .+'
)

_WAIT = "wait until the cluster's API server is back, then try again"


def refusal(error: Any, what: str) -> MoorageError:
    """Return our error for the API server's; `what` says verb, resource and namespace."""
    message = _message(error)
    match error.status:
        case 401:
            return AccessDenied(f"the cluster does not know who asks to {what}", fix="log in to it anew")
        case 403:
            return _forbidden(message, what)
        case 404:
            return NotFound(f"cannot {what}: {message}", fix="see that the namespace and the API are there")
        case 409:
            return Taken(f"cannot {what}: {message}", fix="wait, then try again")
        case 410:
            return Gone(f"cannot {what}: {message}", fix="try again")
        case 429:
            return _after(error, Throttled(f"the cluster asks for fewer requests ({what})", fix="wait, then try again"))
        case status if status is not None and status >= 500:
            return _server(error, message, what)
        case _:
            return _refused(message, what)


def unreached(error: Exception, what: str, host: str) -> MoorageError:
    """Return our error for a call that got no answer."""
    if isinstance(_root(error), ssl.SSLCertVerificationError):
        message = f"the certificate of {host} is not one that the kubeconfig trusts"
        return TargetError(message, fix="take the kubeconfig from the cluster anew")
    return Unreached(f"the cluster at {host} did not answer ({what}): {type(_root(error)).__name__}", fix=_WAIT)


def retry_after(error: Exception) -> float:
    """Return for how many seconds the server asks to be left alone."""
    return float(getattr(error, "seconds", 0.0))


def _forbidden(message: str, what: str) -> MoorageError:
    if "exceeded quota" in message:
        fix = "wait for what runs there, or have the ResourceQuota raised"
        return QuotaExceeded(f"a quota of the namespace is used up (to {what}): {message}", fix=fix)
    if "is being terminated" in message:
        return TargetError(f"cannot {what}: the namespace is being removed", fix="`pulumi up` makes it anew")
    if "PodSecurity" in message or "admission webhook" in message or "ValidatingAdmissionPolicy" in message:
        return TargetError(f"the cluster's own rules refuse to {what}: {message}", fix="talk to who set that rule")
    as_whom = _RBAC.fullmatch(message)  # the rest says once more what was asked for
    said = f" (as {as_whom[1]})" if as_whom and "RBAC: " not in message else f": {message}"
    return AccessDenied(f"you may not {what}{said}", fix="have moorage's Role bound to you (docs/kubernetes.md)")


def _refused(message: str, what: str) -> MoorageError:
    if "admission webhook" in message:
        return TargetError(f"the cluster's own rules refuse to {what}: {message}", fix="talk to who set that rule")
    return Refused(
        f"the cluster refuses to {what}: {message}", fix="see what it says, and change the step or the stack"
    )


def _server(error: Any, message: str, what: str) -> MoorageError:
    return _after(error, Again(f"the cluster's API server failed to {what}: {message}", fix=_WAIT))


def _after(error: Any, ours: MoorageError) -> MoorageError:
    text = (error.headers or {}).get("Retry-After", "")
    ours.seconds = float(text) if str(text).isdecimal() else 0.0  # type: ignore[attr-defined]
    return ours


def _message(error: Any) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason or error.status)


def _root(error: BaseException) -> BaseException:
    inner = error.__cause__ or error.__context__ or getattr(error, "reason", None)
    return _root(inner) if isinstance(inner, BaseException) and inner is not error else error
