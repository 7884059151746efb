import { type ExplainOptions, explain } from "../../agent/index.ts";
import type { Ending } from "../exit-codes.ts";
import { kubectlOptions, nodeRunOptions, registryAccess } from "../options/engine-options.ts";
import { sourceOptions } from "../options/source-options.ts";
import { SOURCE } from "../options/specs.ts";
import { cleanDeep } from "../render/clean-deep.ts";
import { toDocument } from "../render/document.ts";
import { echoFlags } from "../render/echo-flags.ts";
import { renderExplanation } from "../render/explanation.ts";
import { writeInFormat } from "../render/write-document.ts";
import { usageError } from "../usage-error.ts";
import type { CommandContext } from "./command.ts";

/** `pullcast explain IMAGE`: which credentials a kubelet would try, and why not the others. */
export async function explainCommand(context: CommandContext): Promise<Ending> {
  const { host, args } = context;
  const raw = await explain(await explainOptions(context));
  const explanation = echoFlags(cleanDeep(raw), args.options);
  const text = await writeInFormat(
    args.options.text("output"),
    {
      document: () => toDocument([explanation]),
      names: () => explanation.candidates.map(({ key }) => `${key}\n`).join(""),
      text: (style) => renderExplanation(explanation, style),
    },
    host.stdout,
  );
  host.stdout.write(text);
  return { interrupted: false, explained: explanation.result };
}

async function explainOptions(context: CommandContext): Promise<ExplainOptions> {
  const { args, host, signal } = context;
  const { options, operands } = args;
  const [image] = operands;
  const pod = podName(options.text("pod"));
  if (image === undefined && pod === undefined) {
    throw usageError("no image is named", "pullcast explain IMAGE, or --pod NAMESPACE/POD");
  }
  const name = options.text("node");
  const source = sourceOptions(options, host);
  const isNamed = SOURCE.some((option) => options.given(option.name));
  return {
    kubectl: kubectlOptions(options),
    ...registryAccess(options, host),
    signal,
    ...(image === undefined ? {} : { image }),
    ...(pod === undefined ? {} : { pod }),
    // On a real node its own files count, unless a source is named.
    ...(name === undefined || isNamed ? { source } : {}),
    ...(name === undefined
      ? {}
      : { node: await nodeRunOptions({ operands: [name], options }, context) }),
  };
}

function podName(text: string | undefined): ExplainOptions["pod"] {
  if (text === undefined) return undefined;
  const [, namespace, name] = /^([a-z0-9.-]+)\/([a-z0-9.-]+)$/.exec(text) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  throw usageError("--pod is not of the form NAMESPACE/POD");
}
