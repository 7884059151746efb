#!/bin/sh
# Runs etcd, Kubernetes' control plane and two registries. What ends is started again.
set -eu
umask 077
cd /etc/bed
: "${BED_ADDRESS:?the address of this container}" "${BED_REGISTRY_USER:?the login of the registry}"

keep() {
  name=$1
  shift
  while :; do
    "$@" >>"/var/log/bed/$name.log" 2>&1 || :
    sleep 0.2
  done &
}

registry_config() {
  cat <<E
version: 0.1
log: {level: info}
storage: {filesystem: {rootdirectory: /var/lib/bed/registry-$1}, delete: {enabled: true}}
http: {addr: ":$2", secret: bed, tls: {certificate: /etc/bed/server.crt, key: /etc/bed/server.key}}
E
}

htpasswd -iBc htpasswd "$BED_REGISTRY_USER" <registry-password 2>/dev/null
{
  registry_config private 5000
  echo 'auth: {htpasswd: {realm: pullcast-bed, path: /etc/bed/htpasswd}}'
} >registry-private.yml
registry_config public 5001 >registry-public.yml

keep registry-private docker-registry serve /etc/bed/registry-private.yml
keep registry-public docker-registry serve /etc/bed/registry-public.yml
keep etcd etcd --data-dir /var/lib/bed/etcd --unsafe-no-fsync --log-level warn
# etcd 3.4 tells no progress: a watch that begins with a list could wait for ever in a quiet cluster.
keep kube-apiserver kube kube-apiserver --feature-gates WatchList=false \
  --etcd-servers http://127.0.0.1:2379 \
  --advertise-address "$BED_ADDRESS" --bind-address 0.0.0.0 --secure-port 6443 \
  --tls-cert-file server.crt --tls-private-key-file server.key --cert-dir /var/lib/bed/certs \
  --token-auth-file tokens.csv --authorization-mode Node,RBAC \
  --enable-admission-plugins NodeRestriction --allow-privileged \
  --service-account-issuer https://kubernetes.default.svc \
  --service-account-key-file service-account.pub \
  --service-account-signing-key-file service-account.key \
  --service-cluster-ip-range 10.96.0.0/16 \
  --kubelet-preferred-address-types InternalIP

# Before the API server has made its own roles, it refuses controllers, and some of them give up for good.
until kubectl --kubeconfig controller-manager.conf get --raw /readyz >/dev/null 2>&1; do
  sleep 0.2
done
keep kube-controller-manager kube kube-controller-manager \
  --kubeconfig controller-manager.conf --use-service-account-credentials \
  --service-account-private-key-file service-account.key --root-ca-file ca.crt \
  --cert-dir /var/lib/bed/certs --leader-elect=false
keep kube-scheduler kube kube-scheduler \
  --kubeconfig scheduler.conf --cert-dir /var/lib/bed/certs --leader-elect=false
wait
