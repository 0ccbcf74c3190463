"""The chart on a whole node: pods become ready, `helm test` runs a job, updates and deletions under load fail no request.

usage: scripts/kube/up --node --image IMAGE python3 tests/kube/chart_node.py --image IMAGE [--chart FOLDER] [--updates N]
"""

import argparse
import hashlib
import http.client
import json
import os
import signal
import sys
import time
from pathlib import Path

from certificates import Authority
from chart import ROOT, Release, kubectl, make_restricted_namespace, objects, run
from control_plane import NODE
from load import SAMPLE, Load
from processes import Broken, wait_for

REPLICAS = 2
VALUES = {
    "replicaCount": REPLICAS,
    "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"memory": "768Mi"}},
    "shutdown": {"delaySeconds": 5, "drainSeconds": 25},
}


DURABLE = {
    "replicaCount": 1,
    "config": {"engine": {"kind": "sqlite"}, "queues": {"simulate": {
        "handler": "simulate", "workers": 1, "capacity": 10, "isolation": {"mode": "thread"}}}},
    "persistence": {"size": "1Gi", "storageClass": "here"},
    "shutdown": {"delaySeconds": 1, "drainSeconds": 2},  # less than the running job takes
}
SECURE = {
    "replicaCount": 1, "tls": {"existingSecret": "secure-tls"}, "auth": {"existingSecret": "secure-keys"},
    "tests": {"keySecret": {"name": "secure-test-key"}, "caSecret": {"name": "secure-ca"}},
}


def values(options, name, own):
    """-> a file of the values for pods on this node, with its image."""
    repository, _, tag = options.image.rpartition(":")
    path = Path(os.environ["HEADRACE_KUBE_WORK"]) / f"{name}.json"
    path.write_text(json.dumps(VALUES | own | {
        "image": {"repository": repository or tag, "tag": tag if repository else "latest", "pullPolicy": "Never"}}))
    return path


def ready(pod):
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", []))


def all_ready(release, proof=None, replicas=REPLICAS):
    """Whether exactly the wanted pods are there, none of an older revision, all ready."""
    pods = objects("pods", "--selector", f"app.kubernetes.io/instance={release.name}")
    pods = [pod for pod in pods if pod["metadata"].get("ownerReferences")]
    return len(pods) == replicas and all(
        ready(pod) and pod["metadata"].get("annotations", {}).get("proof") == proof for pod in pods)


def trouble(release):
    """What there is to say about a release that does not become ready."""
    say = kubectl("get", "pods", "-o", "wide").stdout
    say += "\n".join(event["message"] for event in objects("events") if event["type"] == "Warning")
    return say + kubectl("logs", "--selector", f"app.kubernetes.io/instance={release.name}", "--tail=5", check=False).stdout


def service_address(release):
    found = [each for each in objects("services", "--selector", f"app.kubernetes.io/instance={release.name}")
             if any(port["name"] in ("http", "https") for port in each["spec"]["ports"]) and each["spec"]["clusterIP"] != "None"]
    if len(found) != 1:
        raise Broken(f"not one Service of jobs: {[each['metadata']['name'] for each in found]}")
    return found[0]["spec"]["clusterIP"], found[0]["spec"]["ports"][0]["port"]


def under_load(release, what, change, proof):
    """-> the load's failures from before `change` until the wanted pods, and only they, are there."""
    with Load(*service_address(release)) as load:
        wait_for("the load", lambda: load.total() > 20)
        start = time.monotonic()
        change()
        wait_for(what, lambda: all_ready(release, proof), 180)
        took = time.monotonic() - start
        time.sleep(1)  # a failure that comes late is a failure
    print(f"chart_node: {what}, {took:.1f} s: {load.summary()}", flush=True)
    return load.failures


def delete_pod(release):
    kubectl("delete", "pod", release.pods()[0]["metadata"]["name"], "--wait=true")


