"""What the engine is made of: each tool, the Go package that it is built from, and the key of what was built.

The versions stand in `modules/*/go.mod` alone. One go.mod per tool, because their dependencies differ in version.
"""

import hashlib
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "modules"
FLAGS = ("-trimpath", "-mod=readonly", "-buildvcs=false")
SETTINGS = {"CGO_ENABLED": "0", "GOWORK": "off"}
"""Go's variables: no C compiler is needed, and no workspace of the developer's own is looked at."""

GO_VERSION = (1, 26)
"""What the go.mod files ask for; a test holds the two together."""

_KUBERNETES = tuple(
    f"k8s.io/component-base/version.{name}={value}"
    for name, value in (
        ("gitVersion", "{version}"),
        ("gitMajor", "{major}"),
        ("gitMinor", "{minor}"),
        ("gitTreeState", "clean"),
    )
)
# Without it, the Automation API takes the CLI for one that is too old.
_PULUMI = ("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}",)


@dataclass(frozen=True)
class Tool:
    """One program: `part` is what a test asks for, `module` the Go module whose version it has.

    `stamps` are the linker's variables that make the program say its version. `asks` are the words that an
    official binary is asked for its version with; empty where only our own build will do. `newer` allows an
    official binary of a later minor version.
    """

    name: str
    part: str
    folder: str
    module: str
    package: str
    stamps: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    newer: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that names an official binary."""
        return f"MOORAGE_{self.name.upper().replace('-', '_')}"


def _kubernetes(name: str, *asks: str) -> Tool:
    package = f"k8s.io/kubernetes/cmd/{name}"
    return Tool(name, "Kubernetes", "kubernetes", "k8s.io/kubernetes", package, _KUBERNETES, asks)


TOOLS = (
    Tool("etcd", "Kubernetes", "etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3", asks=("--version",)),
    _kubernetes("kube-apiserver", "--version"),
    _kubernetes("kube-controller-manager", "--version"),
    _kubernetes("kube-scheduler", "--version"),
    _kubernetes("kubectl", "version", "--client"),
    Tool("jobset", "JobSet", "jobset", "sigs.k8s.io/jobset", "sigs.k8s.io/jobset"),
    Tool("kueue", "Kueue", "kueue", "sigs.k8s.io/kueue", "sigs.k8s.io/kueue/cmd/kueue"),
    Tool(
        "pulumi",
        "Pulumi",
        "pulumi",
        "github.com/pulumi/pulumi/pkg/v3",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        _PULUMI,
        asks=("version",),
        newer=True,
    ),
)
"""In the order in which they are built: small ones first, so that a mistake shows early."""

PARTS = ("Pulumi", "Kubernetes", "JobSet", "Kueue")
VARIABLES = ("MOORAGE_ENGINE", "MOORAGE_GO", *(tool.variable for tool in TOOLS if tool.asks))
"""What a developer may set; tests keep these of all variables of ours."""

MANIFESTS = {
    "jobset": ("crd/bases", "rbac", "webhook/manifests.yaml"),
    "kueue": ("crd/bases", "rbac", "webhook/manifests.yaml"),
}
"""What is copied out of `config/components` of a tool's Go module, to the same path below `manifests/<tool>`."""


def version(tool: Tool, modules: Path = MODULES) -> str:
    """Return the version that the tool's go.mod pins: `v3.259.0`."""
    pinned = re.search(rf"^(?:require)?\s+{re.escape(tool.module)} (v\S+)", _mod(tool, modules), re.MULTILINE)
    if pinned is None:
        raise LookupError(f"{modules / tool.folder / 'go.mod'} does not require {tool.module}")
    return pinned[1]


def linker_flags(tool: Tool, modules: Path = MODULES) -> str:
    """Return what `-ldflags` takes: no debug tables, and the version where the program looks for it."""
    pinned = version(tool, modules)
    major, minor, _ = pinned.removeprefix("v").split(".", 2)
    stamps = (stamp.format(version=pinned, major=major, minor=minor) for stamp in tool.stamps)
    return " ".join(["-s", "-w", *(f"-X {stamp}" for stamp in stamps)])


def key(modules: Path = MODULES) -> str:
    """Return the name of what would be built: a hash over all go.mod and go.sum files, this recipe and the machine.

    Go's own version is not in it: a machine without Go must find what was built before, and a patch release of
    Go is no reason to build for a quarter of an hour.
    """
    recipe = repr((TOOLS, FLAGS, SETTINGS, MANIFESTS, sys.platform, platform.machine()))
    digest = hashlib.sha256(recipe.encode())
    for path in sorted([*modules.glob("*/go.mod"), *modules.glob("*/go.sum")]):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"\n{path.relative_to(modules).as_posix()} {content}".encode())
    return digest.hexdigest()[:16]


def _mod(tool: Tool, modules: Path) -> str:
    return (modules / tool.folder / "go.mod").read_text()
