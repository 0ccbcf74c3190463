"""Certificates of a cluster that lives for minutes: one authority, a certificate for each part, and kubeconfigs."""

import subprocess
from pathlib import Path

DAYS = "2"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """Keeps everything in `folder`: ca.crt and ca.key, NAME.crt and NAME.key, NAME.kubeconfig."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        self.certificate = self.folder / "ca.crt"
        self._key = self.folder / "ca.key"
        self.make_key("ca")
        openssl("req", "-x509", "-new", "-key", self._key, "-days", DAYS, "-subj", "/CN=headrace-kube", "-out",
                self.certificate)

    def make_key(self, name):
        path = self.folder / f"{name}.key"
        openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", path)
        return path

    def issue(self, name, user, group=None, addresses=()):
        """-> (certificate, key) for the user (and group) as Kubernetes reads them from a subject."""
        key, request = self.make_key(name), self.folder / f"{name}.csr"
        certificate, extensions = self.folder / f"{name}.crt", self.folder / f"{name}.ext"
        subject = (f"/O={group}" if group else "") + f"/CN={user}"
        lines = ["extendedKeyUsage=clientAuth,serverAuth"]
        if addresses:
            lines.append("subjectAltName=" + ",".join(addresses))
        extensions.write_text("\n".join(lines) + "\n")
        openssl("req", "-new", "-key", key, "-subj", subject, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-days",
                DAYS, "-extfile", extensions, "-out", certificate)
        return certificate, key

    def kubeconfig(self, name, user, group, server):
        """-> the path of a kubeconfig with which `name` reaches `server` as `user`."""
        certificate, key = self.issue(name, user, group)
        path = self.folder / f"{name}.kubeconfig"
        path.write_text(f"""apiVersion: v1
kind: Config
clusters: [{{name: headrace, cluster: {{server: "{server}", certificate-authority: "{self.certificate}"}}}}]
users: [{{name: {name}, user: {{client-certificate: "{certificate}", client-key: "{key}"}}}}]
contexts: [{{name: headrace, context: {{cluster: headrace, user: {name}}}}}]
current-context: headrace
""")
        path.chmod(0o600)
        return path
