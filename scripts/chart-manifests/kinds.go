package main

import (
	"errors"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

// Release is what one rendering of the chart consists of.
type Release struct {
	Config       string // headrace.yaml
	Deployments  []appsv1.Deployment
	StatefulSets []appsv1.StatefulSet
	Pods         []corev1.Pod
	Services     []corev1.Service
	Accounts     []corev1.ServiceAccount
	Budgets      []policyv1.PodDisruptionBudget
	Policies     []networkingv1.NetworkPolicy
	Scalers      []autoscalingv2.HorizontalPodAutoscaler
	Objects      []ScaledObject
	Monitors     []monitoringv1.ServiceMonitor
	Rules        []monitoringv1.PrometheusRule
	Ingresses    []networkingv1.Ingress
	Routes       []gatewayv1.HTTPRoute
	ConfigMaps   []corev1.ConfigMap
	Secrets      []corev1.Secret
}

func strict[T any](document []byte, into *[]T) error {
	var object T
	err := yaml.UnmarshalStrict(document, &object)
	*into = append(*into, object)
	return err
}

func (r *Release) add(kind string, document []byte) error {
	switch kind {
	case "v1/ConfigMap":
		err := strict(document, &r.ConfigMaps)
		if text := r.ConfigMaps[len(r.ConfigMaps)-1].Data["headrace.yaml"]; text != "" {
			r.Config = text
		}
		return err
	case "v1/Secret":
		return strict(document, &r.Secrets)
	case "v1/Service":
		return strict(document, &r.Services)
	case "v1/ServiceAccount":
		return strict(document, &r.Accounts)
	case "v1/Pod":
		return strict(document, &r.Pods)
	case "apps/v1/Deployment":
		return strict(document, &r.Deployments)
	case "apps/v1/StatefulSet":
		return strict(document, &r.StatefulSets)
	case "policy/v1/PodDisruptionBudget":
		return strict(document, &r.Budgets)
	case "networking.k8s.io/v1/NetworkPolicy":
		return strict(document, &r.Policies)
	case "networking.k8s.io/v1/Ingress":
		return strict(document, &r.Ingresses)
	case "gateway.networking.k8s.io/v1/HTTPRoute":
		return strict(document, &r.Routes)
	case "autoscaling/v2/HorizontalPodAutoscaler":
		return strict(document, &r.Scalers)
	case "keda.sh/v1alpha1/ScaledObject":
		return strict(document, &r.Objects)
	case "monitoring.coreos.com/v1/ServiceMonitor":
		return strict(document, &r.Monitors)
	case "monitoring.coreos.com/v1/PrometheusRule":
		return strict(document, &r.Rules)
	}
	return errors.New("unknown kind " + kind)
}

// ScaledObject has the fields of KEDA's type (v2.17) that a chart may set. KEDA's own module would bring
// a Kubernetes client and eight hundred packages along.
type ScaledObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ScaleTargetRef struct {
			Name                   string `json:"name"`
			APIVersion             string `json:"apiVersion"`
			Kind                   string `json:"kind"`
			EnvSourceContainerName string `json:"envSourceContainerName"`
		} `json:"scaleTargetRef"`
		PollingInterval       *int32 `json:"pollingInterval"`
		InitialCooldownPeriod *int32 `json:"initialCooldownPeriod"`
		CooldownPeriod        *int32 `json:"cooldownPeriod"`
		IdleReplicaCount      *int32 `json:"idleReplicaCount"`
		MinReplicaCount       *int32 `json:"minReplicaCount"`
		MaxReplicaCount       *int32 `json:"maxReplicaCount"`
		Advanced              struct {
			HorizontalPodAutoscalerConfig struct {
				Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior"`
				Name     string                                         `json:"name"`
			} `json:"horizontalPodAutoscalerConfig"`
			RestoreToOriginalReplicaCount bool `json:"restoreToOriginalReplicaCount"`
		} `json:"advanced"`
		Triggers []struct {
			Type              string                         `json:"type"`
			Name              string                         `json:"name"`
			UseCachedMetrics  bool                           `json:"useCachedMetrics"`
			Metadata          map[string]string              `json:"metadata"`
			AuthenticationRef *struct{ Name, Kind string }   `json:"authenticationRef"`
			MetricType        autoscalingv2.MetricTargetType `json:"metricType"`
		} `json:"triggers"`
		Fallback struct {
			FailureThreshold int32  `json:"failureThreshold"`
			Replicas         int32  `json:"replicas"`
			Behavior         string `json:"behavior"`
		} `json:"fallback"`
	} `json:"spec"`
}
