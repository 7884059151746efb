//go:build !kube1.30

package main

import "k8s.io/kubernetes/pkg/credentialprovider"

func add(keyring *credentialprovider.BasicDockerKeyring, config credentialprovider.DockerConfig) {
	keyring.Add(nil, config)
}
