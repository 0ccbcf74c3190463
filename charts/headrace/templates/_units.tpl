{{/* Bytes of a Kubernetes quantity or of a size of headrace.yaml ("1Gi", "512M", "64MiB", 1073741824). */}}
{{- define "headrace.bytes" -}}
{{- if kindIs "string" . }}
{{- $number := regexFind "^[0-9.]+" . }}
{{- $unit := . | trimPrefix $number | trim | trimSuffix "B" }}
{{- $factors := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000
      "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- if and $number (hasKey $factors $unit) }}
{{- mulf (float64 $number) (get $factors $unit) | int64 }}
{{- else }}
{{- fail (printf "%q is no size; allowed: a number with Ki, Mi, Gi, Ti, k, M, G or T (in config: a whole number with B, KiB, MiB or GiB)" .) }}
{{- end }}
{{- else }}
{{- int64 . }}
{{- end }}
{{- end }}

{{/* Milliseconds of a duration of headrace.yaml, Prometheus or Kubernetes ("1500ms", "60s", "1m30s", "24h"). */}}
{{- define "headrace.milliseconds" -}}
{{- $factors := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 }}
{{- $sum := 0 }}
{{- range regexFindAll "[0-9]+ *(ms|s|m|h)" (toString .) -1 }}
{{- $sum = add $sum (mul (regexFind "^[0-9]+" . | int64) (get $factors (regexFind "[a-z]+$" .))) }}
{{- end }}
{{- $sum }}
{{- end }}

{{/* Seconds of it, rounded up. */}}
{{- define "headrace.seconds" -}}
{{- div (add (include "headrace.milliseconds" . | int64) 999) 1000 }}
{{- end }}

{{/* Bytes as people write them in headrace.yaml, in whole MiB. */}}
{{- define "headrace.mib" -}}
{{- if eq (int64 .) 0 }}0{{ else }}{{ printf "%dMiB" (div (int64 .) 1048576) }}{{ end }}
{{- end }}

{{/* Jobs that run at once: the CPU request rounded up, at least 1. */}}
{{- define "headrace.slots" -}}
{{- if ne (toString .Values.slots) "auto" }}
{{- int .Values.slots }}
{{- else }}
{{- $cpu := toString (dig "requests" "cpu" "1" .Values.resources) }}
{{- if hasSuffix "m" $cpu }}
{{- max 1 (ceil (divf (float64 (trimSuffix "m" $cpu)) 1000)) | int }}
{{- else }}
{{- max 1 (ceil (float64 $cpu)) | int }}
{{- end }}
{{- end }}
{{- end }}

{{/* Seconds of the largest deadline of a queue: no proxy in front may give up earlier. */}}
{{- define "headrace.largestDeadline" -}}
{{- $largest := 0 }}
{{- range .Values.config.queues }}
{{- $largest = max $largest (include "headrace.seconds" (default "60s" .deadline) | int64) }}
{{- end }}
{{- $largest }}
{{- end }}

{{- define "headrace.maxBody" -}}
{{- include "headrace.bytes" (dig "server" "max_body" "64MiB" .Values.config) }}
{{- end }}

{{/* Bytes of the spool's volume: results, and what commands may write in their folders. */}}
{{- define "headrace.spoolLimit" -}}
{{- $bytes := include "headrace.bytes" .Values.spool.size | int64 }}
{{- $slots := include "headrace.slots" . | int64 }}
{{- range .Values.config.queues }}
{{- if eq (default "" .handler) "command" }}
{{- $scratch := include "headrace.bytes" (dig "isolation" "scratch" "256MiB" .) | int64 }}
{{- $workers := ternary $slots (int64 .workers) (eq (toString (default "auto" .workers)) "auto") }}
{{- $bytes = add $bytes (mul $workers $scratch) }}
{{- end }}
{{- end }}
{{- $bytes }}
{{- end }}
