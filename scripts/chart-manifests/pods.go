package main

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

func isTrue(b *bool) bool  { return b != nil && *b }
func isFalse(b *bool) bool { return b != nil && !*b }

// None is what the platform chooses.
func isLow(id *int64) bool { return id != nil && *id < 10000 }

// checkRestricted: what Pod Security "restricted" asks for, and a root file system nobody writes, no
// token, no injected environment, and files that are there.
func checkRestricted(pod corev1.PodSpec) error {
	switch {
	case pod.SecurityContext == nil || !isTrue(pod.SecurityContext.RunAsNonRoot):
		return errors.New("runAsNonRoot is not set")
	case pod.SecurityContext.SeccompProfile == nil || pod.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault:
		return errors.New("no RuntimeDefault seccomp profile")
	case isLow(pod.SecurityContext.RunAsUser) || isLow(pod.SecurityContext.RunAsGroup):
		return errors.New("a user or group that the node may have, too")
	case !isFalse(pod.AutomountServiceAccountToken):
		return errors.New("a service account token is mounted")
	case !isFalse(pod.EnableServiceLinks):
		return errors.New("Services are injected as HEADRACE_ variables")
	case pod.HostNetwork || pod.HostPID || pod.HostIPC:
		return errors.New("shares a namespace with its node")
	}
	for _, container := range pod.Containers {
		if err := checkContainer(container); err != nil {
			return fmt.Errorf("container %s: %w", container.Name, err)
		}
		if err := checkVolumes(pod, container); err != nil {
			return fmt.Errorf("container %s: %w", container.Name, err)
		}
	}
	return nil
}

func checkContainer(c corev1.Container) error {
	switch s := c.SecurityContext; {
	case s == nil || !isFalse(s.AllowPrivilegeEscalation):
		return errors.New("privilege escalation is allowed")
	case !isTrue(s.ReadOnlyRootFilesystem):
		return errors.New("the root file system is writable")
	case s.Capabilities == nil || len(s.Capabilities.Drop) != 1 || s.Capabilities.Drop[0] != "ALL" || len(s.Capabilities.Add) > 0:
		return errors.New("capabilities are not dropped")
	case c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero():
		return errors.New("no memory limit or no CPU request")
	}
	return nil
}

func checkVolumes(pod corev1.PodSpec, c corev1.Container) error {
	for _, mount := range c.VolumeMounts {
		found := false
		for _, volume := range pod.Volumes {
			found = found || volume.Name == mount.Name
			if volume.EmptyDir != nil && volume.EmptyDir.SizeLimit == nil {
				return fmt.Errorf("volume %s has no size limit", volume.Name)
			}
			if volume.HostPath != nil {
				return fmt.Errorf("volume %s is a folder of the node", volume.Name)
			}
		}
		if !found {
			return fmt.Errorf("there is no volume %s", mount.Name)
		}
	}
	return nil
}

// checkServer: what the chart promises about the pod that serves.
func checkServer(w workload) error {
	pod := w.pod.Spec
	c := pod.Containers[0]
	switch {
	case c.Name != "headrace":
		return errors.New("the first container is not the service")
	case w.pod.Annotations["checksum/config"] == "":
		return errors.New("a new configuration would roll no pod")
	case c.StartupProbe == nil || c.ReadinessProbe == nil || c.LivenessProbe == nil:
		return errors.New("a probe is missing")
	case c.Lifecycle != nil:
		return errors.New("has a hook; the delay at a stop is the service's own")
	case !c.Resources.Limits.Cpu().IsZero():
		return errors.New("a CPU limit is set")
	case pod.TerminationGracePeriodSeconds == nil:
		return errors.New("no grace period")
	}
	return checkRestricted(pod)
}
