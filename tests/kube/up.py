"""Runs one command beside a Kubernetes; see scripts/kube/up, which makes the namespaces that this works in."""

import argparse
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from control_plane import ControlPlane
from node import Node, make_network
from processes import Broken


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/kube/up")
    parser.add_argument("--work", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--programs", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--cgroup", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--node", action="store_true", help="a node, too")
    parser.add_argument("--image", action="append", default=[], help="an image of the Docker engine that the node gets")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error("say which command is to be run, such as: bash")
    return options


def end(*_):
    raise SystemExit(143)


def main():
    options = arguments()
    for number in (signal.SIGINT, signal.SIGTERM):  # ignored by process 1 otherwise
        signal.signal(number, end)
    make_network()
    with ExitStack() as stack:
        try:
            plane = stack.enter_context(ControlPlane(options.programs, options.work))
            if options.node:
                stack.enter_context(Node(plane, options.cgroup, options.image))
        except Broken as error:
            sys.exit(f"kube: {error}")
        except subprocess.CalledProcessError as error:
            sys.exit(f"kube: {' '.join(error.cmd)}: {error.stderr}")
        environment = {**os.environ, "KUBECONFIG": str(plane.kubeconfig), "HEADRACE_KUBE_WORK": str(options.work)}
        return subprocess.run(options.command, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
