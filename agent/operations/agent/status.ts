import type { AgentReport, AgentRunOptions } from "./model.ts";
import { noAgent, withAgentSession } from "./session.ts";
import { readDaemonSet, revisionOf, surveyAgent } from "./survey.ts";

/**
 * How the DaemonSet stands on each node; changes nothing.
 *
 * @throws {PullcastError} PC184 where there is none, PC101 to PC106
 */
export async function agentStatus(options: AgentRunOptions): Promise<AgentReport> {
  return await withAgentSession(options, async (session) => {
    const daemonSet = await readDaemonSet(session.gateway, options);
    if (daemonSet === undefined) throw noAgent(options);
    const items = await surveyAgent(session.gateway, options, daemonSet);
    const revision = revisionOf(daemonSet);
    return {
      ...session.facts(),
      operation: "status",
      ...(revision === undefined ? {} : { revision }),
      items,
    };
  });
}
