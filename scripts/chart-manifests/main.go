// Checks rendered manifests from standard input as an API server and a careful reviewer would: strict
// decoding into the API types of the pinned modules (unknown fields, wrong types and unknown kinds
// fail), then what types cannot express: that selectors meet their pods, that the pods keep Pod
// Security "restricted", and the chart's own promises.
//
// With -config ROOT it prints the configuration file of the ConfigMap for `headrace check` outside of a
// pod: the Secrets' files are looked for below ROOT instead of /etc/headrace.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

func main() {
	root := flag.String("config", "", "print headrace.yaml of the ConfigMap, with the Secrets' files below this folder")
	flag.Parse()
	text, err := io.ReadAll(os.Stdin)
	var release *Release
	if err == nil {
		release, err = Decode(text)
	}
	if err == nil {
		err = release.Check()
	}
	if err == nil && *root != "" {
		err = printConfig(release, *root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "chart-manifests:", err)
		os.Exit(1)
	}
}

// Decode reads all documents. Every object needs a name that is a DNS label, a namespace, and the
// labels by which people and tools find what belongs together.
func Decode(text []byte) (*Release, error) {
	release := &Release{}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var head struct {
			APIVersion string   `json:"apiVersion"`
			Kind       string   `json:"kind"`
			Metadata   metadata `json:"metadata"`
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			return nil, err
		}
		if head.Kind == "" {
			continue // comments only
		}
		err := checkMetadata(head.Metadata)
		if err == nil {
			err = release.add(head.APIVersion+"/"+head.Kind, document)
		}
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", head.Kind, head.Metadata.Name, err)
		}
	}
	return release, nil
}

type metadata struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
}

func checkMetadata(m metadata) error {
	if errs := validation.IsDNS1035Label(m.Name); len(errs) > 0 {
		return fmt.Errorf("name: %v", errs)
	}
	if m.Namespace == "" {
		return fmt.Errorf("has no namespace")
	}
	for _, label := range []string{"name", "instance", "component", "version", "managed-by", "part-of"} {
		if m.Labels["app.kubernetes.io/"+label] == "" {
			return fmt.Errorf("has no label app.kubernetes.io/%s", label)
		}
	}
	for key, value := range m.Labels {
		if errs := append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...); len(errs) > 0 {
			return fmt.Errorf("label %s: %v", key, errs)
		}
	}
	return nil
}

// Programs of queues run as the checker's user, whom the service refuses if it is root; in the pod it
// never is.
func printConfig(release *Release, root string) error {
	text := strings.ReplaceAll(release.Config, "/etc/headrace/", root+"/")
	var config map[string]any
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		return err
	}
	queues, _ := config["queues"].(map[string]any)
	for _, queue := range queues {
		q, _ := queue.(map[string]any)
		if q["handler"] != "command" || os.Geteuid() != 0 {
			continue
		}
		isolation, _ := q["isolation"].(map[string]any)
		if isolation == nil {
			isolation = map[string]any{}
		}
		isolation["allow_root"] = true
		q["isolation"] = isolation
	}
	out, err := yaml.Marshal(config)
	fmt.Print(string(out))
	return err
}
