#!/usr/bin/env bash
# usage: with_curl.sh BASE REQUESTS LARGE_FILE LARGE_BYTES     exit 0: every answer was right
set -euo pipefail
base=$1 requests=$2 large=$3 large_bytes=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
jobs=$base/v1/queues/simulate/jobs?ms=0

right() { # ANSWER_FILE TEXT
  grep -qF "$2" "$1" || { echo "with_curl: wanted $2, got $(head -c 300 "$1")" >&2; exit 1; }
}

# One curl with many transfers, so that its connection is used again: HTTP/1.1 keep-alive.
for ((i = 0; i < requests; ++i)); do
  ((i == 0)) || echo next
  printf 'url = "%s&token=curl-%d"\nrequest = POST\noutput = "%s/%d"\nfail\nsilent\nshow-error\nhttp1.1\nwrite-out = "%%{num_connects}\\n"\n' \
    "$jobs" "$i" "$folder" "$i"
done >"$folder/config"
connects=$(curl --config "$folder/config" | awk '{sum += $1} END {print sum}')
for ((i = 0; i < requests; ++i)); do
  [[ $(<"$folder/$i") == *"\"token\":\"curl-$i\""* ]] || { echo "with_curl: request $i: $(<"$folder/$i")" >&2; exit 1; }
done
((connects <= 2)) || { echo "with_curl: $connects connections for $requests requests" >&2; exit 1; }

post() { curl --silent --show-error --fail --http1.1 --output "$folder/answer" "$@"; }
post --data-binary @"$large" -H 'Content-Type: application/octet-stream' "$jobs"
right "$folder/answer" "\"payload_bytes\":$large_bytes"
post --data-binary @"$large" -H 'Content-Type: application/octet-stream' -H 'Transfer-Encoding: chunked' "$jobs"
right "$folder/answer" "\"payload_bytes\":$large_bytes"
post --request POST --upload-file - -H 'Content-Type: application/octet-stream' "$jobs" <"$large"
right "$folder/answer" "\"payload_bytes\":$large_bytes"
post --form "file=@$large;type=application/octet-stream" --form token=form "$jobs"
right "$folder/answer" "\"payload_bytes\":$large_bytes,\"token\":\"form\""
curl --silent --fail --http1.0 --output "$folder/answer" --request POST "$jobs&token=old"
right "$folder/answer" '"token":"old"'
