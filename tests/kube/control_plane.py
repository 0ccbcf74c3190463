"""etcd, kube-apiserver and, where pods are wanted, kube-controller-manager and kube-scheduler.

They listen on fixed ports: scripts/kube/up gives them a network namespace of their own.
"""

import subprocess
from pathlib import Path

from certificates import Authority
from processes import Processes

NODE = "node"
NODE_ADDRESS = "192.0.2.1"  # of the documentation's range (RFC 5737): never on a real network
SERVICE_ADDRESSES = "10.96.0.0/16"
API = "https://127.0.0.1:6443"
ETCD = "http://127.0.0.1:2379"


class ControlPlane:
    """Use as a context manager. `programs` is the folder of the Kubernetes programs, `work` a private one."""

    def __init__(self, programs, work):
        self.programs, self.work = Path(programs), Path(work)
        self.processes = Processes(self.work / "logs")

    def __enter__(self):
        try:
            self._certificates()
            self._etcd()
            self._api_server()
            self._controllers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.processes.stop()

    def kubectl(self, *arguments, **options):
        """-> what kubectl prints; raises CalledProcessError."""
        return subprocess.run([self.programs / "kubectl", "--kubeconfig", self.kubeconfig, *map(str, arguments)], check=True,
                              capture_output=True, text=True, **options).stdout

    def _certificates(self):
        self.authority = Authority(self.work / "pki")
        self._serving = self.authority.issue("apiserver", "kube-apiserver", addresses=(
            "IP:127.0.0.1", f"IP:{NODE_ADDRESS}", "IP:10.96.0.1", "DNS:kubernetes.default.svc", "DNS:localhost"))
        self._to_kubelet = self.authority.issue("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters")
        self._accounts = self.authority.make_key("service-accounts")
        self.kubeconfig = self.authority.kubeconfig("admin", "admin", "system:masters", API)

    def _etcd(self):
        self.processes.start("etcd", [
            "etcd", "--data-dir", self.work / "etcd", "--listen-client-urls", ETCD, "--advertise-client-urls", ETCD,
            "--listen-peer-urls", "http://127.0.0.1:2380", "--initial-advertise-peer-urls", "http://127.0.0.1:2380",
            "--initial-cluster", "default=http://127.0.0.1:2380"], f"{ETCD}/health")

    def _api_server(self):
        certificate, key = self._serving
        kubelet_certificate, kubelet_key = self._to_kubelet
        self.processes.start("kube-apiserver", [
            self.programs / "kube-apiserver", "--etcd-servers", ETCD, "--bind-address", "0.0.0.0", "--secure-port", 6443,
            "--advertise-address", NODE_ADDRESS, "--tls-cert-file", certificate, "--tls-private-key-file", key,
            "--client-ca-file", self.authority.certificate, "--service-account-key-file", self._accounts,
            "--service-account-signing-key-file", self._accounts,
            "--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", SERVICE_ADDRESSES,
            "--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction",
            "--kubelet-preferred-address-types", "InternalIP", "--kubelet-client-certificate", kubelet_certificate,
            "--kubelet-client-key", kubelet_key,
            "--kubelet-certificate-authority", self.authority.certificate, "--allow-privileged=true"],
            f"{API}/readyz", seconds=120)

    def _controllers(self):
        config = self.authority.kubeconfig("controller-manager", "system:kube-controller-manager", None, API)
        self.processes.start("kube-controller-manager", [
            self.programs / "kube-controller-manager", "--kubeconfig", config, "--authentication-kubeconfig", config,
            "--authorization-kubeconfig", config, "--bind-address", "127.0.0.1", "--leader-elect=false",
            "--service-account-private-key-file", self._accounts, "--root-ca-file", self.authority.certificate,
            "--use-service-account-credentials=true"], "https://127.0.0.1:10257/healthz")
        config = self.authority.kubeconfig("scheduler", "system:kube-scheduler", None, API)
        self.processes.start("kube-scheduler", [
            self.programs / "kube-scheduler", "--kubeconfig", config, "--authentication-kubeconfig", config,
            "--authorization-kubeconfig", config, "--bind-address", "127.0.0.1", "--leader-elect=false"],
            "https://127.0.0.1:10259/healthz")
