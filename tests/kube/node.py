"""A node: containerd, kubelet and kube-proxy, in the namespaces that scripts/kube/up made; its pods' DNS is dnsmasq.

What kubelet and containerd write outside of their own folders lands on empty file systems of this mount namespace, and
the kernel's settings that kubelet would change for the whole machine are shown to it as changed already.
"""

import json
import subprocess
from pathlib import Path

from cluster_dns import ClusterDns
from control_plane import API, NODE, NODE_ADDRESS
from processes import wait_for

POD_ADDRESSES = "10.244.0.0/24"
PAUSE_IMAGE = "headrace.test/pause:1"
HIDDEN = ("/var/lib", "/var/log", "/run/containerd")
KERNEL_SETTINGS = {"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
                   "kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000"}
PAUSE = "#include <signal.h>\n#include <unistd.h>\nint main(void) { signal(SIGCHLD, SIG_IGN); pause(); return 0; }\n"

CONTAINERD = """version = 2
root = "{work}/containerd"
state = "{work}/containerd-state"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "{work}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause}"
netns_mounts_under_state_dir = true
disable_hugetlb_controller = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{work}/cni"
"""

KUBELET = {
    "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration", "cgroupDriver": "cgroupfs",
    "failSwapOn": False, "clusterDomain": "cluster.local", "clusterDNS": [NODE_ADDRESS], "resolvConf": "",
    "authentication": {"anonymous": {"enabled": False}}, "authorization": {"mode": "Webhook"},
    "makeIPTablesUtilChains": False, "healthzBindAddress": "127.0.0.1", "registerNode": True,
    # The disk is the machine's own: how full it is, is not the matter here.
    "evictionHard": {"memory.available": "100Mi"}, "imageGCHighThresholdPercent": 100,
    "imageGCLowThresholdPercent": 99}

PROXY = {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "iptables",
         "hostnameOverride": NODE, "clusterCIDR": POD_ADDRESSES, "bindAddress": NODE_ADDRESS,
         "metricsBindAddress": "127.0.0.1:10249", "healthzBindAddress": "127.0.0.1:10256",
         # The limits of connection tracking are the machine's: they stay.
         "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}}


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, **options).stdout


def make_network():
    """Loopback, and an address of the node; nothing leads out."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "node0", "type", "veth", "peer", "name", "node0-end")
    for end in ("node0", "node0-end"):
        run("ip", "link", "set", end, "up")
    run("ip", "address", "add", f"{NODE_ADDRESS}/24", "dev", "node0")
    run("ip", "route", "add", "default", "via", "192.0.2.254", "dev", "node0")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def hide_the_machine(work):
    for path in HIDDEN:
        Path(path).mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", path)
    for name, value in KERNEL_SETTINGS.items():
        shown = work / "kernel" / name.replace("/", ".")
        shown.parent.mkdir(exist_ok=True)
        shown.write_text(value + "\n")
        run("mount", "--bind", shown, f"/proc/sys/{name}")


class Node:
    """Use as a context manager, inside of a ControlPlane's."""

    def __init__(self, plane, cgroup, images):
        self._plane, self._work, self._cgroup, self._images = plane, plane.work, cgroup, images
        self._dns = ClusterDns(plane)

    def __enter__(self):
        hide_the_machine(self._work)
        self._containerd()
        self._bring_images()
        self._kubelet()
        self._proxy()
        self._dns.start()
        return self

    def __exit__(self, *_):
        self._dns.stop()

    def _containerd(self):
        network = self._work / "cni"
        network.mkdir()
        (network / "10-headrace.conflist").write_text(json.dumps({
            "cniVersion": "0.4.0", "name": "headrace", "plugins": [{
                "type": "bridge", "bridge": "pods0", "isGateway": True, "hairpinMode": True, "ipMasq": False,
                "ipam": {"type": "host-local", "dataDir": str(self._work / "addresses"),
                         "ranges": [[{"subnet": POD_ADDRESSES}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}))
        config = self._work / "containerd.toml"
        config.write_text(CONTAINERD.format(work=self._work, pause=PAUSE_IMAGE))
        self._plane.processes.start("containerd", ["containerd", "--config", config])
        wait_for("containerd", lambda: self._ctr("version"))

    def _ctr(self, *arguments, **options):
        return run("ctr", "--address", self._work / "containerd.sock", "--namespace", "k8s.io", *arguments, **options)

    def _bring_images(self):
        folder = self._work / "pause"
        folder.mkdir()
        run("gcc", "-Os", "-static", "-s", "-x", "c", "-", "-o", folder / "pause", input=PAUSE)
        run("tar", "-C", folder, "-cf", folder / "layer.tar", "pause")
        run("docker", "import", "--change", 'ENTRYPOINT ["/pause"]', folder / "layer.tar", PAUSE_IMAGE)
        try:
            self._bring(PAUSE_IMAGE)
        finally:
            run("docker", "image", "rm", PAUSE_IMAGE)
        for image in self._images:
            self._bring(image)

    def _bring(self, image):
        saved = self._work / "image.tar"
        run("docker", "save", "--output", saved, image)
        self._ctr("images", "import", saved)
        saved.unlink()

    def _kubelet(self):
        authority = self._plane.authority
        kubeconfig = authority.kubeconfig("kubelet", f"system:node:{NODE}", "system:nodes", API)
        certificate, key = authority.issue("kubelet-serving", f"system:node:{NODE}", "system:nodes",
                                           (f"DNS:{NODE}", f"IP:{NODE_ADDRESS}"))
        config = self._work / "kubelet.json"
        settings = {**KUBELET, "cgroupRoot": f"/{self._cgroup}", "tlsCertFile": str(certificate),
                    "tlsPrivateKeyFile": str(key), "podLogsDir": str(self._work / "pod-logs"),
                    "volumePluginDir": str(self._work / "volume-plugins"),
                    "containerRuntimeEndpoint": f"unix://{self._work}/containerd.sock"}
        settings["authentication"]["x509"] = {"clientCAFile": str(authority.certificate)}
        config.write_text(json.dumps(settings))
        self._plane.processes.start("kubelet", [
            self._plane.programs / "kubelet", "--config", config, "--kubeconfig", kubeconfig, "--hostname-override", NODE,
            "--node-ip", NODE_ADDRESS, "--root-dir", self._work / "kubelet", "--cert-dir", self._work / "pki"],
            "http://127.0.0.1:10248/healthz")
        wait_for("the node", lambda: self._plane.kubectl(
            "wait", "--for=condition=Ready", f"node/{NODE}", "--timeout=60s"))

    def _proxy(self):
        config = self._work / "proxy.json"
        kubeconfig = self._plane.authority.kubeconfig("proxy", "system:kube-proxy", None, API)
        config.write_text(json.dumps({**PROXY, "clientConnection": {"kubeconfig": str(kubeconfig)}}))
        self._plane.processes.start("kube-proxy", [self._plane.programs / "kube-proxy", "--config", config],
                                    "http://127.0.0.1:10256/healthz")
