import type { Phase } from "./model.ts";

/** What a code means: the title is a whole clause, the fix is a step for the user. */
interface CodeEntry {
  readonly title: string;
  readonly fix: string;
}

/**
 * All that can go wrong, one row each. Codes are stable: tools match on them.
 * PC1xx cluster, 2xx ssh, 3xx file on a node, 4xx registry (HTTP's numbers where one fits),
 * 5xx kubelet, 6xx credentials, 7xx images.
 */
const TABLE = {
  PC000: { title: "all is well", fix: "nothing is needed" },
  PC001: {
    title: "the command line or configuration is not usable",
    fix: "see pullcast --help",
  },
  PC002: {
    title: "pullcast itself failed",
    fix: "report it with the text printed above",
  },

  PC003: {
    title: "the run's record could not be kept",
    fix: "check the space and mode of $XDG_STATE_HOME/pullcast; a later verify may wait longer than needed",
  },
  PC004: {
    title: "the run was interrupted before it had a result",
    fix: "run the command again: it is safe",
  },

  PC101: {
    title: "kubectl was not found",
    fix: "install kubectl and put it on PATH, or use --hosts",
  },
  PC102: {
    title: "the kubeconfig or its context is not usable",
    fix: "kubectl config get-contexts",
  },
  PC103: { title: "the API server can't be reached", fix: "kubectl cluster-info" },
  PC104: {
    title: "the API server refused this user",
    fix: "kubectl auth can-i list nodes; log in again, or use --context",
  },
  PC105: { title: "kubectl's answer can't be read", fix: "kubectl get nodes -o json" },
  PC106: { title: "the API server took too long", fix: "raise --request-timeout" },
  PC110: { title: "no node was selected", fix: "kubectl get nodes --show-labels" },
  PC111: { title: "there is no such node", fix: "kubectl get nodes" },
  PC112: {
    title: "the node has no usable address",
    fix: "kubectl get node NODE -o jsonpath='{.status.addresses}', then --address or --hosts NAME=ADDRESS",
  },
  PC113: {
    title: "the node's address points to this machine or a local link",
    fix: "use --hosts NAME=ADDRESS if it is really meant",
  },
  PC114: {
    title: "two nodes have one address",
    fix: "kubectl get nodes -o wide; use --address or --hosts NAME=ADDRESS",
  },
  PC115: { title: "Windows nodes are not served", fix: "use imagePullSecrets for Windows pods" },
  PC116: { title: "a virtual node has no kubelet files", fix: "use imagePullSecrets for its pods" },
  PC117: {
    title: "this cloud replaces nodes: files on them don't last",
    fix: "pullcast secret apply, or the cloud's own credential provider; --force pushes all the same",
  },
  PC118: {
    title: "OpenShift's machine-config operator owns the kubelet's config.json",
    fix: "oc set data secret/pull-secret -n openshift-config --from-file=.dockerconfigjson=FILE",
  },
  PC119: {
    title: "a host entry can't be read",
    fix: "write ADDRESS, ADDRESS:PORT, [IPV6]:PORT or NAME=ADDRESS",
  },
  PC120: { title: "some test pods could not be removed", fix: "pullcast cleanup" },
  PC130: {
    title: "this user may not do that in the cluster",
    fix: "ask for a role that allows it; kubectl auth can-i --list shows what is allowed",
  },
  PC131: {
    title: "the node is not Ready",
    fix: "kubectl describe node NODE; a push may work all the same",
  },
  PC132: { title: "it was not checked", fix: "see the reason given" },

  PC140: {
    title: "the run ended before its last wave: too many nodes failed",
    fix: "mend the cause that the failed nodes tell, then pullcast push --failed",
  },
  PC141: {
    title: "the run was paused",
    fix: "pullcast push --failed, with the same options, goes on with the nodes that are left",
  },
  PC142: {
    title: "the cluster's Lease could not be had, so that other runs are not kept away",
    fix: "give the user get, create and update on leases in kube-system; each node guards its file all the same",
  },
  PC143: {
    title: "another run holds this cluster",
    fix: "wait until it has ended, or for longer: --lock-wait 10m",
  },
  PC144: {
    title: "the rollback did not bring back the very bytes that stood there before the run",
    fix: "pullcast diff and pullcast history show what stands there now",
  },
  PC145: {
    title: "the run was rolled back on this node, since too many nodes failed",
    fix: "mend the cause that the failed nodes tell, then pullcast push --failed",
  },
  PC146: {
    title: "the rollback of this node failed",
    fix: "pullcast rollback NODE, once it can be reached",
  },

  PC147: {
    title: "this system takes registry credentials from its own settings, not from a file",
    fix: "see the reason given",
  },

  PC150: {
    title: "this is not the cluster that the file is for",
    fix: "kubectl config get-contexts, then --context; pullcast init makes a file for this one",
  },
  PC151: {
    title: "nodes are in two pools of the file",
    fix: "make the pools' selectors tell them apart, or exclude them in one",
  },
  PC152: {
    title: "a pool has no nodes now",
    fix: "nothing, if it may be empty; else compare its selector with kubectl get nodes --show-labels",
  },
  PC153: {
    title: "nodes are in no pool of the file",
    fix: "add a pool for them, or leave them out knowingly",
  },
  PC154: {
    title: "pools were not begun",
    fix: "mend the cause that the failed nodes tell, then pullcast apply again",
  },

  PC160: { title: "no namespace was selected", fix: "kubectl get namespaces --show-labels" },
  PC161: { title: "there is no such namespace", fix: "kubectl get namespaces" },
  PC162: {
    title: "the namespace is being deleted",
    fix: "wait until it is gone; kubectl get namespace NAMESPACE -o yaml tells what holds it up",
  },
  PC163: {
    title: "another field manager owns the Secret's values",
    fix: "find out whose it is; then --replace takes it over, or another --name leaves it alone",
  },
  PC164: {
    title: "a Secret of another type has the name",
    fix: "use another --name, or kubectl delete secret NAME -n NAMESPACE",
  },
  PC165: {
    title: "the Secret is immutable",
    fix: "use another --name, or kubectl delete secret NAME -n NAMESPACE",
  },
  PC166: {
    title: "the namespace's quota has no room",
    fix: "kubectl describe quota -n NAMESPACE",
  },
  PC167: {
    title: "an admission policy or webhook refused it",
    fix: "see its own words; leave the namespace out with --exclude, or have the policy allow pullcast's Secrets",
  },
  PC168: {
    title: "the credentials don't fit into a Secret (1 MiB)",
    fix: "send fewer: --only REGISTRY",
  },
  PC169: {
    title: "there is no such ServiceAccount",
    fix: "kubectl get serviceaccounts --all-namespaces",
  },
  PC170: {
    title: "the object kept changing while it was written",
    fix: "run the command again; kubectl get -o yaml --show-managed-fields tells who writes it",
  },
  PC171: { title: "the API server refused the object", fix: "see its own words" },
  PC172: {
    title: "the ServiceAccount names the Secret, and pullcast did not add it",
    fix: "kubectl edit serviceaccount NAME -n NAMESPACE, if it should not",
  },
  PC173: {
    title: "the Secret is not pullcast's",
    fix: "use another --name, or pullcast secret apply --replace to take it over",
  },
  PC174: {
    title: "the namespace has no such Secret",
    fix: "pullcast secret apply -n NAMESPACE",
  },
  PC175: {
    title: "a kubelet can use nothing of the Secret",
    fix: "pullcast secret apply -n NAMESPACE",
  },
  PC176: {
    title: "others have written the Secret's values besides pullcast",
    fix: "pullcast secret diff -n NAMESPACE tells what would be put back, pullcast secret apply --replace does it",
  },
  PC177: {
    title: "ServiceAccounts don't name the Secret",
    fix: "pullcast secret apply -n NAMESPACE with the same --service-account",
  },
  PC178: {
    title: "pods were made before their ServiceAccount named the Secret, and run without it",
    fix: "kubectl rollout restart -n NAMESPACE, for what made them",
  },
  PC179: {
    title: "none of the pod's own Secrets is let in: the node's credentials served the pull",
    fix: "pullcast secret apply -n NAMESPACE --service-account NAME, if pods are not to rely on nodes",
  },

  PC180: {
    title: "others change this node's file again and again",
    fix: "pullcast history NODE and the node's own tools tell who; --merge keeps both, or exclude the node",
  },
  PC181: {
    title: "the node's startup taint can't be taken off",
    fix: "give the user get and patch on nodes, or kubectl taint node NODE KEY-",
  },
  PC182: {
    title: "the node's startup taint was taken off without a proof, since its time was over",
    fix: "pullcast verify NODE --image REF tells what is wrong",
  },
  PC183: {
    title: "the agent is not ready on the node",
    fix: "kubectl describe and kubectl logs of its pod tell more: pullcast agent status -o wide",
  },
  PC184: {
    title: "there is no agent in the cluster",
    fix: "pullcast agent install, or name it: --namespace, --name",
  },
  PC185: {
    title: "others own a part of what the agent is made of",
    fix: "bring the change by the tool that made it (Helm, GitOps), or use another --name",
  },

  PC186: {
    title: "others than the machine's root can read user data",
    fix: "use robot accounts that may only pull, or a gate (pullcast watch --gate), or live mode",
  },
  PC187: {
    title: "the document may be too large for user data",
    fix: "send only what new machines need at first: --only",
  },
  PC188: {
    title: "no template of pullcast was at work on this pool's newest node",
    fix: "put what pullcast render prints into the pool's template, or serve new nodes by pullcast watch",
  },
  PC189: {
    title: "the pool's template brings other credentials than a push would",
    fix: "render it anew, with the same source: pullcast render",
  },

  PC201: { title: "the name can't be resolved", fix: "check DNS, or use --address or --hosts" },
  PC202: {
    title: "the connection was refused",
    fix: "check that sshd listens there, or give --ssh-port",
  },
  PC203: {
    title: "the connection timed out",
    fix: "check routes and firewalls, or use another --address",
  },
  PC204: {
    title: "there is no route to the node",
    fix: "check VPN and routes, or use another --address",
  },
  PC205: {
    title: "the peer closed before it spoke SSH",
    fix: "check that the port is sshd's, or give --ssh-port",
  },
  PC206: {
    title: "sshd is throttling connections",
    fix: "wait 20 s, then use a lower --concurrency",
  },
  PC207: { title: "the SSH handshake failed", fix: "ssh -v NODE true" },
  PC208: { title: "no common SSH algorithm", fix: "ssh -v NODE true shows what the node offers" },
  PC211: {
    title: "the host key is not known",
    fix: "pullcast trust NODE for a node of a cluster; else compare the fingerprint with the host's console, then add it to known_hosts, or use --host-key-checking accept-new",
  },
  PC212: {
    title: "the host key has changed",
    fix: "find out why before anything else: a rebuilt node, or an attack",
  },
  PC213: { title: "the host key is revoked", fix: "rebuild or re-key the node" },
  PC214: {
    title: "known_hosts has only other key types for this host",
    fix: "add the key the node offers, after comparing it",
  },
  PC215: {
    title: "known_hosts can't be read",
    fix: "check the file's path and mode, or give --known-hosts",
  },
  PC216: {
    title: "a host key was new and has been added to known_hosts",
    fix: "compare its fingerprint with what the node's console shows",
  },
  PC217: {
    title: "known_hosts has lines about the host that can't be read",
    fix: "mend or remove these lines",
  },
  PC218: {
    title: "the node has other host keys than those pinned",
    fix: "find out why before anything else: a rebuilt node, or an attack",
  },
  PC221: { title: "the node refused the login", fix: "check --ssh-user and -i; ssh -v NODE true" },
  PC222: { title: "a private key can't be used", fix: "give another file with -i" },
  PC223: {
    title: "there is no key to log in with",
    fix: "give -i FILE, or start ssh-agent and ssh-add",
  },
  PC224: {
    title: "sudo needs a password",
    fix: "--ask-become-pass, or allow it without one for this user (USER ALL=(root) NOPASSWD: /bin/sh)",
  },
  PC225: {
    title: "the node did not run our program",
    fix: "ssh NODE true: look for a forced command, nologin or a start-up file that exits",
  },
  PC226: { title: "the connection was lost", fix: "run the command again: it is safe" },
  PC227: {
    title: "the node took too long",
    fix: "look at the node's load and disk, or raise --node-timeout",
  },
  PC228: {
    title: "the node flooded its output",
    fix: "look at the node: something prints endlessly",
  },
  PC229: { title: "the node asks for another login name", fix: "give --ssh-user" },
  PC231: {
    title: "the host that answered is not this node",
    fix: "compare /etc/machine-id and /sys/class/dmi/id/product_uuid there with kubectl get node NODE -o jsonpath='{.status.nodeInfo}'; --no-node-check where machines share or change their ids",
  },

  PC234: {
    title: "the jump host does not let pullcast through",
    fix: "check AllowTcpForwarding and PermitOpen in its sshd_config",
  },
  PC236: {
    title: "sudo refused the password",
    fix: "find out which password sudo wants there (ssh NODE, then sudo -k true), then run the command again",
  },
  PC237: {
    title: "the node lacks the program that makes the login root",
    fix: "install it, choose another with --become, or log in as root",
  },
  PC238: {
    title: "sudo did not run our program",
    fix: "try it there: sudo -n /bin/sh -c true",
  },
  PC239: {
    title: "doas did not run our program, and it takes a password from terminals alone",
    fix: "allow it without one in /etc/doas.conf of the node: permit nopass USER as root cmd /bin/sh",
  },
  PC235: { title: "ssh's configuration can't be used", fix: "ssh -G localhost" },
  PC233: { title: "ssh can't tell how to reach the node", fix: "ssh -G NODE" },

  PC260: {
    title: "too many keys for the node's sshd",
    fix: "name the right one: -i FILE, or IdentityFile and IdentitiesOnly yes for this host in ssh's configuration",
  },
  PC261: {
    title: "a private key stays locked",
    fix: "ssh-add the key, or run on a terminal and give its passphrase",
  },
  PC262: {
    title: "ssh-agent did not sign",
    fix: "look for its prompt, unlock it (ssh-add -X) or restart it; ssh-add -T FILE tests a key",
  },
  PC263: {
    title: "the node asks for what pullcast does not answer",
    fix: "ssh NODE once by hand; pullcast answers one hidden question, with the password of --ask-pass",
  },
  PC264: {
    title: "a secret was asked for and not given",
    fix: "run it on a terminal and type it, or use a key or a rule that needs none",
  },
  PC240: {
    title: "the system's ssh is needed to reach the node, and can't be run",
    fix: "install ssh (openssh-client)",
  },
  PC241: {
    title: "ssh2 can't reach the node as ssh's configuration wants it",
    fix: "--transport auto, which takes the system's ssh then",
  },
  PC242: {
    title: "ssh2 reaches the node without what only the system's ssh can use",
    fix: "install ssh (openssh-client) and use --transport auto, where it matters",
  },
  PC243: {
    title: "the host's certificate is not valid",
    fix: "have it issued anew, for the name that ssh is asked about",
  },
  PC244: {
    title: "the ProxyCommand did not bring a connection",
    fix: "ssh -v NODE true shows the command and its words",
  },
  PC245: { title: "ssh failed", fix: "ssh -v NODE true" },

  PC265: {
    title: "--ssh-host-template makes no host name of the node",
    fix: "write it with {name} or {address}, for instance --ssh-host-template '{name}.prod.example.com'",
  },
  PC266: {
    title: "ssh is not there, and its configuration holds what only ssh can tell",
    fix: "install ssh (openssh-client), or give --ssh-config none and flags such as --ssh-user, --ssh-port, -i",
  },
  PC267: {
    title: "ssh is not there, and some of its settings are ignored",
    fix: "install ssh (openssh-client) if they matter",
  },
  PC250: {
    title: "the pod that reads the node's host keys did not run",
    fix: "kubectl describe node NODE; another --image or -n may help",
  },
  PC251: {
    title: "the node showed no host keys",
    fix: "look at /etc/ssh there: sshd may keep its keys elsewhere, or there is none",
  },
  PC255: {
    title: "the run stopped, for three nodes in a row failed with the same cause",
    fix: "mend that cause and run the command again, or go on all the same with --no-breaker",
  },
  PC257: {
    title: "the host did not prove that it owns its host key",
    fix: "find out who answers at that address: an attacker knows a node's public key, not the private one",
  },
  PC268: {
    title: "the node's system has no sshd",
    fix: "use that system's own way to registry logins, or imagePullSecrets",
  },
  PC269: {
    title: "a certificate to log in with is not valid",
    fix: "get a new one from who issues it (tsh login, step ssh login, vault ssh, …)",
  },

  PC301: {
    title: "a file that pullcast did not write is there",
    fix: "pullcast diff shows it; then --merge to keep its entries, or --replace (the old one is kept; pullcast restore puts it back)",
  },
  PC302: {
    title: "another file that the kubelet uses now would be hidden",
    fix: "push --merge --import-hidden, or move its entries into your source, then --replace",
  },
  PC303: { title: "the target is not a regular file", fix: "remove or rename it on the node" },
  PC304: { title: "the target is a mount point", fix: "unmount it, or change what mounts it" },
  PC305: { title: "the target or its directory is immutable", fix: "chattr -i PATH on the node" },
  PC306: { title: "the file system is read-only", fix: "mount it read-write on the node" },
  PC307: { title: "the disk is full", fix: "free space or inodes on the node: df -h, df -i" },
  PC308: {
    title: "users other than root may change the directory",
    fix: "chown root and chmod go-w it on the node",
  },
  PC309: {
    title: "the directory does not exist",
    fix: "check that this machine is a node, or give --path",
  },
  PC310: { title: "the upload was cut short", fix: "run the command again: it is safe" },
  PC311: { title: "the upload arrived damaged", fix: "run the command again: it is safe" },
  PC312: {
    title: "another run is at work on this node",
    fix: "wait for it to end, then run again",
  },
  PC313: { title: "writing failed", fix: "look at dmesg on the node: the disk may be failing" },
  PC314: {
    title: "another file stands there than the one written",
    fix: "look for another tool that writes it, then run again",
  },
  PC315: {
    title: "the node lacks a program that is needed",
    fix: "install coreutils and util-linux (or busybox) there",
  },
  PC316: {
    title: "the file is in place, but it may not survive a power cut",
    fix: "look at dmesg on the node, then run again",
  },
  PC317: {
    title: "there is nothing to restore",
    fix: "nothing is needed",
  },
  PC318: {
    title: "the file was changed after pullcast wrote it",
    fix: "look at it on the node, then restore --replace",
  },
  PC319: {
    title: "the kubelet does not look at this path",
    fix: "leave --path out, or check the kubelet's --root-dir",
  },
  PC320: { title: "the node runs kubelets with different root directories", fix: "give --path" },
  PC321: {
    title: "no kubelet was seen on the node, its root directory is assumed",
    fix: "start the kubelet, or give --path",
  },
  PC322: {
    title: "the node's state could not be read back",
    fix: "run the command again: it is safe",
  },
  PC323: {
    title: "the program on the node is not root's after all",
    fix: "log in as root, or give --become sudo",
  },

  PC324: {
    title: "the node lacks a program, another did its work",
    fix: "nothing is needed; coreutils brings the usual one",
  },
  PC325: {
    title:
      "the node's sync takes no file names, so it synced all disks, and a disk's error would go unseen",
    fix: "look at dmesg on the node; coreutils 8.24 or newer brings another sync",
  },
  PC326: {
    title: "the kept file is gone or can't be read, so it can't be put back",
    fix: "look at .pullcast beside the file on the node",
  },

  PC330: {
    title: "the file was changed by somebody else meanwhile",
    fix: "run the command again: it is safe",
  },
  PC331: {
    title: "an entry of others stands where one would be put",
    fix: "leave it out (--except KEY), or --replace to put yours in its place",
  },
  PC332: {
    title: "entries of another field manager were taken over",
    fix: "agree on one source for them, or give the same --field-manager",
  },
  PC333: {
    title: "nothing can be merged into the file that is there",
    fix: "look at it on the node; --drop-invalid removes entries that void it, --replace the whole file",
  },

  PC340: {
    title: "the node's annotation could not be written",
    fix: "give the user the verb patch on nodes, or leave --annotate out; the file is in place",
  },
  PC341: {
    title: "no annotation tells of the node's file",
    fix: "pullcast status looks at the node; push --annotate leaves an annotation",
  },
  PC342: {
    title: "the state is told by annotations, and what happened on nodes since is not seen",
    fix: "pullcast status without --from-annotations looks at the nodes",
  },

  PC350: {
    title: "credentials of that run have ended since",
    fix: "push new ones",
  },
  PC351: {
    title: "that run's file is not kept on the node",
    fix: "pullcast history shows which are",
  },
  PC352: {
    title: "no run of which nodes failed is known on this machine",
    fix: "name the nodes; runs are recorded in $XDG_STATE_HOME/pullcast/runs",
  },
  PC370: {
    title: "another place on the node still has a login for what was removed",
    fix: "look at it on the node: whoever put it there must take it away",
  },
  PC371: {
    title: "nobody could look where else the node has logins for what was removed",
    fix: "pullcast explain IMAGE --node NODE",
  },
  PC372: {
    title:
      "images of a registry whose login was removed are still on the node, and pods may go on using them",
    fix: "crictl rmi IMAGE on the node, or imagePullPolicy: Always, which asks the registry at each start",
  },

  PC401: {
    title: "the registry denied the pull",
    fix: "pullcast explain IMAGE --node NODE tells which credential the node tries: it must be allowed to pull this repository",
  },
  PC403: {
    title: "the registry denied the pull or has no such image",
    fix: "check the name, and that the credential may pull it",
  },
  PC404: { title: "the registry has no such image", fix: "check repository and tag" },
  PC429: { title: "the registry limits the rate of pulls", fix: "wait, or lower --max-pulls" },
  PC430: {
    title: "the registry does not take this credential",
    fix: "docker login REGISTRY, then pullcast check again",
  },
  PC431: {
    title: "the registry says that this credential has expired",
    fix: "docker login REGISTRY, then pullcast check again",
  },
  PC432: {
    title: "the registry can't be reached from this machine",
    fix: "check its name, HTTPS_PROXY and --ca; nodes may reach it all the same",
  },
  PC433: { title: "the credential was not tried", fix: "see the reason given" },
  PC434: {
    title: "this credential may push, and every pod on a node may use it",
    fix: "make one that may only pull",
  },
  PC435: {
    title: "the credential lacks a permission that pulls need",
    fix: "allow the action named in the user's IAM policy",
  },
  PC436: {
    title: "no credential of the source serves the image",
    fix: "docker login REGISTRY of the image, or check the keys of the source",
  },
  PC460: {
    title: "the node does not trust the registry's certificate",
    fix: "install the CA on the node for its runtime",
  },
  PC461: {
    title: "the node can't reach the registry",
    fix: "check DNS, proxy and firewall on the node",
  },
  PC470: {
    title: "anybody may pull this image: it proves nothing",
    fix: "verify with a private image",
  },
  PC471: {
    title: "this registry answers strangers the same way: it proves nothing",
    fix: "verify with a real private image",
  },
  PC472: {
    title: "whether strangers may pull it is not known, so nothing is proven",
    fix: "verify where the registry can be asked (--ca, HTTPS_PROXY), or --assume-private if you know that they can't",
  },

  PC501: {
    title: "the kubelet may still use what it read before",
    fix: "wait (5 minutes at most), or push --restart-kubelet",
  },
  PC502: {
    title: "the kubelet could not be restarted",
    fix: "systemctl status kubelet on the node",
  },
  PC503: { title: "the node did not come back Ready", fix: "journalctl -u kubelet on the node" },
  PC504: { title: "no systemd unit owns the kubelet", fix: "give --kubelet-restart-command" },
  PC505: { title: "another credential may have served the pull", fix: "see the reason given" },
  PC506: {
    title: "the test pod was not admitted",
    fix: "see the API server's words; another -n may allow it",
  },
  PC507: { title: "the kubelet did not start the test pod", fix: "kubectl describe node NODE" },
  PC508: {
    title: "admission changed the test pod",
    fix: "use a namespace (-n) that the webhook leaves alone",
  },
  PC509: { title: "the restart was left out", fix: "see the reason given" },
  PC510: {
    title: "the kubelet would try no credential",
    fix: "pullcast push with an entry for the image's registry",
  },
  PC511: {
    title: "a credential file on the node is void: the kubelet skips it whole",
    fix: "pullcast push puts a sound file in its place; or mend or remove it on the node",
  },
  PC512: {
    title: "a file that serves the image is hidden by another",
    fix: "move its entries into your source and push, or remove the file that hides it",
  },
  PC513: {
    title: "the kubelet may still use what it read before the last change",
    fix: "wait (5 minutes at most), or restart the kubelet",
  },
  PC514: {
    title: "the credential providers' configuration is not in force as it stands",
    fix: "mend it, then restart the kubelet",
  },
  PC515: {
    title: "a credential provider's program is missing",
    fix: "install it on the node, executable, in the directory named",
  },
  PC516: {
    title: "a credential provider failed lately",
    fix: "see its words in the kubelet's log",
  },
  PC517: {
    title: "a pull secret of the pod does not exist",
    fix: "kubectl create secret docker-registry NAME -n NAMESPACE …",
  },
  PC518: {
    title: "the kubelet passes over a pull secret of the pod",
    fix: "make it anew: kubectl create secret docker-registry NAME -n NAMESPACE …",
  },
  PC519: {
    title: "a pull secret of the pod is void: the kubelet gives up before any try",
    fix: "mend it, or take it out of the pod's imagePullSecrets",
  },
  PC520: {
    title: "the pod lacks pull secrets that its ServiceAccount has",
    fix: "make the pod anew: they are added when a pod is created",
  },
  PC521: {
    title: "a credential file could not be judged",
    fix: "look at it on the node",
  },
  PC522: {
    title: "the kubelet waits for ever at a FIFO",
    fix: "remove it on the node, then restart the kubelet",
  },
  PC523: {
    title: "the node's pull was served, though its credential was taken away",
    fix: "pullcast explain IMAGE --node NODE tells what else serves it",
  },
  PC540: { title: "the nodes were not verified", fix: "pullcast verify --image REF" },
  PC541: {
    title: "no running kubelet was found on the node",
    fix: "systemctl start kubelet on the node (journalctl -u kubelet tells why it ended), or give --kubelet-restart-command",
  },
  PC542: {
    title: "the run was interrupted while the kubelet restarted",
    fix: "kubectl get nodes, then run the command again: it is safe",
  },
  PC543: {
    title: "the run was interrupted while the node's test pod was at work",
    fix: "verify this node again",
  },
  PC550: {
    title:
      "the kubelet can't be made to ask a provider there without risk; the node was left alone",
    fix: "see the reason given, or use --delivery file",
  },
  PC551: {
    title: "the kubelet is too old for --delivery provider, which needs 1.26",
    fix: "use --delivery file, or upgrade the node",
  },
  PC552: {
    title: "the kubelet tries entries of its config.json before it asks the provider",
    fix: "pullcast remove --delivery file NODE takes pullcast's own entries out of that file",
  },
  PC553: {
    title: "the kubelet needs one more restart for registries on a new port",
    fix: "nothing: the push does it; --provider-ports names ports that later pushes may bring",
  },
  PC554: {
    title: "the provider has no place on the node",
    fix: "make the directory writable and executable, or use --delivery file",
  },
  PC555: {
    title: "the node was not well with the provider; what stood there before is back",
    fix: "journalctl -u kubelet on the node tells why",
  },
  PC556: {
    title: "nothing is on trial there: the node took the provider back by itself",
    fix: "journalctl -u pullcast-undo and -u kubelet on the node, then push again",
  },
  PC557: {
    title:
      "a provider can't tell the kubelet these logins: bytes that are no text, or a host of more than 8 parts",
    fix: "--except KEY leaves an entry out, or use --delivery file",
  },
  PC558: {
    title: "the kubelet reads a copy of this list of providers, with pullcast's in it",
    fix: "push again whenever it is changed: status tells of it",
  },
  PC559: {
    title: "the kubelet does not ask the provider",
    fix: "pullcast push --delivery provider again",
  },

  PC601: {
    title: "no docker config.json was found",
    fix: "docker login REGISTRY, or give --config FILE",
  },
  PC602: {
    title: "the credential file is empty",
    fix: "docker login REGISTRY, or give another --config",
  },
  PC603: { title: "the credential file is not JSON", fix: "look at the place named" },
  PC604: {
    title: "the credential file has no auths",
    fix: "docker login REGISTRY without a credential helper, or give another --config",
  },
  PC605: {
    title: "the credential source is not a file",
    fix: "give the file itself with --config",
  },
  PC606: { title: "the credential file can't be read", fix: "check its path and mode" },
  PC607: {
    title: "the credential file is too large",
    fix: "keep only the registries that nodes need",
  },
  PC608: {
    title: "the credential file holds nothing that a kubelet can use",
    fix: "each entry needs auth, or username and password",
  },
  PC610: {
    title: "the kubelet ignores part of the source",
    fix: "docker login REGISTRY again, or remove the entry",
  },
  PC611: {
    title: "every pod on a node may use these credentials",
    fix: "prefer robot accounts that may only pull",
  },
  PC612: {
    title: "every user of this machine can read the credential file",
    fix: "chmod 600 FILE",
  },
  PC613: {
    title: "a credential looks damaged",
    fix: "docker login again, or write it without a line break: printf %s USER:PASSWORD | base64",
  },
  PC620: {
    title: "a credential helper is not installed",
    fix: "install it and put it on PATH",
  },
  PC621: { title: "a credential helper failed", fix: "log in again with the helper's own tool" },
  PC622: {
    title: "a credential helper did not answer",
    fix: "unlock its keychain, or log in again with the helper's own tool",
  },
  PC623: {
    title: "a credential helper's answer can't be used",
    fix: "try it: echo REGISTRY | docker-credential-NAME get",
  },
  PC624: {
    title: "a credential helper's name is not a name",
    fix: "look at credsStore and credHelpers of the source",
  },
  PC625: {
    title: "the credential helper has nothing for an entry",
    fix: "docker login REGISTRY, or remove the entry",
  },
  PC626: {
    title: "an identity token is no password that a kubelet can send",
    fix: "give a user and a password with --registry HOST --username USER --password-stdin",
  },
  PC627: {
    title: "the registry's token service refused an identity token",
    fix: "log in again at the registry",
  },
  PC628: {
    title: "the registry's token service could not be asked about an identity token",
    fix: "try again; check the network and HTTPS_PROXY",
  },
  PC630: { title: "there is no such Secret", fix: "kubectl get secrets --all-namespaces" },
  PC631: {
    title: "the Secret holds no registry credentials",
    fix: "name one of the type kubernetes.io/dockerconfigjson or kubernetes.io/dockercfg",
  },
  PC632: {
    title: "--only or --except means no credentials",
    fix: "compare the globs with the registries of the source",
  },
  PC633: { title: "credentials are left out as asked", fix: "change --only and --except" },
  PC634: {
    title: "another credential source was found and is not used",
    fix: "name the sources to use with --config",
  },
  PC635: {
    title: "HttpHeaders of the source are not sent",
    fix: "none is needed: kubelets never send them",
  },
  PC636: {
    title: "two sources have the same registry",
    fix: "the later one counts; change their order, or remove one",
  },
  PC638: {
    title: "the plan was not confirmed; nothing was touched",
    fix: "say --yes, or name the source with --config",
  },
  PC640: {
    title: "nothing here names an identity that the registry's cloud knows",
    fix: "run it where the cloud gives one (workload identity, an instance's role), or name another source",
  },
  PC641: {
    title: "the cloud does not give a registry login to this identity",
    fix: "let the identity read images: ecr:GetAuthorizationToken, artifactregistry.reader, AcrPull",
  },
  PC642: {
    title: "the cloud could not be asked for a registry login",
    fix: "try again; check the network and HTTPS_PROXY",
  },
  PC650: {
    title: "an entry that can't be read makes a kubelet ignore the whole file",
    fix: "docker login REGISTRY again, or write auth as printf %s USER:PASSWORD | base64 prints it",
  },
  PC651: {
    title: "with an entry that lacks a user name or a password, a kubelet logs in with nothing",
    fix: "docker login REGISTRY, or remove the entry",
  },
  PC652: {
    title: "an entry has only a token, and kubelets ignore tokens",
    fix: "docker login REGISTRY with a user name and an access token as password",
  },
  PC653: {
    title: "docker uses the entry's token, a kubelet its password",
    fix: "docker login REGISTRY again, or remove identitytoken and registrytoken",
  },
  PC654: {
    title: "no image can match the key",
    fix: "write HOST, HOST:PORT or HOST/PATH as images name it",
  },
  PC655: {
    title: "to docker the key is a whole registry, to a kubelet only a path in it",
    fix: "write the host alone",
  },
  PC656: {
    title: "the key does not serve Docker Hub's images",
    fix: "write https://index.docker.io/v1/",
  },
  PC657: {
    title: "the key's port serves only images that name it",
    fix: "leave the port out, as images do",
  },
  PC658: {
    title: "capital letters in the key's host serve only images written so",
    fix: "write the host in small letters",
  },
  PC660: {
    title: "several keys come to one, and a kubelet tries their logins in random order",
    fix: "keep one of them",
  },
  PC661: { title: "another key hides this one from every image", fix: "keep one of them" },
  PC662: {
    title: "the key's path also serves repositories whose names only begin alike",
    fix: "end the key with a slash if it means all that is below the path",
  },
  PC663: {
    title: "images of one key are tried with other accounts too",
    fix: "give each path a key of its own, or keep one account for the host",
  },
  PC664: {
    title: "the key's wildcard hands the password to registries of strangers",
    fix: "name the registry's own domain, for instance *.reg.example",
  },
  PC665: {
    title: "a wildcard stands for one part of a host, never for several or none",
    fix: "write one key for each number of parts: reg.example, *.reg.example, *.*.reg.example",
  },
  PC666: {
    title: "the credentials are many for a node",
    fix: "keep those that nodes need: --only GLOB, --except GLOB",
  },
  PC667: { title: "a key stands twice, and only the later entry counts", fix: "keep one of them" },
  PC668: {
    title: "a user name with a colon can't log in",
    fix: "docker login REGISTRY with the user name alone",
  },
  PC669: {
    title: "the key holds a login",
    fix: "write the host alone; the login belongs into username and password",
  },
  PC670: {
    title: "a credential has expired",
    fix: "log in again, or leave it out: --except KEY",
  },
  PC671: {
    title: "a credential ends soon",
    fix: "use one that lasts, or push again before it ends",
  },
  PC672: {
    title: "the credentials have warnings, and --strict takes none",
    fix: "mend them (pullcast inspect lists them), or leave --strict out",
  },
  PC673: {
    title: "fingerprints can't be made",
    fix: "give --fingerprint-salt TEXT, the same wherever fingerprints are compared",
  },

  PC701: {
    title: "this is not an image reference",
    fix: "write REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@sha256:…",
  },
  PC702: {
    title: "the image has no variant for the node's platform",
    fix: "build it for that platform",
  },
  PC703: {
    title: "the node has no room for the image",
    fix: "free disk space on the node, or use a smaller image",
  },
  PC704: { title: "the image is large for a test", fix: "use a smaller image, or --proof auth" },
  PC705: {
    title: "the tag latest moves: two nodes may pull two images",
    fix: "give a fixed tag or a digest",
  },
  PC710: {
    title: "the registry lets nobody of these read the image",
    fix: "name credentials that may pull it: --config FILE; pullcast check --image REF tells which do",
  },
  PC711: { title: "there is no such image where it was looked for", fix: "check the reference" },
  PC712: {
    title: "the image can't be read from where it is",
    fix: "try again; check the network, HTTPS_PROXY and --ca",
  },
  PC713: {
    title: "the image is not for such a machine",
    fix: "pullcast image REF tells which platforms it is for",
  },
  PC714: {
    title: "the node's disk has no room for the image",
    fix: "make room there, or raise --disk-limit: above its own limit the kubelet removes images",
  },
  PC715: {
    title: "no cluster could be asked which nodes an image is for",
    fix: "none is needed to describe an image; else check kubectl and its context",
  },
  PC716: {
    title: "a pod that may not pull does not start with the image",
    fix: "kubectl describe of such a pod tells more; AlwaysPullImages and AlwaysVerify make kubelets ask all the same",
  },
  PC717: {
    title: "no image can be read there",
    fix: "--images-from takes an OCI layout, an archive of one, or what docker save writes",
  },
  PC718: {
    title: "the client of Docker engines is not there",
    fix: "npm install --global dockerode, or docker save -o FILE and --images-from FILE",
  },
  PC719: {
    title: "the node's runtime can't do this",
    fix: "sets and --way tunnel are for containerd; docker and CRI-O nodes are preloaded without",
  },
  PC741: {
    title: "the node has no runtime that a preload could fill",
    fix: "it takes containerd, docker with cri-dockerd, or CRI-O with podman beside it",
  },
  PC742: {
    title: "the node has no ctr, the command that comes with containerd",
    fix: "install containerd's own ctr there, on root's PATH",
  },
  PC743: {
    title: "the node's containerd does not answer",
    fix: "systemctl status containerd on the node",
  },
  PC744: {
    title: "the node's containerd did not take the image",
    fix: "journalctl -u containerd on the node tells more",
  },
  PC745: {
    title: "a layer went or changed on the node while the image was sent",
    fix: "run it again: what is there is not sent again",
  },
  PC746: {
    title: "a layer arrived damaged, and was not kept",
    fix: "remove the cache (pullcast preload --help names it) and run it again",
  },
  PC747: {
    title: "containerd has the image, and its CRI, which the kubelet asks, does not list it",
    fix: "crictl info on the node tells whether the CRI is on: disabled_plugins in containerd's config.toml",
  },
} as const satisfies Record<string, CodeEntry>;

