import type { OptionGroup, OptionSpec } from "./specs.ts";

export const NAMESPACES: OptionGroup = {
  title: "Namespaces",
  options: [
    {
      name: "namespace",
      short: "n",
      value: "NAME,…",
      many: true,
      text: "these namespaces (default: the context's)",
    },
    { name: "all-namespaces", short: "A", text: "all namespaces, those of the system too" },
    {
      name: "namespace-selector",
      value: "LABELS",
      text: "namespaces with these labels, as in kubectl get -l",
    },
    { name: "exclude", value: "GLOB", many: true, text: "leave out namespaces with such names" },
  ],
};

export const SECRET_NAME: OptionSpec = {
  name: "name",
  value: "NAME",
  default: "pullcast",
  text: "the Secret's name",
};

export const ACCOUNTS: OptionGroup = {
  title: "ServiceAccounts",
  options: [
    {
      name: "service-account",
      value: "NAME,…",
      many: true,
      text: "ServiceAccounts whose pods get the Secret",
    },
    { name: "all-service-accounts", text: "all that there are now" },
  ],
};
