import { createInterface } from "node:readline";
import { type Bed, runKubectl, startKubectl } from "../../test/bed/index.ts";

const POD = "needs-private-image";

/**
 * Starts a pod on each node that pulls `image` and waits until a registry has refused it.
 *
 * @returns the kubelet's words
 */
export async function failingPull(bed: Bed, image: string, signal: AbortSignal): Promise<string> {
  const manifest = {
    apiVersion: "v1",
    kind: "List",
    items: bed.nodes.map(({ name }) => pod(name, image)),
  };
  await runKubectl(bed, ["apply", "-f", "-"], JSON.stringify(manifest));
  try {
    return await refusals(bed, signal);
  } finally {
    await runKubectl(bed, ["delete", "pods", "-l", `demo=${POD}`, "--wait=false"]);
  }
}

function pod(node: string, image: string) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${POD}-${node}`, labels: { demo: POD } },
    spec: {
      nodeName: node,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      containers: [{ name: "app", image, imagePullPolicy: "Always", command: ["echo", "SUCCESS"] }],
    },
  };
}

/** Follows the cluster's events until every node has told of a refused pull. */
async function refusals(bed: Bed, signal: AbortSignal): Promise<string> {
  const format = '{.involvedObject.name}{" "}{.message}{"\\n"}';
  const events = startKubectl(bed, ["get", "events", "--watch", "-o", `jsonpath=${format}`]);
  events.stderr.pipe(process.stderr);
  const stop = () => events.kill();
  signal.addEventListener("abort", stop);
  const waiting = new Set(bed.nodes.map(({ name }) => `${POD}-${name}`));
  try {
    for await (const line of createInterface({ input: events.stdout })) {
      const name = line.slice(0, line.indexOf(" "));
      if (/401 Unauthorized|no basic auth/.test(line)) waiting.delete(name);
      if (waiting.size === 0) return line.slice(name.length + 1);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    events.kill();
  }
  throw new Error(`no refusal was seen for ${[...waiting].join(", ")}`);
}
