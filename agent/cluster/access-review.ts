import { apiRefusal } from "./api-http.ts";
import type { Gateway } from "./gateway.ts";

/** One thing that a user may do or not, in RBAC's words. */
export interface Permission {
  readonly verb: string;
  /** `pods`, `pods/log`, … of the core group. */
  readonly resource: string;
  /** One object; absent for all. */
  readonly name?: string;
  /** Absent for what has no namespace, or for all namespaces. */
  readonly namespace?: string;
}

/**
 * Asks the API server whether the user may do something, as `kubectl auth can-i` does
 * (authorization.k8s.io/v1, SelfSubjectAccessReview).
 *
 * @throws PullcastError PC103 to PC106, PC104 where even that may not be asked
 */
export async function mayI(gateway: Gateway, permission: Permission): Promise<boolean> {
  const { verb, name = "", namespace = "" } = permission;
  const [resource = "", subresource = ""] = permission.resource.split("/");
  const answer = await gateway.request(
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: {
        resourceAttributes: { group: "", verb, resource, subresource, name, namespace },
      },
    },
  );
  if (answer.status !== 201) throw apiRefusal(answer, "auth can-i");
  return (answer.body as { status?: { allowed?: unknown } }).status?.allowed === true;
}

/**
 * The API server's version, for instance `v1.35.4`.
 *
 * @throws PullcastError PC103 to PC106
 */
export async function readServerVersion(gateway: Gateway): Promise<string> {
  const answer = await gateway.request("GET", "/version");
  if (answer.status !== 200) throw apiRefusal(answer, "its version");
  return String((answer.body as { gitVersion?: unknown }).gitVersion ?? "of unknown version");
}
