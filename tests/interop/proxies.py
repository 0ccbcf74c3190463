"""nginx and HAProxy in front of the service, as one would set them up: keep-alive to the upstream."""

import socket
import subprocess
import time
from pathlib import Path

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_max_body_size 2g;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream headrace {{ server 127.0.0.1:{upstream}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://headrace;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_request_buffering {buffering};
    }}
  }}
}}
"""

HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:{port}
  default_backend headrace
backend headrace
  option httpchk GET /v1/queues
  server one 127.0.0.1:{upstream}
"""


class Proxy:
    """A proxy process on a free port; use as a context manager."""

    def __init__(self, name, command, text, folder, upstream, port, **fields):
        self.name, self.port = name, port
        config = Path(folder) / f"{name}.conf"
        config.write_text(text.format(folder=folder, upstream=upstream, port=port, **fields))
        self._command = [part.format(config=config, folder=folder) for part in command]

    def __enter__(self):
        self._process = subprocess.Popen(self._command)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__()
        raise SystemExit(f"interop: {self.name} did not start")

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(20)


def nginx(folder, upstream, port, buffering):
    return Proxy(f"nginx-{buffering}", ["nginx", "-c", "{config}", "-e", "{folder}/nginx.log"], NGINX, folder, upstream,
                 port, buffering=buffering)


def haproxy(folder, upstream, port):
    return Proxy("haproxy", ["haproxy", "-f", "{config}", "-q"], HAPROXY, folder, upstream, port)
