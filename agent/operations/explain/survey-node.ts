import { randomBytes } from "node:crypto";
import { describeCode, PullcastError } from "../../errors.ts";
import type { Target, TransportChoice } from "../../model.ts";
import { composeSurvey } from "../../node/compose.ts";
import { hasVerdict, readReport } from "../../node/read-report.ts";
import { type NodeSurvey, readSurvey } from "../../node/read-survey.ts";
import { createTransport } from "../../transport/create-transport.ts";
import { createHostResolver, type HostResolver } from "../../transport/resolve-host.ts";
import { nodeRequest } from "../deliver.ts";
import type { NodeRunOptions } from "../options.ts";
import { newRunId } from "../run-id.ts";
import { selectTargets } from "../select-targets.ts";

/** A node as one look found it. */
export interface SurveyedNode {
  readonly target: Target;
  readonly survey: NodeSurvey;
  readonly choice: Partial<TransportChoice>;
}

/**
 * Looks at the one node that is selected, by one exec.
 *
 * @throws {PullcastError} PC001 where it is not one node, PC1xx where it can't be selected, PC2xx and PC3xx where
 *   it can't be reached or read
 */
export async function surveyNode(options: NodeRunOptions): Promise<SurveyedNode> {
  const resolver = createHostResolver(options.ssh);
  const target = await selectOne(options, resolver);
  const transport = await createTransport(options.ssh, resolver);
  try {
    const session = await transport.open(target, options.signal);
    try {
      const nonce = randomBytes(16).toString("hex");
      const run = newRunId(new Date());
      const { access, ...program } = composeSurvey(
        nodeRequest(options, { run, user: session.user, nonce, target }),
      );
      const outcome = await session.run({
        ...program,
        keepAll: true,
        isComplete: (tail) => hasVerdict(tail, nonce),
        signal: options.signal,
      });
      const report = readReport(outcome, { nonce, access });
      if (report.status === "lost") {
        throw new PullcastError("PC226", { detail: `${target.name}: ${report.detail}` });
      }
      if (report.status === "failed") {
        const detail = `${target.name}: ${report.detail}`;
        throw new PullcastError(report.code, {
          detail,
          fix: report.fix ?? describeCode(report.code).fix,
        });
      }
      const { notices: _, ...choice } = transport.chosen(target) ?? { notices: [] };
      return { target, survey: readSurvey(outcome.stdout, nonce), choice };
    } finally {
      await session.close();
    }
  } finally {
    await transport.close();
  }
}

async function selectOne(options: NodeRunOptions, resolver: HostResolver): Promise<Target> {
  const { targets, refused, skipped } = await selectTargets({
    kubectl: options.kubectl,
    selection: options.selection,
    purpose: "reach",
    signal: options.signal,
    sshHostKnown: resolver.isConfigured,
    nodeCheck: options.nodeCheck,
  });
  const [target, ...more] = targets;
  const [obstacle] = [...refused, ...skipped];
  if (target === undefined) {
    const { code = "PC110", name = "", message = "" } = obstacle ?? {};
    throw new PullcastError(code, { detail: `${name}: ${message}` });
  }
  if (more.length > 0 || obstacle !== undefined) {
    throw new PullcastError("PC001", {
      detail: "an explanation is about one node",
      fix: "give --node the name of one",
    });
  }
  return target;
}
