{{/*
headrace.yaml: what the chart derives from other values, over the user's config. validate.yaml refuses
these keys in config, so nothing of the user's is overwritten silently.
*/}}
{{- define "headrace.config" -}}
{{- $server := dict "listen" (printf "%s:8080" .Values.listenAddress) "slots" (include "headrace.slots" . | int) }}
{{- if or (gt (int .Values.replicaCount) 1) (include "headrace.autoscaled" .) }}
{{- /* A job's status would be known to one pod, and asked of any. */}}
{{- $_ := set $server "async" false }}
{{- end }}
{{- if .Values.tls.existingSecret }}
{{- $_ := set $server "tls" (dict "certificate" "/etc/headrace/tls/tls.crt" "key" "/etc/headrace/tls/tls.key") }}
{{- end }}
{{- $memory := dict "spool_dir" "" }}
{{- if .Values.spool.enabled }}
{{- $memory = dict "spool_dir" "/var/spool/headrace" "max_spool" (printf "%sB" .Values.spool.size) }}
{{- end }}
{{- $own := dict "server" $server "memory" $memory
      "management" (dict "listen" (printf "%s:8081" .Values.listenAddress))
      "shutdown" (dict "delay" (printf "%ds" (int .Values.shutdown.delaySeconds))
                       "drain" (printf "%ds" (int .Values.shutdown.drainSeconds))) }}
{{- if include "headrace.durable" . }}
{{- $_ := set $own "engine" (dict "path" "/var/lib/headrace") }}
{{- end }}
{{- if include "headrace.keysSecret" . }}
{{- $_ := set $own "auth" (dict "mode" "keys" "file" "/etc/headrace/auth/keys") }}
{{- end }}
{{- if .Values.webhooks.existingSecret }}
{{- $_ := set $own "webhooks" (dict "secrets_file" "/etc/headrace/webhooks/secrets") }}
{{- end }}
{{- if .Values.tracing.existingSecret }}
{{- $_ := set $own "tracing" (dict "headers_file" "/etc/headrace/tracing/headers") }}
{{- end }}
{{- toYaml (mergeOverwrite (deepCopy .Values.config) $own) }}
{{- end }}
