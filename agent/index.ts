/** The only door to the engine: for the command line and for programs that use pullcast as a library. */
export { isHostTemplate } from "./cluster/addresses.ts";
export type { KubectlSettings } from "./cluster/kubectl.ts";
export { parseTaint } from "./cluster/node-taints.ts";
export type { Credential, CredentialSource, LeftOut, SourceInput } from "./credentials/model.ts";
export type { BootDocument, BootForm } from "./deploy/boot/documents.ts";
export { type ControllerSettings, controllerManifests } from "./deploy/controller.ts";
export type { AgentSettings, AgentTarget } from "./deploy/model.ts";
export { allCodes, type Code, describeCode, PullcastError, parseCode } from "./errors.ts";
export type { PlannedEvent, PullcastEvent, Report } from "./events.ts";
export type { KubeletReadOptions } from "./kubelet/model.ts";
export type {
  CheckGroup,
  CheckItem,
  CheckReport,
  CleanupReport,
  CredentialSummary,
  EntryChange,
  HistoryReport,
  Inspection,
  NodeHistory,
  NodeReport,
  NodeResult,
  NodeStatus,
  Notice,
  PreloadItem,
  Problem,
  PullReport,
  PullResult,
  PushReport,
  RecordedRun,
  RemoveReport,
  RestoreReport,
  RollbackReport,
  RunReport,
  SkippedNode,
  StatusReport,
  TrustedNode,
  TrustReport,
  VerifyReport,
} from "./model.ts";
export type { Become } from "./node/become.ts";
export { SET_NAME } from "./node/compose.ts";
export type { Advice, Wish } from "./operations/advise/model.ts";
export { advise } from "./operations/advise.ts";
export { agentInstall } from "./operations/agent/install.ts";
export type {
  AgentInstallOptions,
  AgentItem,
  AgentPlan,
  AgentReport,
  AgentRunOptions,
} from "./operations/agent/model.ts";
export { agentRender } from "./operations/agent/render.ts";
export { agentStatus } from "./operations/agent/status.ts";
export { agentUninstall } from "./operations/agent/uninstall.ts";
export { type AgentWatchOptions, agentWatch } from "./operations/agent/watch.ts";
export { type BootRenderOptions, bootRender } from "./operations/boot/render.ts";
export { check } from "./operations/check.ts";
export { cleanup } from "./operations/cleanup.ts";
export { describeImage } from "./operations/describe-image.ts";
export type {
  DiagnosedHost,
  DiagnosedNode,
  DiagnosedSetting,
  Diagnosis,
  ProbeStep,
} from "./operations/doctor/model.ts";
export { doctor } from "./operations/doctor.ts";
export type { ExplainedNode, Explanation } from "./operations/explain/model.ts";
export { explain } from "./operations/explain.ts";
export { history } from "./operations/history.ts";
export { inspect } from "./operations/inspect.ts";
export { type KubeletLookupResult, kubeletLookup } from "./operations/kubelet-lookup.ts";
export type {
  ApproveHostKeys,
  CheckOptions,
  CleanupOptions,
  DoctorOptions,
  ExplainOptions,
  InspectOptions,
  JudgeOptions,
  NodeRunOptions,
  PushOptions,
  RemoveOptions,
  RestartOptions,
  RestoreOptions,
  RollbackOptions,
  RunOptions,
  SelectionOptions,
  StatusOptions,
  TrustOptions,
  VerifyOptions,
  WaveOptions,
} from "./operations/options.ts";
export { planPools, requireCluster } from "./operations/pools/plan-pools.ts";
export { type ClusterPools, suggestPools } from "./operations/pools/suggest-pools.ts";
export { preloadPrune, preloadStatus } from "./operations/preload/holdings.ts";
export type {
  DescribeImageOptions,
  HoldingItem,
  HoldingsOptions,
  HoldingsReport,
  ImageDescription,
  ImagesFrom,
  PreloadOptions,
  PreloadReport,
} from "./operations/preload/model.ts";
export { preload } from "./operations/preload.ts";
export { push } from "./operations/push.ts";
export { remove } from "./operations/remove.ts";
export { restore } from "./operations/restore.ts";
export { rollback } from "./operations/rollback.ts";
export { failedNodes } from "./operations/run-records.ts";
export { secretApply } from "./operations/secret/apply.ts";
export type {
  AccountItem,
  AccountPull,
  AccountSelection,
  NamespaceItem,
  NamespaceSelection,
  NamespaceStatus,
  SecretApplyOptions,
  SecretPlan,
  SecretPlanReport,
  SecretReport,
  SecretRunOptions,
  SecretStatusReport,
  SecretVerifyReport,
  WorkloadPlan,
} from "./operations/secret/model.ts";
export { secretPlan } from "./operations/secret/plan.ts";
export { secretRemove } from "./operations/secret/remove.ts";
export {
  accountManifest,
  type RenderedSecrets,
  secretManifest,
  secretRender,
} from "./operations/secret/render.ts";
export { secretStatus } from "./operations/secret/status.ts";
export { secretVerify } from "./operations/secret/verify.ts";
export { type SecretWatchOptions, secretWatch } from "./operations/secret/watch.ts";
export { writeKustomization } from "./operations/secret/write-kustomization.ts";
export { statusFromAnnotations } from "./operations/status/from-annotations.ts";
export { watchStatus } from "./operations/status/watch.ts";
export { status } from "./operations/status.ts";
export { trust } from "./operations/trust.ts";
export { verify } from "./operations/verify.ts";
export type { WatchOptions } from "./operations/watch/model.ts";
export { watch } from "./operations/watch.ts";
export type { RegistryAccess } from "./registry/reach.ts";
export { type Portion, parsePortion } from "./rollout/portion.ts";
export { Secret } from "./secret.ts";
export type { HostKeyOffer } from "./transport/host-key-offer.ts";
export type { PhaseLimits, SshOptions } from "./transport/transport.ts";
export { cleanText } from "./util/clean-text.ts";
export { shellWord } from "./util/shell-word.ts";
export { suggest } from "./util/suggest.ts";
