"""What can go wrong with the versions of the application on the simulated Tomcats."""

from __future__ import annotations

from saitotui.simulator import wars
from saitotui.simulator.tomcat_cluster import App, TomcatCluster
from saitotui.simulator.world import World, targets


def install(world: World, cluster: TomcatCluster) -> None:
    """Registers the faults."""
    _versions(world, cluster)
    _deployments(world, cluster)


def _versions(world: World, cluster: TomcatCluster) -> None:
    def put(name: str, version: str, running: bool = True) -> None:
        cluster.deploy(name, App("/app", version, running, war=wars.content(version)))

    def take(name: str, *versions: str) -> str:
        for version in versions:
            cluster.undeploy(name, "/app", version)
        return f"{name} has its old versions only"

    def empty(name: str) -> str:
        for path, version in list(cluster.tomcats[name].apps):
            cluster.undeploy(name, path, version)
        return f"{name} has no version of the application: its disk was replaced"

    def fill(name: str) -> str:
        put(name, "001")
        return f"{name} has version 001"

    def order(name: str) -> str:
        put(name, "9")
        put(name, "10")
        return f"{name} has versions 9 and 10: 9 is served, for versions compare as text"

    def drain(name: str) -> str:
        put(name, "002")
        return f"{name} drains version 001 in favour of 002"

    def fail(name: str) -> str:
        put(name, "002", running=False)
        return f"version 002 did not start on {name}"

    names = targets(cluster.tomcats)
    world.fault("version-order", "deploy version 10 beside 9", names, order, lambda n: take(n, "9", "10"))
    world.fault("draining", "deploy a newer version beside the old", names, drain, lambda n: take(n, "002"))
    world.fault("webapps-lost", "let a Tomcat's disk be replaced by an empty one", names, empty, fill)
    world.fault("context-failed", "deploy a version that does not start", names, fail,
                lambda n: take(n, "002"))  # fmt: skip


def _deployments(world: World, cluster: TomcatCluster) -> None:
    def doom(name: str) -> str:
        cluster.tomcats[name].doomed = True
        return f"{name} dies when the next version is deployed on it"

    def spare(name: str) -> str:
        cluster.tomcats[name].doomed = False
        return f"{name} survives the next deployment"

    def stay(name: str) -> str:
        cluster.stay(name)
        return f"somebody stays on what {name} serves now"

    def leave(name: str) -> str:
        cluster.leave()
        return "whoever stayed has logged out"

    names = targets(cluster.tomcats)
    world.fault("deploy-kills", "let a Tomcat die when it is deployed to", names, doom, spare)
    summary = "let a visitor stay on the version that is served now"
    world.fault("session-stays", summary, names, stay, leave)
