{{/*
How the memory limit is shared out, as src/app/plan.cc does at the start: JSON with the terms in bytes.
The names of the variables are those of the program, so that both can be read side by side.
*/}}
{{- define "headrace.plan" -}}
{{- $mib := int64 1048576 }}
{{- $service := mul 128 $mib }}
{{- $leastShare := mul 256 $mib }}
{{- $slots := include "headrace.slots" . | int64 }}
{{- $limit := include "headrace.bytes" .Values.resources.limits.memory | int64 }}
{{- $zygotes := int64 0 }}{{ $fixed := int64 0 }}{{ $sharers := int64 0 }}{{ $passing := false }}
{{- $queues := list }}
{{- range $name, $queue := .Values.config.queues }}
{{- $handler := default "" $queue.handler }}
{{- $process := and (not $queue.upstream) (ne $handler "http") (ne (dig "isolation" "mode" "process" $queue) "thread") }}
{{- if $process }}
{{- $zygotes = add $zygotes (mul 40 $mib) }}
{{- if eq $handler "ocr" }}
{{- $languages := dig "ocr" "languages" (list "eng") $queue }}
{{- if kindIs "string" $languages }}{{ $languages = splitList "," $languages }}{{ end }}
{{- $zygotes = add $zygotes (mul (sub (len $languages) 1) 12 $mib) }}
{{- end }}
{{- $persistent := and (eq $handler "command") (eq (default "once" $queue.protocol) "frames") }}
{{- $recycle := dig "isolation" "recycle_after" (ternary 1000000 1 $persistent) $queue | int64 }}
{{- $workers := ternary $slots (int64 $queue.workers) (eq (toString (default "auto" $queue.workers)) "auto") }}
{{- $atOnce := min $workers $slots }}
{{- $kept := int64 0 }}
{{- if $persistent }}{{ $kept = add $workers (ternary 0 $atOnce (gt $recycle 1)) }}
{{- else if gt $recycle 1 }}{{ $kept = $atOnce }}
{{- end }}
{{- $memory := int64 0 }}
{{- $asked := dig "isolation" "memory" "auto" $queue }}
{{- if ne (toString $asked) "auto" }}{{ $memory = include "headrace.bytes" $asked | int64 }}{{ end }}
{{- $passes := and (not $persistent) (le $recycle 1) }}
{{- if $passes }}{{ $passing = true }}{{ end }}
{{- if eq $memory 0 }}{{ $sharers = add $sharers $kept }}{{ end }}
{{- $fixed = add $fixed (mul $kept $memory) }}
{{- $queues = append $queues (dict "kept" $kept "memory" $memory "passes" $passes "persistent" $persistent) }}
{{- end }}
{{- end }}
{{- if $passing }}{{ $sharers = add $sharers $slots }}{{ end }}

{{- $budget := int64 0 }}
{{- $asked := dig "memory" "budget" "auto" .Values.config }}
{{- if eq (toString $asked) "auto" }}
{{- $beside := max 0 (sub $limit (add $service $zygotes (ternary $leastShare 0 (gt $zygotes 0)))) }}
{{- $budget = mul $mib (div (max (mul 32 $mib) (min (div $limit 4) $beside)) $mib) }}
{{- else }}
{{- $budget = include "headrace.bytes" $asked | int64 }}
{{- end }}

{{- $left := max 0 (sub $limit (add $budget $zygotes $service $fixed)) }}
{{- $share := mul $mib (div (div $left (max 1 $sharers)) $mib) }}
{{- $share = min (mul 1024 $mib) (max $leastShare $share) }}

{{- $executor := int64 0 }}{{ $recycled := int64 0 }}{{ $persistentBytes := int64 0 }}
{{- range $queues }}
{{- $memory := ternary $share (int64 .memory) (eq (int64 .memory) 0) }}
{{- if .passes }}{{ $executor = max $executor $memory }}
{{- else if .persistent }}{{ $persistentBytes = add $persistentBytes (mul .kept $memory) }}
{{- else }}{{ $recycled = add $recycled (mul .kept $memory) }}
{{- end }}
{{- end }}
{{- $sum := add (mul $slots $executor) $recycled $persistentBytes $zygotes $budget $service }}
{{- dict "slots" $slots "limit" (toString $limit) "budget" (toString $budget) "zygotes" (toString $zygotes)
      "executor" (toString $executor) "recycled" (toString $recycled) "persistent" (toString $persistentBytes)
      "service" (toString $service) "sum" (toString $sum) | toJson }}
{{- end }}

{{/* The plan's sum as a sentence says it. */}}
{{- define "headrace.planSum" -}}
{{- printf "%d slots x %s per executor" (int64 .slots) (include "headrace.mib" .executor) }}
{{- if ne .recycled "0" }} + {{ include "headrace.mib" .recycled }} for recycled executors{{ end }}
{{- if ne .persistent "0" }} + {{ include "headrace.mib" .persistent }} for persistent workers{{ end }}
{{- printf " + %s for zygotes + %s memory.budget + %s for the service = %s" (include "headrace.mib" .zygotes) (include "headrace.mib" .budget) (include "headrace.mib" .service) (include "headrace.mib" .sum) }}
{{- end }}
