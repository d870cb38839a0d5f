"""What goes wrong in a store, in our words: one context manager for folders, one for obstore.

obstore's texts end in a dump that may hold addresses and signatures, so none of them is passed on:
what is said comes from the table below.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from moorage.errors import AccessDenied, MoorageError, NotFound, PlatformError, TargetError, Throttled


class AlreadyThere(Exception):
    """A conditional put was refused: something has the key, or another put of it is under way."""


class Unanswered(PlatformError):
    """The store did not answer, or failed on its side; what was asked may have happened or not."""


class _Reason(NamedTuple):
    seen: str
    kind: type[MoorageError]
    message: str
    fix: str


_ENDPOINT = "check the network, and AWS_ENDPOINT_URL or the like if it is set; then try again"
_CREATE = "create it, or correct the store's URI"
_CREDENTIALS = {
    "s3": 'set AWS_ACCESS_KEY_ID and the like, or: eval "$(aws configure export-credentials --format env)"',
    "gs": "gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
    "az": "set AZURE_STORAGE_ACCOUNT_KEY, or: az login, with AZURE_USE_AZURE_CLI=true",
    "memory": "",
}
# Each pattern holds something that no key can hold, so that a key is never taken for a reason.
_REASONS = (
    _Reason(r"<Code>NoSuchBucket<|specified bucket does", TargetError, "there is no such bucket", _CREATE),
    _Reason(r"<Code>ContainerNotFound<", TargetError, "there is no such container", _CREATE),
    _Reason(r"http://(169\.254\.1|metadata\.google\.)", AccessDenied, "no credentials were found", ""),
    _Reason(r"<Code>(InvalidAccessKeyId|SignatureDoes)", AccessDenied, "the credentials are not accepted", ""),
    _Reason(r"<Code>(ExpiredToken|TokenRefresh)", AccessDenied, "the credentials have expired", ""),
    _Reason(r"^Unauthenticated|status: 401", AccessDenied, "the credentials are not accepted", ""),
    _Reason(r"^PermissionDenied|status: 403", AccessDenied, "the credentials in use may not do this", ""),
    _Reason(r"status: 429|<Code>SlowDown<", Throttled, "the store asks for fewer requests", "try again later"),
    _Reason(r"status: 3|Received redirect", TargetError, "the bucket is elsewhere", "set AWS_REGION to its region"),
    _Reason(r"InvalidCertificate\(|peer certificate", TargetError, "its certificate is not trusted", _ENDPOINT),
    _Reason(r"dns error|failed to lookup", Unanswered, "the name of its host is not known", _ENDPOINT),
    _Reason(r"kind: ConnectionRefused", Unanswered, "nothing listens at its address", _ENDPOINT),
    _Reason(r"(source|kind): Time", Unanswered, "it did not answer in time", _ENDPOINT),
    _Reason(r"status: 5", Unanswered, "it failed on its side", "try again later"),
    _Reason(r"kind: (Connect|Request|Interrupted|Decode|Unknown)", Unanswered, "the connection was cut", _ENDPOINT),
)


@contextmanager
def obstore_errors(uri: str, key: str) -> Iterator[None]:
    """Raise what obstore raises as our own; the message names the store, the key and what was seen."""
    from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

    try:
        yield
    except (AlreadyExistsError, PreconditionError) as error:
        raise AlreadyThere(key) from error
    except (BaseError, OSError, ValueError) as error:
        raise _ours(error, uri, key) from error


def _ours(error: Exception, uri: str, key: str) -> MoorageError:
    import re  # here, because a folder never needs it

    text = f"{type(error).__name__} {error}"
    place = f"{uri.rstrip('/')}/{key}"
    for reason in _REASONS:
        if re.search(reason.seen, text):
            fix = reason.fix or _CREDENTIALS[uri.partition(":")[0]]
            return reason.kind(f"{place}: {reason.message}", fix=fix)
    if isinstance(error, FileNotFoundError):
        return NotFound(f"{place} is not there", fix="check the store and the key, or make it again")
    status = re.search(r"status: (\d+)", text)
    seen = f"status {status[1]}" if status else type(error).__name__
    return PlatformError(f"{place}: the store answered with {seen}", fix="check the store's URI and its settings")


@contextmanager
def folder_errors(path: str) -> Iterator[None]:
    """Raise what the file system raises as our own; the message names the file and what was seen."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise NotFound(f"{path} is not there", fix="check the store and the key, or make it again") from error
    except PermissionError as error:
        fix = "give this user access to the folder, or choose another store with MOORAGE_STORE"
        raise AccessDenied(f"{path}: {error.strerror}", fix=fix) from error
    except OSError as error:
        raise _from_system(error, path) from error


def _from_system(error: OSError, path: str) -> MoorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return TargetError(f"{path}: {error.strerror}", fix="free space, `moorage gc` helps, then resume")
    if error.errno in (errno.EROFS, errno.EOPNOTSUPP, errno.ENAMETOOLONG):
        return TargetError(f"{path}: {error.strerror}", fix="choose another store with MOORAGE_STORE")
    return PlatformError(f"{path}: {error.strerror or error}", fix="check the disk, then try again")