def kill_service(_):
    """The control: kill -9 of the oldest service. Only the node's own processes are in this namespace."""
    for path in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            command = (path / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if command[0].endswith(b"headrace") and command[1:2] == [b"serve"]:
            os.kill(int(path.name), signal.SIGKILL)
            return
    raise Broken("no service is there to be killed")


def installed(release, replicas):
    start = time.monotonic()
    release.install()
    try:
        wait_for("the pods", lambda: all_ready(release, replicas=replicas), 120)
    except Broken as error:
        raise Broken(f"{error}\n{trouble(release)}") from None
    print(f"chart_node: {release.name}: {replicas} pods ready {time.monotonic() - start:.1f} s after helm install", flush=True)
    if "helm.sh/hook: test" in release.helm("get", "hooks", release.name).stdout:
        release.helm("test", release.name, "--logs", "--timeout=120s")
        print(f"chart_node: {release.name}: helm test: a job ran", flush=True)
    else:
        print(f"chart_node: {release.name}: helm test: the chart has none", flush=True)


def no_request_fails(options):
    release = Release(options.chart, "--values", values(options, "memory", {}))
    installed(release, REPLICAS)
    missed = []
    for number in range(1, options.updates + 1):
        roll = ("--set-string", f"podAnnotations.proof=update-{number}")
        missed += under_load(release, f"update {number}", lambda: release.upgrade(*roll), f"update-{number}")
    missed += under_load(release, "rollback", lambda: release.rollback(1), None)
    for number in range(1, 3):
        missed += under_load(release, f"deletion {number} of a pod", lambda: delete_pod(release), None)
    if not under_load(release, "control, a service killed", lambda: kill_service(release), None):
        raise Broken("a killed service made no request fail: this proof sees nothing")
    release.uninstall("--wait", "--timeout=120s")
    if missed:
        raise Broken(f"{len(missed)} requests failed: {missed[:5]}")


def make_volume():
    """A disk of the node for a claim of the class `here`."""
    folder = Path(os.environ["HEADRACE_KUBE_WORK"]) / "volume"
    folder.mkdir()
    on_this_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [NODE]}
    run("kubectl", "create", "-f", "-", text=json.dumps({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "here"}, "spec": {
            "storageClassName": "here", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_this_node]}]}}}}))


def ask(release, method, target, headers=None, body=None):
    """-> status, headers, body of one request."""
    connection = http.client.HTTPConnection(*service_address(release), timeout=60)
    connection.request(method, target, body, headers or {})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def jobs_outlive_their_pod(options):
    """A job runs, another waits behind it; their pod is deleted; the next pod has both results."""
    make_volume()
    release = Release(options.chart, "--values", values(options, "sqlite", DURABLE), name="durable")
    installed(release, 1)
    asynchronous = {"Prefer": "respond-async", "Content-Type": "application/pdf"}
    jobs = []
    for target, body in (("simulate/jobs?mode=sleep&ms=10000", None), ("simulate/jobs?mode=sleep&ms=10", None),
                         ("pdf-to-image/jobs?pages=1&dpi=72", SAMPLE.read_bytes())):
        status, headers, answer = ask(release, "POST", f"/v1/queues/{target}", asynchronous, body)
        if status != 202:
            raise Broken(f"{target}: {status}: {answer[:200]!r}")
        jobs.append(headers["Location"])
    old = release.pods()[0]["metadata"]["uid"]
    delete_pod(release)
    wait_for("the next pod", lambda: all_ready(release, replicas=1) and release.pods()[0]["metadata"]["uid"] != old, 120)
    for job in jobs:
        wait_for(f"the result of {job}", lambda: ask(release, "GET", f"{job}/result")[0] in (200, 204), 90)
    release.uninstall("--wait", "--timeout=120s")
    print(f"chart_node: {len(jobs)} accepted jobs outlived their pod", flush=True)


def make_secret(name, **files):
    kubectl("create", "secret", "generic", name, *(f"--from-file={key}={path}" for key, path in files.items()))


def tls_and_keys(options):
    """HTTPS up to the pod and a key for each client: what `helm test` needs for its job."""
    work = Path(os.environ["HEADRACE_KUBE_WORK"])
    authority = Authority(work / "service-pki")
    certificate, key = authority.issue("service", "secure-headrace", addresses=("DNS:secure-headrace.proof.svc",))
    (work / "key").write_text("a-key-of-the-test")
    (work / "keys").write_text(f"test {hashlib.sha256(b'a-key-of-the-test').hexdigest()}\n")
    kubectl("create", "secret", "tls", "secure-tls", f"--cert={certificate}", f"--key={key}")
    make_secret("secure-ca", **{"ca.crt": authority.certificate})
    make_secret("secure-keys", keys=work / "keys")
    make_secret("secure-test-key", key=work / "key")
    release = Release(options.chart, "--values", values(options, "secure", SECURE), name="secure")
    installed(release, 1)
    release.uninstall("--wait", "--timeout=120s")


def prove(options):
    make_restricted_namespace()
    proofs = {"updates": no_request_fails, "durable": jobs_outlive_their_pod, "secure": tls_and_keys}
    for name in options.only or proofs:
        proofs[name](options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--chart", type=Path, default=ROOT / "charts/headrace")
    parser.add_argument("--image", default="headrace:latest")
    parser.add_argument("--updates", type=int, default=3)
    parser.add_argument("--only", action="append", choices=("updates", "durable", "secure"))
    try:
        prove(parser.parse_args())
    except Broken as error:
        sys.exit(f"chart_node: MISSED: {error}")
    print("chart_node: holds")


if __name__ == "__main__":
    main()
