"""What every client asks before its first real call."""

from qdrant_client import grpc as pb

from harness import Context, scenario


@scenario("service.version", protocols=("rest",))
def version(context: Context):
    return context.client.info()


@scenario("service.health_check", protocols=("grpc",))
def health_check(context: Context):
    return context.client._client.grpc_root.HealthCheck(pb.HealthCheckRequest())
