import { ACCOUNTS, NAMESPACES, SECRET_NAME } from "../../options/secret-specs.ts";
import { JUDGE, KUBECTL, OUTPUT, REGISTRY_CA, SOURCE } from "../../options/specs.ts";
import type { CommandSpec, GroupSpec } from "../command-spec.ts";

/** What all of them are about. */
export const SECRET: GroupSpec = {
  name: "secret",
  summary: "Put registry credentials into Secrets of namespaces, for imagePullSecrets",
  about: [
    "The same credentials, the same checks, for imagePullSecrets: a Secret in each namespace, and its name in ServiceAccounts.",
    "A pod takes its ServiceAccount's pull secrets when it is created, and never again: pods that are there already need a restart.",
  ],
};

const APPLY: CommandSpec = {
  name: "secret apply",
  summary: "Put credentials into a Secret in each namespace, and into ServiceAccounts",
  about: [
    "One Secret of the type dockerconfigjson in each namespace, by server-side apply with the field manager pullcast. What is there already is not written again; what others wrote is not taken over without --replace.",
    "With --service-account or --all-service-accounts its name is put at the end of their imagePullSecrets: those of others stay.",
    "Credentials come from --config, --from-secret and --registry, as for push; without these from your docker login.",
    "All namespaces are served by one kubectl. A namespace that refuses does not stop the others.",
  ],
  examples: [
    [
      "The namespace of your context, for its default ServiceAccount",
      "secret apply --service-account default",
    ],
    [
      "All namespaces but the system's own",
      "secret apply -A --exclude 'kube-*' --service-account default",
    ],
    [
      "One team, only its registry",
      "secret apply -n team-a --name team-a --only registry.example.com/team-a",
    ],
    ["What would come of it? Asks the API server, changes nothing", "secret apply -A --dry-run"],
  ],
  groups: [
    NAMESPACES,
    {
      title: "Secret",
      options: [
        SECRET_NAME,
        { name: "replace", text: "take over Secrets of this name that others wrote" },
        { name: "dry-run", text: "ask the API server what would come of it, and change nothing" },
      ],
    },
    ACCOUNTS,
    {
      title: "Credentials",
      options: [
        ...SOURCE,
        REGISTRY_CA,
        ...JUDGE.slice(0, 1),
        {
          name: "yes",
          short: "y",
          text: "don't ask before credentials that nobody named go to more than 10 namespaces",
        },
      ],
    },
    KUBECTL,
    OUTPUT,
  ],
};

/** Subcommands of `secret`, in the order of help. */
export const SECRET_COMMANDS: readonly CommandSpec[] = [APPLY];
