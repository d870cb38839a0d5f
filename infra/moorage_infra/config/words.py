"""The words of a stack's settings: names, labels, networks; each with its bounds."""

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from moorage.errors import TargetError
from moorage.store.address import parse_address

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?"

NAMESPACE_PATTERN = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
NAME_PATTERN = rf"^{_LABEL}(\.{_LABEL})*$"
FLAVOUR_PATTERN = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
LABEL_KEY_PATTERN = rf"^({_LABEL}(\.{_LABEL})*/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
LABEL_VALUE_PATTERN = rf"^{_VALUE}$"


def _own_key(key: str) -> str:
    if key.startswith("moorage.dev/"):
        raise ValueError(f"{key!r} is one of moorage's own; choose another key")
    return key


def _own_namespace(name: str) -> str:
    if name == "default" or name.startswith("kube-"):
        raise ValueError(f"{name!r} is the cluster's own, and this one is the stack's to remove; choose a new name")
    return name


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a network ({error}); write it as in 10.20.0.0/16 or fd00::/8") from None
    return text


def _store(text: str) -> str:
    try:
        address = parse_address(text)
    except TargetError as error:
        (problem,) = error.problems
        raise ValueError(f"{problem.message}; {problem.fix}") from None
    if address.scheme in ("file", "memory"):
        raise ValueError(f"{text!r} is no place that steps of a cluster can reach; write s3://, gs:// or az://")
    return text


def _endpoint(text: str) -> str:
    if not text.startswith(("https://", "http://")) or len(text.partition("://")[2]) == 0:
        raise ValueError(f"{text!r} is not an address of a service; write https://host or https://host:port")
    return text


Namespace = Annotated[str, StringConstraints(pattern=NAMESPACE_PATTERN, max_length=40), AfterValidator(_own_namespace)]
"""A DNS label of at most 40 characters: names of what belongs to the whole cluster begin with it."""
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=253)]
"""The name of an object: lower-case letters, digits, dashes and dots."""
FlavourName = Annotated[str, StringConstraints(pattern=FLAVOUR_PATTERN, max_length=20)]
"""The name of a kind of machine."""
LabelKey = Annotated[str, StringConstraints(pattern=LABEL_KEY_PATTERN, max_length=253)]
"""A key of a label or a taint: `nvidia.com/gpu.product`."""
OwnLabelKey = Annotated[LabelKey, AfterValidator(_own_key)]
"""A key of a label that moorage does not use itself."""
LabelValue = Annotated[str, StringConstraints(pattern=LABEL_VALUE_PATTERN, max_length=63)]
"""A value of a label or a taint."""
Network = Annotated[str, AfterValidator(_network)]
"""A network in CIDR notation."""
RemoteStore = Annotated[str, AfterValidator(_store)]
"""The URI of a store that other machines reach: `s3://bucket/prefix`."""
Endpoint = Annotated[str, AfterValidator(_endpoint)]
"""The address of a service: `https://host:port`."""
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
"""A TCP port."""
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
"""A whole number, not negative."""
Text = Annotated[str, Field(min_length=1)]
"""Any text that is not empty."""
Flag = Annotated[bool, Field(strict=True)]
"""true or false."""
