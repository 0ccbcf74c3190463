// Decodes rendered manifests from standard input strictly into the Kubernetes API types of the pinned
// k8s.io/api: unknown fields, wrong types and unknown kinds fail, as an API server would refuse them.
// Then the promises of the chart which types cannot express are checked. With -config it prints the
// configuration file of the ConfigMap.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

type meta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
}

func main() {
	printConfig := flag.Bool("config", false, "print headrace.yaml of the ConfigMap")
	flag.Parse()
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = run(text, *printConfig)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chart-manifests:", err)
		os.Exit(1)
	}
}

func run(text []byte, printConfig bool) error {
	kinds := map[string]int{}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var m meta
		if err := yaml.Unmarshal(document, &m); err != nil {
			return err
		}
		if m.Kind == "" {
			continue // comments only
		}
		if errs := validation.IsDNS1035Label(m.Metadata.Name); len(errs) > 0 {
			return fmt.Errorf("%s %q: %v", m.Kind, m.Metadata.Name, errs)
		}
		if err := check(m, document, printConfig); err != nil {
			return fmt.Errorf("%s %s: %w", m.Kind, m.Metadata.Name, err)
		}
		kinds[m.Kind]++
	}
	if kinds["Deployment"] != 1 || kinds["Service"] != 2 || kinds["ConfigMap"] != 1 {
		return fmt.Errorf("rendered %v", kinds)
	}
	return nil
}

func check(m meta, document []byte, printConfig bool) error {
	switch m.APIVersion + "/" + m.Kind {
	case "v1/ConfigMap":
		var object corev1.ConfigMap
		if err := yaml.UnmarshalStrict(document, &object); err != nil {
			return err
		}
		if printConfig {
			fmt.Println(object.Data["headrace.yaml"])
		}
		return nil
	case "v1/Service":
		var object corev1.Service
		return yaml.UnmarshalStrict(document, &object)
	case "apps/v1/Deployment":
		var object appsv1.Deployment
		if err := yaml.UnmarshalStrict(document, &object); err != nil {
			return err
		}
		return checkPod(object)
	}
	return errors.New("unknown kind " + m.APIVersion + "/" + m.Kind)
}

// What Pod Security "restricted" asks for, and what this chart promises beside it.
func checkPod(d appsv1.Deployment) error {
	pod, labels := d.Spec.Template.Spec, d.Spec.Template.Labels
	for key, value := range d.Spec.Selector.MatchLabels {
		if labels[key] != value {
			return fmt.Errorf("the selector's %s does not match the pods' labels", key)
		}
	}
	c := pod.Containers[0]
	isTrue := func(b *bool) bool { return b != nil && *b }
	isFalse := func(b *bool) bool { return b != nil && !*b }
	switch {
	case !isTrue(pod.SecurityContext.RunAsNonRoot):
		return errors.New("runAsNonRoot is not set")
	case pod.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
		return errors.New("no RuntimeDefault seccomp profile")
	case !isFalse(c.SecurityContext.AllowPrivilegeEscalation):
		return errors.New("privilege escalation is allowed")
	case !isTrue(c.SecurityContext.ReadOnlyRootFilesystem):
		return errors.New("the root file system is writable")
	case len(c.SecurityContext.Capabilities.Drop) != 1 || c.SecurityContext.Capabilities.Drop[0] != "ALL":
		return errors.New("capabilities are not dropped")
	case !isFalse(pod.AutomountServiceAccountToken):
		return errors.New("a service account token is mounted")
	case c.StartupProbe == nil || c.ReadinessProbe == nil || c.LivenessProbe == nil:
		return errors.New("a probe is missing")
	case !c.Resources.Limits.Cpu().IsZero():
		return errors.New("a CPU limit is set")
	case c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero():
		return errors.New("no memory limit or no CPU request")
	}
	return nil
}
