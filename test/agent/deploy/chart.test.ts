import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { CASES, CHART, chartDigest, RENDERED, type Rendered, sorted } from "./chart-cases.ts";

const rendered = JSON.parse(readFileSync(RENDERED, "utf8")) as Rendered;

test("what helm made of the chart was made of the chart as it is", () => {
  expect(rendered.digest, "the chart has changed: npm run soak -- helm-chart").toBe(chartDigest());
});

test.each(CASES.filter(({ manifests }) => manifests !== undefined))(
  "the chart installs what agent install and render controller make: $name",
  ({ name, manifests = [] }) => {
    expect(sorted(rendered.cases[name] ?? [])).toEqual(
      sorted(JSON.parse(JSON.stringify(manifests)) as object[]),
    );
  },
);

test("monitoring is asked for, and its rules are those of the file", () => {
  const of = (name: string) =>
    new Map(
      (rendered.cases[name] ?? []).map((one) => [(one as { readonly kind: string }).kind, one]),
    );
  for (const kind of ["Service", "ServiceMonitor", "PrometheusRule", "ConfigMap"]) {
    expect(of("usual").has(kind)).toBe(false);
    expect(of("monitored").has(kind)).toBe(true);
  }
  const rules = parse(readFileSync(join(CHART, "files/rules.yaml"), "utf8")) as object;
  expect(of("monitored").get("PrometheusRule")).toMatchObject({
    metadata: { labels: { release: "kube-prometheus" } },
    spec: rules,
  });
  const dashboard = readFileSync(join(CHART, "files/dashboard.json"), "utf8");
  expect(of("monitored").get("ConfigMap")).toMatchObject({ data: { "pullcast.json": dashboard } });
});

test("the chart and the images are of the package's version", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(parse(readFileSync(join(CHART, "Chart.yaml"), "utf8"))).toMatchObject({
    version,
    appVersion: version,
  });
  expect(readFileSync("Dockerfile", "utf8")).toContain(`ARG VERSION=${version}\n`);
});
