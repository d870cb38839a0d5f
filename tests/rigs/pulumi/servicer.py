"""The provider protocol's words on one side, a `Provider` on the other."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from tests.rigs.pulumi import values
from tests.rigs.pulumi.faults import Injected, trap
from tests.rigs.pulumi.provider import Change, Checked, Diff, PartlyDone, Provider, ProviderError, Request, Resource
from tests.rigs.pulumi.serving import serve

KINDS = {
    (Change.ADD, False): provider_pb2.PropertyDiff.ADD,
    (Change.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (Change.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (Change.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (Change.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (Change.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def run(provider: Provider) -> None:
    """Serve this provider to the engine that started the process."""
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(provider), server))


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine; every refusal is an error of the protocol with the provider's own words."""

    def __init__(self, provider: Provider):
        self._provider = provider
        self._trap = trap(provider.cancelled)

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say what we take: secrets, but no resources and no outputs as values."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Say the version of the real provider that this one stands in for."""
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def GetSchema(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Stand-ins have no schema: programs use the SDK that was made from the real one."""
        return provider_pb2.GetSchemaResponse(schema="{}")

    def Attach(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Nothing to do: the address of the engine is on the command line."""
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Let whatever waits stop waiting."""
        self._provider.cancelled.set()
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Check the provider's own settings."""
        with _errors(context):
            return _checked(self._provider.check_config(values.read(request.news)))

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Compare the provider's own settings."""
        with _errors(context):
            return _diff(self._provider.diff_config(values.read(request.old_inputs), values.read(request.news)), ())

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Hand over the settings; they come as strings by their full name, and as values."""
        named = {name.rpartition(":")[2]: value for name, value in request.variables.items()}
        with _errors(context):
            self._provider.configure({**named, **values.read(request.args)})
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Call a function."""
        with _errors(context):
            result = self._provider.invoke(request.tok, values.read(request.args))
        answer: dict[str, Any] = {"return": values.write(result)}  # the field's name is a word of Python's
        return provider_pb2.InvokeResponse(**answer)

    def Construct(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Refuse: components of the vendor's live in the vendor's plugin."""
        package = self._provider.package
        context.abort(grpc.StatusCode.UNIMPLEMENTED, f"this stand-in for {package} has no component {request.type}")

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Check the inputs of a resource."""
        olds, news = values.read(request.olds), values.read(request.news)
        with _errors(context):
            return _checked(self._provider.check(_resource(request), olds, news, request.randomSeed))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Compare."""
        state, olds, news = values.read(request.olds), values.read(request.old_inputs), values.read(request.news)
        with _errors(context):
            return _diff(self._provider.diff(_resource(request), state, olds, news), request.ignoreChanges)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Make a resource, or say what it would be."""
        resource, inputs = _resource(request), values.read(request.properties)
        with _errors(context), self._trapped("create", resource, request.preview):
            id, state = self._provider.create(resource, inputs, Request(request.preview, request.timeout))
        return provider_pb2.CreateResponse(id="" if request.preview else id, properties=values.write(state))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Look at a resource; the empty answer means that it is not there."""
        state, inputs = values.read(request.properties), values.read(request.inputs)
        with _errors(context):
            found = self._provider.read(_resource(request), request.id, state, inputs)
        if found is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=found.id, properties=values.write(found.state), inputs=values.write(found.inputs)
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Change a resource, or say what it would become."""
        resource, state, news = _resource(request), values.read(request.olds), values.read(request.news)
        with _errors(context), self._trapped("update", resource, request.preview):
            result = self._provider.update(resource, state, news, Request(request.preview, request.timeout))
        return provider_pb2.UpdateResponse(properties=values.write(result))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Remove a resource."""
        resource, state = _resource(request), values.read(request.properties)
        with _errors(context), self._trapped("delete", resource, False):
            self._provider.delete(resource, request.id, state, Request(timeout_seconds=request.timeout))
        return empty_pb2.Empty()

    @contextmanager
    def _trapped(self, operation: str, resource: Resource, preview: bool) -> Iterator[None]:
        fault = None if preview else self._trap.armed(operation, resource.name)
        self._trap.spring(fault, "before")
        yield
        self._trap.spring(fault, "after")


@contextmanager
def _errors(context: grpc.ServicerContext) -> Iterator[None]:
    try:
        yield
    except PartlyDone as error:
        _abort_partly(context, error)
    except (ProviderError, Injected) as error:
        context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _abort_partly(context: grpc.ServicerContext, error: PartlyDone) -> NoReturn:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.id,
        properties=values.write(error.state),
        reasons=error.reasons,
        inputs=None if error.inputs is None else values.write(error.inputs),
    )
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error))
    status.details.add().Pack(detail)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))


def _resource(request: Any) -> Resource:
    *_, types, name = request.urn.split("::", 3)
    return Resource(request.urn, types.rpartition("$")[2], name)


def _checked(checked: Checked) -> Any:
    failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in checked.refused]
    return provider_pb2.CheckResponse(inputs=values.write(checked.inputs), failures=failures)


def _diff(diff: Diff, ignored: Iterable[str]) -> Any:
    changes = {path: change for path, change in diff.changes.items() if not _is_below(path, ignored)}
    some = provider_pb2.DiffResponse.DIFF_SOME if changes else provider_pb2.DiffResponse.DIFF_NONE
    replaces = sorted(diff.replaces & changes.keys())
    return provider_pb2.DiffResponse(
        changes=some,
        replaces=replaces,
        deleteBeforeReplace=diff.delete_first and bool(replaces),
        diffs=sorted({path.partition(".")[0].partition("[")[0] for path in changes}),
        detailedDiff={
            path: provider_pb2.PropertyDiff(kind=KINDS[change, path in replaces]) for path, change in changes.items()
        },
        hasDetailedDiff=True,
    )


def _is_below(path: str, ignored: Iterable[str]) -> bool:
    return any(path == above or path.startswith((f"{above}.", f"{above}[")) for above in ignored)
