"""What the HTTP edge costs beside bare Pistache, nginx, Go and Python: GET /, a no-op job, an upload."""

import os
import shutil
import socket
import statistics
import subprocess
import time
from pathlib import Path

import servers

ROOT = servers.ROOT
UPLOAD = 64 * 1000 * 1000


def page_bytes(ours):
    """The size of GET / here, so that all servers send as much."""
    with socket.create_connection(("127.0.0.1", ours.http)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b""
        while some := client.recv(65536):
            answer += some
    return len(answer.partition(b"\r\n\r\n")[2])


def go_seed(folder, page, cores):
    go = shutil.which("go")
    if not go:
        return None
    binary = Path(folder) / "goseed"
    subprocess.run([go, "build", "-o", binary, "."], cwd=ROOT / "bench/go_seed", check=True,
                   env={**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"})
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    server = servers.Server("go", [binary], f"{url}/simulate", f"{url}/", cores=cores,
                            env={"LISTEN": f"127.0.0.1:{port}", "PAGE_BYTES": str(page), "GOMAXPROCS": "1"})
    server.http = port
    return server


def pistache_bare(page, cores):
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    server = servers.Server("pistache", [ROOT / "build/release/bench/pistache-bare", port, page],
                            f"{url}/simulate", f"{url}/", cores=cores)
    server.http = port
    return server


def nginx(folder, page, cores):
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not binary:
        return None
    root = Path(folder) / "nginx"
    (root / "html").mkdir(parents=True)
    (root / "html/index.html").write_text("x" * page)
    port = servers.free_port()
    config = root / "nginx.conf"
    temporary = "".join(f"  {kind}_temp_path {root}/{kind};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config.write_text(
        f"daemon off; master_process off; worker_processes 1; pid {root}/pid; error_log {root}/error.log;\n"
        f"events {{ worker_connections 1024; }}\n"
        f"http {{ access_log off; keepalive_requests 10000000; sendfile on; tcp_nopush on;\n{temporary}"
        f"  server {{ listen 127.0.0.1:{port}; root {root}/html; }}\n}}\n")
    url = f"http://127.0.0.1:{port}"
    return servers.Server("nginx", [binary, "-p", root, "-c", config], None, f"{url}/", cores=cores), port


def load(server, url, options, cores, method):
    cpu = server.cpu_seconds()
    report = servers.wrk(url, options.seconds, cores=cores, method=method)
    cpu = server.cpu_seconds() - cpu
    if report["status_errors"] or report["socket_errors"]:
        raise servers.BenchError(f"{server.name}: errors in {report}")
    return {"requests_per_second": report["requests"] / report["seconds"],
            "cpu_us": cpu / report["requests"] * 1e6, "p99_us": report["p99_us"]}


def upload(server, target):
    """CPU seconds of the server for one upload of 64 MB."""
    block, sent = bytes(1 << 20), 0
    cpu = server.cpu_seconds()
    with socket.create_connection(("127.0.0.1", server.http), timeout=60) as client:
        client.sendall(f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {UPLOAD}\r\n\r\n".encode())
        while sent < UPLOAD:
            sent += client.send(block[:UPLOAD - sent])
        status = client.recv(65536).split()[1:2]
    if status != [b"200"]:
        raise servers.BenchError(f"{server.name}: an upload was answered with {status}")
    return server.cpu_seconds() - cpu


def medians(rounds):
    return {name: {key: round(statistics.median(r[key] for r in taken), 1) for key in taken[0]}
            for name, taken in rounds.items()}


def measure(folder, options):
    """Medians by kind of request and server; only servers that the machine has."""
    server_core, client_core = ("0", "1") if os.cpu_count() > 1 else (None, None)
    started = []

    def start(server):
        if server:
            started.append(server)
            server.__enter__()
        return server

    try:
        ours = start(servers.headrace(folder, cores=server_core))
        page = page_bytes(ours)
        bare = start(pistache_bare(page, server_core))
        go = start(go_seed(folder, page, server_core))
        python = start(servers.python_seed(cores=server_core))
        static = nginx(folder, page, server_core)
        static_port = static[1] if static else 0
        static = start(static[0]) if static else None
        jobs = [server for server in (ours, bare, go, python) if server]
        pages = [(server, f"http://127.0.0.1:{server.http}/") for server in (ours, bare, go) if server]
        if static:
            pages.append((static, f"http://127.0.0.1:{static_port}/"))
        result = {"page_bytes": page, "job": {}, "page": {}, "upload_cpu_seconds": {}}
        job_rounds, page_rounds = {}, {}
        for _ in range(options.rounds):
            for server in jobs:
                job_rounds.setdefault(server.name, []).append(
                    load(server, server.url + "?ms=0", options, client_core, "POST"))
            for server, url in pages:
                page_rounds.setdefault(server.name, []).append(load(server, url, options, client_core, "GET"))
        result["job"], result["page"] = medians(job_rounds), medians(page_rounds)
        for server in (ours, bare, go):
            if server:
                target = server.url.split(str(server.http), 1)[1] + "?ms=0"
                result["upload_cpu_seconds"][server.name] = round(
                    statistics.median(upload(server, target) for _ in range(options.rounds)), 3)
                time.sleep(0.1)
        return result
    finally:
        for server in reversed(started):
            server.__exit__()
