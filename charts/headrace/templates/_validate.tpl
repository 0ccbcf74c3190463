{{/* Each of these is a YAML list of sentences, [] if nothing is wrong. */}}

{{- define "headrace.checkImage" -}}
{{- $found := list }}
{{- if not .Values.image.repository }}
{{- $found = append $found (printf "image.repository is required, since no registry publishes the image: build it from the repository with 'docker build -t REGISTRY/headrace:%s .', push it (or, on a local cluster, 'kind load docker-image' it), and install with --set image.repository=REGISTRY/headrace" .Chart.AppVersion) }}
{{- else if regexMatch "@|:[^/]*$" .Values.image.repository }}
{{- $found = append $found (printf "image.repository (%s) has a tag or a digest, and the chart would add another: put it into image.tag or image.digest" .Values.image.repository) }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{/* What the cluster would refuse only after the Services have changed. Chart 0.1.0 made a Deployment, nothing else. */}}
{{- define "headrace.checkUpgrade" -}}
{{- $found := list }}
{{- if and .Release.IsUpgrade (not (include "headrace.durable" .)) }}
{{- $old := lookup "apps/v1" "Deployment" .Release.Namespace (include "headrace.fullname" .) }}
{{- if and $old (not (hasKey (dig "spec" "selector" "matchLabels" dict $old) "app.kubernetes.io/component")) }}
{{- $found = append $found (printf "the Deployment of chart 0.1.0 has another selector, which cannot be changed: helm uninstall %s -n %s, then install again (docs/upgrade.md, From chart 0.1.0)" .Release.Name .Release.Namespace) }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{/* Keys of headrace.yaml that the chart derives from other values. */}}
{{- define "headrace.checkOwnKeys" -}}
{{- $found := list }}
{{- $config := .Values.config }}
{{- $own := list
      (list "server" "listen" "use listenAddress and service.port")
      (list "server" "slots" "use slots")
      (list "server" "tls" "use tls.existingSecret")
      (list "management" "listen" "use listenAddress and service.managementPort")
      (list "memory" "spool_dir" "use spool.enabled")
      (list "memory" "max_spool" "use spool.size")
      (list "engine" "path" "it is the volume of persistence")
      (list "auth" "mode" "use auth.existingSecret or auth.keys")
      (list "auth" "file" "use auth.existingSecret or auth.keys")
      (list "webhooks" "secrets_file" "use webhooks.existingSecret")
      (list "tracing" "headers_file" "use tracing.existingSecret")
      (list "shutdown" "delay" "use shutdown.delaySeconds")
      (list "shutdown" "drain" "use shutdown.drainSeconds") }}
{{- range $own }}
{{- if hasKey (default dict (get $config (index . 0))) (index . 1) }}
{{- $found = append $found (printf "config.%s.%s belongs to the chart: %s" (index . 0) (index . 1) (index . 2)) }}
{{- end }}
{{- $name := printf "HEADRACE_%s_%s" (index . 0 | upper) (index . 1 | upper) }}
{{- range $.Values.extraEnv }}
{{- if or (eq .name $name) (hasPrefix (printf "%s_" $name) .name) }}
{{- $found = append $found (printf "extraEnv has %s, which would override what the chart sets: leave it out" .name) }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- define "headrace.checkEngine" -}}
{{- $found := list }}
{{- $several := or (gt (int .Values.replicaCount) 1) (include "headrace.autoscaled" .) }}
{{- if and $several (include "headrace.durable" .) }}
{{- $found = append $found "config.engine.kind: sqlite keeps jobs in one pod's volume: set replicaCount to 1 and no autoscaling, or engine.kind to memory" }}
{{- end }}
{{- if and $several (eq (toString (dig "server" "async" "" .Values.config)) "true") }}
{{- $found = append $found "config.server.async: true with several replicas and no shared engine: a job would be known to one pod only, and its status asked of any; leave server.async out (the chart sets false), or have one replica" }}
{{- end }}
{{- if and $several (dig "webhooks" "allow_hosts" "" .Values.config) }}
{{- $found = append $found "config.webhooks tells the ends of kept jobs, of which there are none with several replicas (server.async: false): have one replica, or leave webhooks out" }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if and $several (eq .name "HEADRACE_SERVER_ASYNC") }}
{{- $found = append $found "extraEnv has HEADRACE_SERVER_ASYNC, but with several replicas a job would be known to one pod only: leave it out" }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{/* A number without a unit is a size in bytes, and no disk is so small. */}}
{{- define "headrace.checkPersistence" -}}
{{- $found := list }}
{{- if and (include "headrace.durable" .) (lt (include "headrace.bytes" .Values.persistence.size | int64) 1048576) }}
{{- $found = append $found (printf "persistence.size: %v is that many bytes: give it a unit, such as %vGi" .Values.persistence.size .Values.persistence.size) }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{/* Keys without which the service would not start with a queue of this handler. */}}
{{- define "headrace.checkQueues" -}}
{{- $found := list }}
{{- range $name, $queue := .Values.config.queues }}
{{- if and (eq $queue.handler "http") (not $queue.upstream) }}
{{- $found = append $found (printf "config.queues.%s has handler http and no upstream: name the app that its jobs are sent to" $name) }}
{{- else if and (eq $queue.handler "command") (not $queue.command) }}
{{- $found = append $found (printf "config.queues.%s has handler command and no command: name the program and its arguments, as a list" $name) }}
{{- else if and (eq $queue.handler "simulate") (ne (dig "isolation" "mode" "process" $queue) "thread") }}
{{- $found = append $found (printf "config.queues.%s has handler simulate, which runs on the worker alone: set isolation.mode to thread" $name) }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{/* What Kubernetes or the chart would pass over without a word. */}}
{{- define "headrace.checkService" -}}
{{- $found := list }}
{{- with .Values.service }}
{{- if and .nodePort (eq .type "ClusterIP") }}
{{- $found = append $found "service.nodePort is of no effect with service.type: ClusterIP: set the type to NodePort or LoadBalancer, or leave the port out" }}
{{- end }}
{{- if and .loadBalancerSourceRanges (ne .type "LoadBalancer") }}
{{- $found = append $found (printf "service.loadBalancerSourceRanges keeps nobody out with service.type: %s: set the type to LoadBalancer, or say in networkPolicy.allowFrom who may come in" .type) }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{/* Prometheus refuses it, and its operator then leaves the ServiceMonitor out. */}}
{{- define "headrace.checkMonitoring" -}}
{{- $found := list }}
{{- with .Values.metrics.serviceMonitor }}
{{- if gt (include "headrace.milliseconds" .scrapeTimeout | int64) (include "headrace.milliseconds" .interval | int64) }}
{{- $found = append $found (printf "metrics.serviceMonitor.scrapeTimeout (%s) is more than its interval (%s), with which nothing is scraped: lower the one or raise the other" .scrapeTimeout .interval) }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- define "headrace.checkSecrets" -}}
{{- $found := list }}
{{- if and .Values.auth.existingSecret .Values.auth.keys }}
{{- $found = append $found "auth.existingSecret and auth.keys are both set: the keys come from one of them" }}
{{- end }}
{{- if and (dig "webhooks" "allow_hosts" "" .Values.config) (not .Values.webhooks.existingSecret) }}
{{- $found = append $found "config.webhooks.allow_hosts needs secrets to sign with: name a Secret with lines whsec_... in webhooks.existingSecret" }}
{{- end }}
{{- if and .Values.tracing.existingSecret (not (dig "tracing" "endpoint" "" .Values.config)) }}
{{- $found = append $found "tracing.existingSecret is set, but config.tracing.endpoint names no collector to send its headers to" }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- define "headrace.checkScaling" -}}
{{- $found := list }}
{{- $hpa := .Values.autoscaling.hpa }}{{ $keda := .Values.autoscaling.keda }}
{{- if and $hpa.enabled $keda.enabled }}
{{- $found = append $found "autoscaling.hpa and autoscaling.keda are both enabled: KEDA makes an HPA of its own, and two would fight over the replicas" }}
{{- end }}
{{- range $name, $scaler := dict "hpa" $hpa "keda" $keda }}
{{- if and $scaler.enabled (gt (int $scaler.minReplicas) (int $scaler.maxReplicas)) }}
{{- $found = append $found (printf "autoscaling.%s.minReplicas is more than maxReplicas" $name) }}
{{- end }}
{{- end }}
{{- if and $hpa.enabled (not $hpa.cpuUtilization) (not $hpa.queueWait.enabled) }}
{{- $found = append $found "autoscaling.hpa has nothing to scale by: set cpuUtilization or queueWait.enabled" }}
{{- end }}
{{- if and $keda.enabled (not $keda.lengthPerSlot) (not $keda.waitSeconds) }}
{{- $found = append $found "autoscaling.keda has nothing to scale by: set lengthPerSlot or waitSeconds" }}
{{- end }}
{{- if and $keda.enabled (not $keda.selector) (not .Values.metrics.serviceMonitor.enabled) }}
{{- $found = append $found "autoscaling.keda asks for series as the chart's ServiceMonitor labels them: set metrics.serviceMonitor.enabled, or name yours in autoscaling.keda.selector" }}
{{- end }}
{{- if and $keda.enabled $keda.fallbackReplicas (not $keda.lengthPerSlot) }}
{{- $found = append $found "autoscaling.keda.fallbackReplicas needs lengthPerSlot: KEDA has no fallback for waitSeconds alone" }}
{{- end }}
{{- if and (eq (toString .Values.updateStrategy.maxSurge) "0" ) (eq (toString .Values.updateStrategy.maxUnavailable) "0") }}
{{- $found = append $found "updateStrategy.maxSurge and maxUnavailable are both 0: no pod could ever be replaced" }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- define "headrace.checkDisruption" -}}
{{- $found := list }}
{{- with .Values.podDisruptionBudget }}
{{- $min := toString (default "" .minAvailable) }}{{ $max := ternary "" (toString .maxUnavailable) (ne $min "") }}
{{- if .enabled }}
{{- if or (eq $min "100%") (eq $max "0") (eq $max "0%") }}
{{- $found = append $found "podDisruptionBudget lets no pod be evicted, so no node could be drained: let one go" }}
{{- else if $min }}
{{- $least := include "headrace.leastReplicas" $ | int64 }}
{{- $stay := trimSuffix "%" $min | int64 }}
{{- /* Kubernetes rounds up. */}}
{{- if hasSuffix "%" $min }}{{ $stay = div (add (mul $stay $least) 99) 100 }}{{ end }}
{{- if and $least (ge $stay $least) }}
{{- $found = append $found (printf "podDisruptionBudget.minAvailable: %s of %d pods lets none be evicted, so no node could be drained: keep fewer, or run more" $min $least) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- define "headrace.checkPlan" -}}
{{- $found := list }}
{{- $plan := include "headrace.plan" . | fromJson }}
{{- if gt (int64 $plan.sum) (int64 $plan.limit) }}
{{- $found = append $found (printf "resources.limits.memory does not suffice: %s, the limit is %s; raise it, or lower slots, config.memory.budget, isolation.memory or workers of queues with protocol: frames" (include "headrace.planSum" $plan) (include "headrace.mib" $plan.limit)) }}
{{- end }}
{{- /* The service starts with its default for max_body beside a budget that it has chosen itself. */}}
{{- $said := or (dig "server" "max_body" "" .Values.config) (ne (toString (dig "memory" "budget" "auto" .Values.config)) "auto") }}
{{- $body := include "headrace.maxBody" . | int64 }}
{{- if and $said (gt $body (int64 $plan.budget)) }}
{{- $found = append $found (printf "config.server.max_body (%s) is more than memory.budget (%s): no such body could come in; lower it, or raise config.memory.budget or resources.limits.memory" (include "headrace.mib" $body) (include "headrace.mib" $plan.budget)) }}
{{- end }}
{{- $request := dig "requests" "memory" "" .Values.resources }}
{{- if $request }}
{{- if gt (include "headrace.bytes" $request | int64) (int64 $plan.limit) }}
{{- $found = append $found "resources.requests.memory is more than the limit" }}
{{- end }}
{{- end }}
{{- if and (eq (toString .Values.slots) "auto") (not (dig "requests" "cpu" "" .Values.resources)) }}
{{- $found = append $found "slots: auto follows resources.requests.cpu, which is missing: set one of them" }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- define "headrace.checkSpool" -}}
{{- $found := list }}
{{- $limit := dig "limits" "ephemeral-storage" "" .Values.resources }}
{{- if and .Values.spool.enabled $limit }}
{{- $spool := include "headrace.spoolLimit" . | int64 }}
{{- if lt (include "headrace.bytes" $limit | int64) $spool }}
{{- $found = append $found (printf "resources.limits.ephemeral-storage (%s) is less than the spool's volume (%s): the pod would be evicted when it fills; raise it or lower spool.size" (toString $limit) (include "headrace.mib" $spool)) }}
{{- end }}
{{- end }}
{{- if not .Values.spool.enabled }}
{{- range $name, $queue := .Values.config.queues }}
{{- if eq (default "" $queue.handler) "command" }}
{{- $found = append $found (printf "config.queues.%s runs a command, which needs a folder to write in: set spool.enabled to true" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- define "headrace.checkTls" -}}
{{- $found := list }}
{{- if .Values.tls.existingSecret }}
{{- range $name := list "ingress" "httpRoute" }}
{{- $section := get $.Values $name }}
{{- if and $section.enabled (not $section.reencrypt) }}
{{- $found = append $found (printf "tls.existingSecret makes the pods speak HTTPS, but %s would send them HTTP: leave tls.existingSecret to end TLS in front, or set %s.reencrypt: true when what is in front speaks HTTPS to the pods" $name $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.ingress }}
{{- if and .enabled (not .hosts) }}
{{- $found = append $found "ingress.enabled needs ingress.hosts" }}
{{- end }}
{{- end }}
{{- with .Values.httpRoute }}
{{- if and .enabled (not .parentRefs) }}
{{- $found = append $found "httpRoute.enabled needs httpRoute.parentRefs, the Gateways that it belongs to" }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{/* Who would be called, but is behind the closed egress. */}}
{{- define "headrace.checkEgress" -}}
{{- $found := list }}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.egress) }}
{{- $called := list }}
{{- range $name, $queue := .Values.config.queues }}
{{- if and $queue.upstream (not (regexMatch "^https?://(127\\.|localhost[:/]|localhost$|\\[::1\\])" (toString $queue.upstream))) }}
{{- $called = append $called (printf "config.queues.%s.upstream" $name) }}
{{- end }}
{{- end }}
{{- if dig "webhooks" "allow_hosts" "" .Values.config }}{{ $called = append $called "config.webhooks.allow_hosts" }}{{ end }}
{{- if dig "tracing" "endpoint" "" .Values.config }}{{ $called = append $called "config.tracing.endpoint" }}{{ end }}
{{- if $called }}
{{- $found = append $found (printf "networkPolicy closes egress to %s: add a rule to networkPolicy.egress that lets this out, or set networkPolicy.enabled to false" (join ", " $called)) }}
{{- end }}
{{- end }}
{{- toYaml $found }}
{{- end }}

{{- define "headrace.checkTests" -}}
{{- $found := list }}
{{- if and .Values.tests.enabled (not (hasKey .Values.config.queues .Values.tests.queue)) }}
{{- $found = append $found (printf "tests.queue: config has no queue %s; name one that takes PDF, or set tests.enabled to false" .Values.tests.queue) }}
{{- end }}
{{- toYaml $found }}
{{- end }}