/** A stable code, `PC` and three digits. */
export type Code = keyof typeof TABLE;

/** The meaning and the fix of a code, for `pullcast explain` and for messages. */
export function describeCode(code: Code): CodeEntry {
  return TABLE[code];
}

/** The code that a text names, in any case, or `undefined`. */
export function parseCode(text: string): Code | undefined {
  const upper = text.toUpperCase();
  return Object.hasOwn(TABLE, upper) ? (upper as Code) : undefined;
}

/** All codes in order. */
export function allCodes(): readonly Code[] {
  return Object.keys(TABLE) as Code[];
}

/** What is said besides the code. */
export interface PullcastErrorOptions {
  /** What exactly happened, in a clause without a final stop; never a secret. */
  readonly detail?: string;
  /** Replaces the table's fix where the exact command is known. */
  readonly fix?: string;
  readonly phase?: Phase;
  readonly cause?: unknown;
}

/** A failure that pullcast knows: a code, what and where, and what mends it. Anything else thrown is a bug. */
export class PullcastError extends Error {
  readonly code: Code;
  readonly detail: string;
  readonly fix: string;
  readonly phase: Phase | undefined;

  constructor(code: Code, options: PullcastErrorOptions = {}) {
    const { title, fix } = TABLE[code];
    const detail = options.detail ?? "";
    super(detail === "" ? title : `${title}: ${detail}`, { cause: options.cause });
    this.name = "PullcastError";
    this.code = code;
    this.detail = detail;
    this.fix = options.fix ?? fix;
    this.phase = options.phase;
  }
}
