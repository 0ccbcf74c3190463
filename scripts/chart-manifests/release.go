package main

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// workload is the one Deployment or StatefulSet.
type workload struct {
	kind, name string
	selector   map[string]string
	pod        corev1.PodTemplateSpec
}

// Check looks at how the objects fit each other.
func (r *Release) Check() error {
	w, err := r.workload()
	if err != nil {
		return err
	}
	if r.Config == "" {
		return errors.New("no ConfigMap has headrace.yaml")
	}
	if len(r.Scalers) > 0 && len(r.Objects) > 0 {
		return errors.New("an HPA and a ScaledObject would fight over the replicas")
	}
	checks := []func(workload) error{
		checkServer, r.checkServices, r.checkSelectors, r.checkTargets, r.checkBackends, r.checkMonitors, r.checkRules, r.checkTestPods,
	}
	for _, check := range checks {
		if err := check(w); err != nil {
			return err
		}
	}
	return nil
}

func (r *Release) workload() (workload, error) {
	if len(r.Deployments)+len(r.StatefulSets) != 1 {
		return workload{}, fmt.Errorf("%d Deployments and %d StatefulSets", len(r.Deployments), len(r.StatefulSets))
	}
	if len(r.Deployments) == 1 {
		d := r.Deployments[0]
		return workload{"Deployment", d.Name, d.Spec.Selector.MatchLabels, d.Spec.Template}, nil
	}
	s := r.StatefulSets[0]
	w := workload{"StatefulSet", s.Name, s.Spec.Selector.MatchLabels, s.Spec.Template}
	for _, claim := range s.Spec.VolumeClaimTemplates { // stands for the volume that the controller adds
		w.pod.Spec.Volumes = append(w.pod.Spec.Volumes, corev1.Volume{Name: claim.Name})
		for label := range claim.Labels {
			if _, stable := w.selector[label]; !stable {
				return w, fmt.Errorf("claim %s: label %s may change, claims cannot", claim.Name, label)
			}
		}
	}
	if *s.Spec.Replicas > 1 {
		return w, errors.New("several pods for one folder of jobs")
	}
	if service := r.service(s.Spec.ServiceName); service == nil || service.Spec.ClusterIP != corev1.ClusterIPNone {
		return w, fmt.Errorf("serviceName %s is no headless Service", s.Spec.ServiceName)
	}
	return w, nil
}

func (r *Release) service(name string) *corev1.Service {
	for i := range r.Services {
		if r.Services[i].Name == name {
			return &r.Services[i]
		}
	}
	return nil
}

func selects(selector, of map[string]string) bool {
	return len(selector) > 0 && labels.SelectorFromSet(selector).Matches(labels.Set(of))
}

func (r *Release) checkServices(w workload) error {
	ports := map[string]bool{}
	for _, container := range w.pod.Spec.Containers {
		for _, port := range container.Ports {
			ports[port.Name] = true
		}
	}
	for _, service := range r.Services {
		if !selects(service.Spec.Selector, w.pod.Labels) {
			return fmt.Errorf("Service %s selects no pod", service.Name)
		}
		for _, port := range service.Spec.Ports {
			if !ports[port.TargetPort.StrVal] {
				return fmt.Errorf("Service %s: the pod has no port %q", service.Name, port.TargetPort.StrVal)
			}
			if port.TargetPort.StrVal == "management" && service.Spec.Type != corev1.ServiceTypeClusterIP {
				return fmt.Errorf("Service %s shows the management port to the outside", service.Name)
			}
		}
	}
	return nil
}

