"""helm and kubectl as the proofs of the chart use them."""

import json
import subprocess
from pathlib import Path

from processes import Broken, wait_for

ROOT = Path(__file__).resolve().parent.parent.parent
NAMESPACE = "proof"


def run(*command, check=True, text=None):
    """-> the finished process; raises Broken with what it said if it must not fail and does."""
    done = subprocess.run([str(part) for part in command], input=text, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise Broken(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done


def kubectl(*arguments, **options):
    return run("kubectl", "--namespace", NAMESPACE, *arguments, **options)


def objects(*arguments):
    return json.loads(kubectl("get", *arguments, "-o", "json").stdout)["items"]


def make_restricted_namespace():
    """Pods that are not of the Pod Security level `restricted` are refused here, objects that would make such warned of."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    run("kubectl", "create", "-f", "-", text=json.dumps({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}))
    wait_for("the service account", lambda: not kubectl("get", "serviceaccount", "default", check=False).returncode)


def violating_pod():
    container = {"name": "c", "image": "registry.example/any", "securityContext": {"privileged": True}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "violates"}, "spec": {"containers": [container]}}


def refused(manifest, reason):
    """The control of the proofs: the API server must refuse `manifest` and name the reason."""
    done = kubectl("create", "-f", "-", text=json.dumps(manifest), check=False)
    if done.returncode == 0 or reason not in done.stderr:
        raise Broken(f"the API server was to refuse a {manifest['kind']} for '{reason}': {done.stderr or done.stdout}")


class Release:
    """A release of the chart in the proofs' namespace."""

    def __init__(self, chart, *values, name="headrace"):
        self._chart, self._values, self.name = str(chart), values, name

    def helm(self, verb, *arguments, **options):
        return run("helm", verb, "--namespace", NAMESPACE, *arguments, **options)

    def install(self, *arguments):
        return self.helm("install", self.name, self._chart, *self._values, *arguments)

    def upgrade(self, *arguments):
        return self.helm("upgrade", self.name, self._chart, *self._values, *arguments)

    def rollback(self, revision, *arguments):
        return self.helm("rollback", self.name, str(revision), *arguments)

    def uninstall(self, *arguments):
        return self.helm("uninstall", self.name, *arguments)

    def manifest(self, revision):
        return self.helm("get", "manifest", self.name, "--revision", str(revision)).stdout

    def everything(self):
        """The manifests of the release as it is, with those of its tests."""
        return self.helm("get", "manifest", self.name).stdout + self.helm("get", "hooks", self.name).stdout

    def pods(self):
        """The service's pods that are not being deleted; a test's pod is none."""
        return [pod for pod in objects("pods", "--selector", f"app.kubernetes.io/instance={self.name}")
                if "deletionTimestamp" not in pod["metadata"] and pod["metadata"].get("ownerReferences")]
