"""A language host for Pulumi programs in Python, for an engine that came without one.

It does what these tests need of the real host and no more: nothing is installed, and programs run with the interpreter
that runs the tests, unless the project's `virtualenv` option names one that is there.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from tests.rigs.pulumi.program import SHOWN, VARIABLE
from tests.rigs.pulumi.serving import engine_address, serve
from tests.rigs.pulumi.versions import plugins_of_the_sdks, pulumi_version

PROGRAM = Path(__file__).with_name("program.py")
CHUNK_BYTES = 1 << 16


def interpreter(info: Any) -> str:
    """Return the Python that a program or a pack wants: of its own virtual environment, or else ours."""
    named = dict(info.options).get("virtualenv")
    own = Path(info.root_directory, named, "bin", "python") if named else None
    return str(own) if own and own.exists() else sys.executable


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs programs and policy packs as processes, which end no later than it does."""

    def __init__(self, engine: str):
        self._engine = engine
        self._running = set[subprocess.Popen[bytes]]()

    def end(self) -> None:
        """End whatever still runs."""
        for process in list(self._running):
            process.kill()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Greet."""
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say our version: that of the SDK."""
        return plugin_pb2.PluginInfo(version=pulumi_version())

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say which providers the installed SDKs are for, as the real host does."""
        packages = [
            plugin_pb2.PackageDependency(name=name, kind="resource", version=version)
            for name, version in plugins_of_the_sdks().items()
        ]
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Answer the older form of the same question."""
        plugins = [
            plugin_pb2.PluginDependency(name=name, kind="resource", version=f"v{version}")
            for name, version in plugins_of_the_sdks().items()
        ]
        return language_pb2.GetRequiredPluginsResponse(plugins=plugins)

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Ask nothing."""
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say what runs the programs."""
        return language_pb2.AboutResponse(executable=interpreter(request.info), version=sys.version.split()[0])

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        """List what is installed beside us."""
        installed = sorted((found.name, found.version) for found in metadata.distributions())
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in installed]
        )

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Install nothing: what tests use is there."""
        yield language_pb2.InstallDependenciesResponse(stdout=b"nothing is installed by this stand-in\n")

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Do nothing: a program ends by itself when the engine refuses it more."""
        return empty_pb2.Empty()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run a program to its end in a fresh interpreter."""
        asked = {VARIABLE: json.dumps(_asked(request, self._engine))}
        process = self._start(
            [interpreter(request.info), "-P", "-u", str(PROGRAM)],  # or the modules beside it would hide others
            context,
            cwd=request.pwd or request.info.program_directory,
            env={**os.environ, **asked},
        )
        status = process.wait()
        self._running.discard(process)
        if status == SHOWN:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program ended with status {status}" if status else "")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Run a policy pack with its own interpreter, and hand on what it says."""
        folder = request.info.program_directory
        if request.kind not in ("", "analyzer"):
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"this stand-in runs policy packs, no {request.kind}")
        process = self._start(
            [interpreter(request.info), "-u", "-m", "pulumi.policy", *request.args, folder],
            context,
            cwd=request.pwd or folder,
            env={**os.environ, **dict(word.split("=", 1) for word in request.env)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        with process:
            for name, chunk in _chunks(process):
                yield language_pb2.RunPluginResponse(**{name: chunk})
        self._running.discard(process)
        yield language_pb2.RunPluginResponse(exitcode=process.wait())

    def _start(self, command: list[str], context: grpc.ServicerContext, **options: Any) -> "subprocess.Popen[bytes]":
        # The engine ends a plugin with an interrupt to its whole group; what runs here would show a traceback for it.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0, **options)
        self._running.add(process)
        context.add_callback(process.terminate)
        return process


def _asked(request: Any, engine: str) -> dict[str, Any]:
    program = os.path.normpath(os.path.join(request.info.program_directory, request.info.entry_point))
    return {
        "program": os.path.join(program, "__main__.py") if os.path.isdir(program) else program,
        "arguments": list(request.args),
        "config": dict(request.config),
        "secret_keys": list(request.configSecretKeys),
        "project": request.project,
        "stack": request.stack,
        "monitor": request.monitor_address,
        "engine": engine,
        "parallel": request.parallel,
        "dry_run": request.dryRun,
        "organization": request.organization,
        "root_directory": request.info.root_directory,
    }


def _chunks(process: "subprocess.Popen[bytes]") -> Iterator[tuple[str, Any]]:
    said = queue.Queue[tuple[str, bytes]]()

    def follow(name: str, stream: IO[bytes] | None) -> None:
        assert stream is not None
        while chunk := os.read(stream.fileno(), CHUNK_BYTES):
            said.put((name, chunk))
        said.put((name, b""))

    for name, stream in (("stdout", process.stdout), ("stderr", process.stderr)):
        threading.Thread(target=follow, args=(name, stream), daemon=True).start()
    open_streams = 2
    while open_streams:
        name, chunk = said.get()
        open_streams -= not chunk
        if chunk:
            yield name, chunk


def main() -> None:
    """Serve the engine whose address is the last word of the command line."""
    host = LanguageHost(engine_address())
    serve(lambda server: language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server), host.end)
