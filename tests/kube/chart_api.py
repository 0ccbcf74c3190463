"""The chart before a real API server without nodes: what it renders is valid, admitted and can be changed and taken away.

usage: scripts/kube/up python3 tests/kube/chart_api.py [--chart FOLDER] [--crds FOLDER] [VALUES...]
"""

import argparse
import json
import sys
from pathlib import Path

from chart import ROOT, Release, kubectl, make_restricted_namespace, objects, refused, run, violating_pod
from processes import Broken, wait_for

ROLLS = ("--set-string", "podAnnotations.proof=changed")  # makes new pods with any values
# What is left of a release on purpose: the jobs of a StatefulSet.
KEPT = {"PersistentVolumeClaim"}
# What controllers made, and take away in their own time.
FOLLOWING = {"ControllerRevision", "Endpoints", "EndpointSlice", "Pod", "ReplicaSet"}


def apply_definitions(folder):
    run("kubectl", "apply", "--server-side", "-f", folder)
    run("kubectl", "wait", "--for=condition=Established", "customresourcedefinition", "--all", "--timeout=60s")


def make_what_values_name():
    """What the values in ci/ expect of a cluster, and the API server asks for when a pod is made."""
    run("kubectl", "create", "priorityclass", "batch", "--value=-10")


def controls():
    """What must be refused is: else the proofs prove nothing."""
    refused(violating_pod(), "violates PodSecurity")
    monitor = {"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": "violates"},
               "spec": {"endpoints": "none"}}
    refused(monitor, "spec.selector: Required value")
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "violates"},
             "spec": {"rules": [{"matches": [{"path": {"type": "Any"}}]}]}}
    refused(route, "Unsupported value")
    print("chart_api: controls: what violates is refused", flush=True)


def no_warning(what, done):
    """Warnings come from the API server: of Pod Security, unknown and deprecated fields."""
    warnings = [line for line in done.stderr.splitlines() if "Warning" in line or line.startswith("W")]
    if warnings:
        raise Broken(f"{what}: {' | '.join(warnings)}")


def validated(release):
    """Field by field, with the pod of `helm test`; the release is there, or its pods' account would be missing."""
    no_warning("kubectl apply", kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict",
                                        "-f", "-", text=release.everything()))


def workload():
    """The one Deployment or StatefulSet."""
    found = objects("deployments,statefulsets")
    if len(found) != 1:
        raise Broken(f"not one workload but {[each['metadata']['name'] for each in found]}")
    return found[0]


def admitted_by_hand(found):
    """A pod of the workload's template, as if a person made it; with the volumes that a StatefulSet would add."""
    template = found["spec"]["template"]
    claims = [{"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": "any"}}
              for claim in found["spec"].get("volumeClaimTemplates", [])]
    spec = {**template["spec"], "volumes": template["spec"].get("volumes", []) + claims}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": "by-hand"}, "spec": spec}
    no_warning("a pod by hand", kubectl("create", "--dry-run=server", "-f", "-", text=json.dumps(pod)))


def pods_made(release, proof):
    """Until the controllers have made a pod with the annotation `proof`; what admission said to them if they cannot."""
    def made():
        return [pod for pod in release.pods() if pod["metadata"].get("annotations", {}).get("proof") == proof]

    try:
        return wait_for("pods", made, 30)
    except Broken as error:
        events = [event["message"] for event in objects("events") if event["type"] == "Warning"]
        raise Broken(f"{error}; {events[-3:]}") from None


def controller_has_seen_it():
    found = workload()
    return found["status"].get("observedGeneration") == found["metadata"]["generation"]


def whole_life(release):
    """From dry run to uninstall -> the kinds of its objects."""
    no_warning("helm install --dry-run=server", release.install("--dry-run=server"))
    no_warning("helm install", release.install())
    validated(release)
    kinds = sorted(line.removeprefix("kind: ") for line in release.everything().splitlines() if line.startswith("kind: "))
    first = workload()
    admitted_by_hand(first)
    pods_made(release, None)
    no_warning("helm upgrade", release.upgrade(*ROLLS))
    wait_for("the controller", controller_has_seen_it, 30)
    pods_made(release, "changed")
    no_warning("helm rollback", release.rollback(1))
    wait_for("the controller", controller_has_seen_it, 30)
    pods_made(release, None)  # nothing is ready here: a bad pod must not be waited for
    if release.manifest(3) != release.manifest(1):
        raise Broken("the manifests after the rollback are not those of the first installation")
    if workload()["spec"]["template"] != first["spec"]["template"]:
        raise Broken("the pods' template after the rollback is not the first one")
    release.uninstall("--wait", "--timeout=60s")
    nothing_left(release)
    return kinds


def nothing_left(release):
    kinds = run("kubectl", "api-resources", "--namespaced", "--verbs=list", "--output=name").stdout.split()
    kinds = [kind for kind in kinds if not kind.startswith("events")]
    left = [f"{each['kind']}/{each['metadata']['name']}"
            for each in objects(",".join(kinds), "--selector", f"app.kubernetes.io/instance={release.name}")
            if each["kind"] not in KEPT | FOLLOWING]
    kubectl("delete", "persistentvolumeclaims", "--all", "--wait=false")
    if left:
        raise Broken(f"left after helm uninstall: {left}")


def prove(options):
    make_restricted_namespace()
    apply_definitions(options.crds)
    make_what_values_name()
    controls()
    missed = 0
    for values in options.values or sorted((options.chart / "ci").glob("*-values.yaml")):
        release = Release(options.chart, "--values", values)
        try:
            print(f"chart_api: {values.name}: {', '.join(whole_life(release))}", flush=True)
        except Broken as error:
            missed += 1
            print(f"chart_api: {values.name}: MISSED: {error}", flush=True)
            release.helm("uninstall", release.name, "--wait", "--timeout=60s", check=False)
    return missed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--chart", type=Path, default=ROOT / "charts/headrace")
    parser.add_argument("--crds", type=Path, required=True)
    parser.add_argument("values", type=Path, nargs="*")
    sys.exit(1 if prove(parser.parse_args()) else 0)


if __name__ == "__main__":
    main()
