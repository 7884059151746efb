/** What decides whether a kubelet uses an image that is on its node without asking a registry. */
export interface ImageUseFacts {
  /** In full, as pods name it. */
  readonly image: string;
  /** Registry and path alone. */
  readonly repository: string;
  /** Whether it means the tag latest. */
  readonly isLatest: boolean;
  /** `v1.35.4`; absent where no cluster told it. */
  readonly kubeletVersion?: string;
  /** The kubelet's `imagePullCredentialsVerificationPolicy`, where it is set. */
  readonly policy?: string;
  /** The gate KubeletEnsureSecretPulledImages, where it is set. */
  readonly gate?: boolean;
  readonly allowlist: readonly string[];
  /** What the kubelet remembers of its own pulls of an image with this ID, by repository; absent without a record. */
  readonly record?: ReadonlyMap<string, { readonly isOpen: boolean }>;
  /** Whether the API server makes each pod pull (AlwaysPullImages); absent where nobody could ask. */
  readonly alwaysPull?: boolean;
}

/**
 * Whether pods start with an image that is there while no registry can be reached:
 * - `yes`: all of them, unless they say imagePullPolicy Always
 * - `with-policy`: those that say imagePullPolicy IfNotPresent or Never; without a word they would pull
 * - `with-credentials`: those whose own pull secrets the kubelet has seen work, and no others
 * - `no`: none; each start asks the registry
 */
export interface ImageUse {
  readonly offline: "yes" | "with-policy" | "with-credentials" | "no";
  /** A clause; absent for yes. */
  readonly why?: string;
}

/**
 * How a kubelet treats an image that is on its node (kubelet: pkg/kubelet/images/pullmanager, MustAttemptImagePull,
 * 1.35; API server: AlwaysPullImages; defaults of imagePullPolicy).
 */
export function imageUse(facts: ImageUseFacts): ImageUse {
  if (facts.alwaysPull === true)
    return { offline: "no", why: "AlwaysPullImages makes each pod ask the registry" };
  const verified = verification(facts);
  if (verified !== undefined) return verified;
  if (facts.isLatest)
    return {
      offline: "with-policy",
      why: "pods of the tag latest pull always unless they say otherwise",
    };
  return { offline: "yes" };
}

/** The kubelet's own check of who may use an image (KEP-2535); `undefined` where it lets all pods. */
function verification(facts: ImageUseFacts): ImageUse | undefined {
  const { image, repository, record, allowlist, policy = "NeverVerifyPreloadedImages" } = facts;
  if (!isOn(facts) || policy === "NeverVerify") return undefined;
  const isTaken =
    policy === "NeverVerifyAllowlistedImages"
      ? allows(allowlist, image)
      : policy === "NeverVerifyPreloadedImages" && record === undefined;
  if (isTaken) return undefined;
  if (record === undefined)
    return { offline: "no", why: `the kubelet's policy ${policy} has it ask the registry` };
  const known = record.get(repository);
  if (known?.isOpen === true) return undefined;
  if (known !== undefined)
    return {
      offline: "with-credentials",
      why: "the kubelet pulled it with a pod's own credentials before, and lets those pods alone",
    };
  const names = [...record.keys()].join(", ");
  const pulled = names === "" ? "before" : `as ${names}`;
  return {
    offline: "no",
    why: `the kubelet pulled the same image ${pulled}: under another name it asks the registry`,
  };
}

/** Beta, and on, from 1.35. */
function isOn({ gate, kubeletVersion = "" }: ImageUseFacts): boolean {
  if (gate !== undefined) return gate;
  const [, major = "0", minor = "0"] = /^v?(\d+)\.(\d+)/.exec(kubeletVersion) ?? [];
  return Number(major) > 1 || Number(minor) >= 35;
}

/**
 * Prefixes end in `/*`. Names without one are compared with a pod's own text (1.35): they serve pods that write no tag,
 * and no reference of ours is without.
 */
function allows(allowlist: readonly string[], image: string): boolean {
  return allowlist.some((entry) => entry.endsWith("/*") && image.startsWith(entry.slice(0, -1)));
}