// Selectors are forever: what they are made of must not change with a version.
func (r *Release) checkSelectors(w workload) error {
	for key := range w.selector {
		switch key {
		case "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component":
		default:
			return fmt.Errorf("the selector has %s", key)
		}
	}
	selectors := map[string]*metav1.LabelSelector{w.kind: {MatchLabels: w.selector}}
	policies := 0
	for _, budget := range r.Budgets {
		selectors["PodDisruptionBudget"] = budget.Spec.Selector
	}
	for _, policy := range r.Policies {
		if selects(policy.Spec.PodSelector.MatchLabels, w.pod.Labels) {
			policies++
		}
	}
	if len(r.Policies) > 0 && policies != 1 {
		return fmt.Errorf("%d NetworkPolicies are for the pods", policies)
	}
	for _, spread := range w.pod.Spec.TopologySpreadConstraints {
		selectors["topologySpreadConstraints"] = spread.LabelSelector
	}
	for kind, selector := range selectors {
		if !selects(selector.MatchLabels, w.pod.Labels) {
			return fmt.Errorf("the selector of %s selects no pod", kind)
		}
	}
	return nil
}

func (r *Release) checkTargets(w workload) error {
	targets := []string{}
	for _, scaler := range r.Scalers {
		targets = append(targets, scaler.Spec.ScaleTargetRef.Kind+" "+scaler.Spec.ScaleTargetRef.Name)
	}
	for _, object := range r.Objects {
		if len(object.Spec.Triggers) == 0 {
			return errors.New("ScaledObject: no trigger")
		}
		targets = append(targets, object.Spec.ScaleTargetRef.Kind+" "+object.Spec.ScaleTargetRef.Name)
	}
	for _, target := range targets {
		if target != w.kind+" "+w.name {
			return fmt.Errorf("an autoscaler's target is %s", target)
		}
		if len(r.Deployments) == 1 && r.Deployments[0].Spec.Replicas != nil {
			return errors.New("replicas are set beside an autoscaler: each upgrade would undo its work")
		}
	}
	return nil
}

func (r *Release) checkBackends(workload) error {
	for _, ingress := range r.Ingresses {
		for _, rule := range ingress.Spec.Rules {
			for _, path := range rule.HTTP.Paths {
				service := r.service(path.Backend.Service.Name)
				if service == nil || service.Spec.Ports[0].Name != path.Backend.Service.Port.Name {
					return fmt.Errorf("Ingress: no Service %s with this port", path.Backend.Service.Name)
				}
			}
		}
	}
	for _, route := range r.Routes {
		for _, rule := range route.Spec.Rules {
			for _, backend := range rule.BackendRefs {
				service := r.service(string(backend.Name))
				if service == nil || service.Spec.Ports[0].Port != int32(*backend.Port) {
					return fmt.Errorf("HTTPRoute: no Service %s with this port", backend.Name)
				}
			}
		}
	}
	return nil
}

func (r *Release) checkMonitors(workload) error {
	for _, monitor := range r.Monitors {
		found := 0
		for _, service := range r.Services {
			if selects(monitor.Spec.Selector.MatchLabels, service.Labels) &&
				service.Spec.Ports[0].Name == monitor.Spec.Endpoints[0].Port {
				found++
			}
		}
		if found != 1 {
			return fmt.Errorf("ServiceMonitor %s selects %d Services", monitor.Name, found)
		}
	}
	return nil
}

// Whoever is woken wants to know how bad it is and what to do.
func (r *Release) checkRules(workload) error {
	for _, rules := range r.Rules {
		for _, group := range rules.Spec.Groups {
			for _, rule := range group.Rules {
				if rule.Alert == "" {
					continue
				}
				severity := rule.Labels["severity"]
				if severity != "critical" && severity != "warning" {
					return fmt.Errorf("alert %s: severity %q", rule.Alert, severity)
				}
				for _, annotation := range []string{"summary", "description", "runbook"} {
					if rule.Annotations[annotation] == "" {
						return fmt.Errorf("alert %s has no %s", rule.Alert, annotation)
					}
				}
			}
		}
	}
	return nil
}

// A test's pod must not get requests, nor hold up evictions.
func (r *Release) checkTestPods(w workload) error {
	for _, pod := range r.Pods {
		if selects(w.selector, pod.Labels) {
			return fmt.Errorf("pod %s looks like one that serves", pod.Name)
		}
		if err := checkRestricted(pod.Spec); err != nil {
			return fmt.Errorf("pod %s: %w", pod.Name, err)
		}
	}
	return nil
}
