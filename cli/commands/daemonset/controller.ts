import { controllerManifests } from "../../../agent/index.ts";
import type { Ending } from "../../exit-codes.ts";
import { ANNOTATION, agentRunOptions, keyValues, LABEL } from "../../options/agent-options.ts";
import { sourceOptions } from "../../options/source-options.ts";
import { usageError } from "../../usage-error.ts";
import type { CommandContext } from "../command.ts";
import { writeManifests } from "../write-manifests.ts";

/** `pullcast render controller`: what keeps the DaemonSet's credentials fresh inside the cluster. */
export async function renderControllerCommand(context: CommandContext): Promise<Ending> {
  const { host, args } = context;
  const { options } = args;
  const { namespace, name } = agentRunOptions(context);
  const image = options.text("image");
  if (image === undefined) {
    throw usageError("--image REF is missing", "build it: docker build -t REF .");
  }
  const { inputs = [] } = sourceOptions(options, host);
  if (inputs.length === 0) {
    throw usageError(
      "--from-secret NAMESPACE/NAME or --from-cloud HOST is missing: the controller has its credentials there",
    );
  }
  const objects = controllerManifests({
    ...{ namespace, name, image },
    sources: inputs.flatMap((input) =>
      input.type === "secret" ? [{ namespace: input.namespace, name: input.name }] : [],
    ),
    clouds: inputs.flatMap((input) => (input.type === "cloud" ? [input.registry] : [])),
    accountAnnotations: keyValues(options, "service-account-annotation", ANNOTATION),
    podLabels: keyValues(options, "pod-label", LABEL),
  });
  await writeManifests(context, objects);
  return { interrupted: context.signal.aborted };
}
