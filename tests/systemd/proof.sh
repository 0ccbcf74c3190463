# What a machine whose process 1 is systemd makes of examples/systemd/headrace.service, which is installed there; sourced by
# scripts/prove_systemd (in a container) and tests/machine/prove (on a machine). The shell that sources it has `inside
# COMMAND...`, which runs on the machine, `put FILE PATH`, which copies a file to it, `fail TEXT`, and a folder $work; the
# machine's addresses are this one's. Then `prove_unit` proves it. SLOW: how many times slower than usual it is (1).
# shellcheck shell=bash disable=SC2154
slow=${SLOW:-1}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
http=127.0.0.1:$(free_port)
management=127.0.0.1:$(free_port)

configure() { # QUEUES FURTHER-SECTIONS
  cat >"$work/headrace.yaml" <<YAML
server: {listen: "$http"$2}
management: {listen: "$management"}
engine: {kind: sqlite}
memory: {spool_dir: /var/cache/headrace}
sandbox: required
shutdown: {drain: $((8 * slow))s}
queues:
$1
YAML
  inside mkdir -p /etc/headrace /etc/systemd/system/headrace.service.d
  put "$work/headrace.yaml" /etc/headrace/headrace.yaml
}
restart() {
  inside systemctl daemon-reload
  inside systemctl restart headrace || fail "it does not start"
  for _ in $(seq $((100 * slow))); do
    curl -sf "http://$management/readyz" >/dev/null && return
    sleep 0.1
  done
  fail "it is not ready"
}
drop_in() { # NAME LINES
  printf '[Service]\n%s\n' "$2" >"$work/drop-in"
  put "$work/drop-in" "/etc/systemd/system/headrace.service.d/$1.conf"
}
main_pid() { inside systemctl show -p MainPID --value headrace; }
works() { # SCHEME CURL-ARGUMENT...
  local scheme=$1
  shift
  [[ $(curl -s "$@" -o "$work/pages" -w '%{http_code}' -F file=@tests/data/sample.pdf "$scheme://$http/v1/queues/pdf/jobs") == 200 ]] ||
    fail "a PDF is not drawn: $(head -c 300 "$work/pages")"
  [[ $(printf quiet | curl -s "$@" --data-binary @- "$scheme://$http/v1/queues/upper/jobs") == QUIET ]] || fail "a command does not run"
}

queues='  pdf: {handler: pdf-to-image, workers: 2}
  upper: {handler: command, command: [/usr/bin/tr, a-z, A-Z]}
  sleep: {handler: simulate, workers: 2, isolation: {mode: thread}}'

confined() {
  configure "$queues" ''
  ((slow == 1)) || drop_in slow "TimeoutStopSec=$((20 * slow))s"
  restart
  works http
  inside systemd-analyze security --no-pager headrace | tail -n 1
  status=$(inside cat "/proc/$(main_pid)/status")
  grep -q '^CapBnd:.*0000000000000000' <<<"$status" || fail "it has capabilities: $status"
  grep -q '^NoNewPrivs:.*1' <<<"$status" || fail "it may gain privileges: $status"
  grep -qE '^Uid:\s+0' <<<"$status" && fail "it is root"
  echo "confined: jobs in executors and commands work, with all layers of the sandbox, as a user of its own without a capability"
}
state() {
  job=$(curl -s -H 'Prefer: respond-async' --data-binary @tests/data/sample.pdf "http://$http/v1/queues/pdf/jobs" | jq -r .job_id)
  curl -s -H 'Prefer: wait=60' "http://$http/v1/jobs/$job" >/dev/null
  restart
  [[ $(curl -s "http://$http/v1/jobs/$job" | jq -r .state) == succeeded ]] || fail "a kept job did not survive a restart"
  inside systemctl reload headrace || fail "it cannot be asked to reload"
  inside systemctl is-active --quiet headrace || fail "it did not survive SIGHUP"
  echo "state: a kept job is there after a restart; a reload does no harm"
}
stop() {
  for i in 1 2 3 4; do
    curl -s -o /dev/null -w '%{http_code}\n' -X POST "http://$http/v1/queues/sleep/jobs?ms=$((1500 * slow))&mode=sleep" >"$work/answer$i" &
    waiting[i]=$!
  done
  while [[ $(curl -s "http://$http/v1/queues/sleep" | jq '.running + .waiting') != 4 ]]; do sleep 0.05; done
  inside systemctl stop headrace
  wait "${waiting[@]}" || true
  [[ $(sort "$work"/answer? | uniq -c | awk '{print $1, $2}') == "4 200" ]] || fail "a stop cut jobs: $(cat "$work"/answer?)"
  [[ $(inside systemctl show -p Result --value headrace) == success ]] || fail "the stop was no success"
  echo "stop: four jobs under way, four answers, exit status 0"
}
deaths() {
  restart
  curl -s -o /dev/null -w '%{http_code}' --data-binary @- "http://$http/v1/queues/upper/jobs" </dev/null >/dev/null
  executor=$(inside pgrep -f 'headrace-pdf --zygote' | tail -n 1)
  inside kill -9 "$executor"
  works http
  inside kill -9 "$(main_pid)"
  for _ in $(seq $((100 * slow))); do curl -sf "http://$management/readyz" >/dev/null && break; sleep 0.1; done
  works http
  echo "deaths: of an executor nobody hears, the service is there again"
}
namespaces() {
  drop_in namespaces $'RestrictNamespaces=user pid mnt ipc\nSystemCallFilter=@mount\nProtectKernelTunables=no\nProtectKernelLogs=no'
  configure "${queues/A-Z]/A-Z], isolation: {namespaces: required\}}" ''
  restart
  works http
  echo "namespaces: commands run in namespaces of their own with the drop-in"
}
secrets() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/tls.key" -out "$work/tls.crt" -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null
  for file in tls.key tls.crt; do put "$work/$file" "/etc/headrace/$file"; done
  inside sh -c 'chown root:root /etc/headrace/* && chmod 600 /etc/headrace/tls.key'
  drop_in secrets $'LoadCredential=tls.crt:/etc/headrace/tls.crt\nLoadCredential=tls.key:/etc/headrace/tls.key'
  credentials=/run/credentials/headrace.service
  configure "$queues" ", tls: {certificate: $credentials/tls.crt, key: $credentials/tls.key}"
  restart
  works https --cacert "$work/tls.crt"
  echo "secrets: HTTPS with a key that only root can read on the disk"
}
prove_unit() {
  for step in confined state stop deaths namespaces secrets; do "$step"; done
}
