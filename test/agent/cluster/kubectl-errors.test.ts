import { expect, test } from "vitest";
import { kubectlError } from "../../../agent/cluster/kubectl-errors.ts";

const LOG = 'E1124 11:25:41.349630   27054 memcache.go:265] "Unhandled Error" err="dial tcp: no"\n';
const BLOCK = `E1124 11:25:41.826848   27110 memcache.go:265] "Unhandled Error" err=<
	couldn't get current server API group list: getting credentials: exec: executable x not found
	
	To learn more about this feature, consult the documentation available at:
 >
`;

/** What kubectl 1.32 really wrote, unless told otherwise. */
test.each([
  ["PC102", "Error in configuration: context was not found for specified context: nope"],
  ["PC102", 'error: context "nope" does not exist'],
  ["PC102", "error: stat /nope: no such file or directory"],
  ["PC102", 'error: no server found for cluster "nope"'],
  [
    "PC102",
    'error: error loading config file "bad": yaml: line 1: did not find expected node content',
  ],
  ["PC102", 'error: error loading config file "k": open k: permission denied'],
  [
    "PC103",
    `${LOG.repeat(5)}The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?`,
  ],
  [
    "PC103",
    "Unable to connect to the server: dial tcp: lookup nosuch.invalid on 10.0.0.1:53: no such host",
  ],
  [
    "PC103",
    "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority",
  ],
  ["PC103", "Error from server (NotFound): the server could not find the requested resource"],
  [
    "PC104",
    'Error from server (Forbidden): nodes is forbidden: User "weak" cannot list resource "nodes" in API group "" at the cluster scope',
  ],
  ["PC104", "error: You must be logged in to the server (Unauthorized)"],
  [
    "PC104",
    `${BLOCK}Unable to connect to the server: getting credentials: exec: executable x not found`,
  ],
  [
    "PC106",
    "Unable to connect to the server: context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
  ],
  ["PC106", "Unable to connect to the server: dial tcp 10.255.255.1:443: i/o timeout"],
  ["PC106", "Unable to connect to the server: net/http: TLS handshake timeout"],
  ["PC001", "error: Invalid timeout value. Timeout must be a single integer in seconds"],
  [
    "PC001",
    `Error from server (BadRequest): Unable to find "/v1, Resource=nodes" that match label selector "==", field selector "": found '=='`,
  ],
  ["PC103", "something never seen"],
])("%s: %s", (code, stderr) => {
  const error = kubectlError(`${stderr}\n`);
  expect(error.code).toBe(code);
  expect(error.message).not.toContain("memcache.go");
  expect(error.message).not.toContain("\n");
});

test("kubectl's words are shown, cleaned of logs, warnings and escape codes", () => {
  const error = kubectlError(`Warning: old\n${LOG}error: bad \u001b[31mthing\n`);
  expect(error.detail).toBe("bad \\x1b[31mthing");
});

test("a kubeconfig that isn't there: where its path can be read, that is what to look at", () => {
  expect(kubectlError("error: stat /no pe: no such file or directory").fix).toBe(
    "kubectl config get-contexts",
  );
  expect(kubectlError("error: stat /nope: no such file or directory").fix).toBe(
    "check --kubeconfig and $KUBECONFIG: ls -l /nope",
  );
});
