/**
 * Writes the JSON Schemas in docs/schema from the types and forms in the code: `npm run schemas [-- --check]`. With `--check` nothing is written; exit code 1 tells that a file there is another one.
 */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createGenerator } from "ts-json-schema-generator";
import { configSchema } from "../../cli/config-file/schema.ts";

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Codes are added with versions: a reader must take those that it doesn't know. */
const ANY_CODE = { type: "string", pattern: "^PC\\d{3}$", description: "pullcast explain CODE" };

function eventsSchema(): object {
  const generator = createGenerator({
    path: join(repository, "cli/reporters/event-lines.ts"),
    tsconfig: join(repository, "tsconfig.json"),
    type: "EventLine",
    additionalProperties: true,
    skipTypeCheck: true,
    jsDoc: "extended",
    expose: "export",
  });
  const schema = generator.createSchema("EventLine");
  return {
    ...schema,
    title: "One line of pullcast --events",
    definitions: { ...schema.definitions, Code: ANY_CODE },
  };
}

const SCHEMAS: Readonly<Record<string, () => object>> = {
  "events.schema.json": eventsSchema,
  "pullcast.schema.json": () => configSchema.toJSONSchema({ io: "input" }),
};

const isCheck = process.argv.includes("--check");
const stale: string[] = [];
for (const [name, make] of Object.entries(SCHEMAS)) {
  const path = join(repository, "docs/schema", name);
  const text = `${JSON.stringify(make(), null, 2)}\n`;
  const there = await readFile(path, "utf8").catch(() => "");
  if (there === text) continue;
  if (isCheck) stale.push(name);
  else await writeFile(path, text);
}
if (stale.length > 0) {
  console.error(`docs/schema is not what the code says (${stale.join(", ")}): npm run schemas`);
  process.exit(1);
}
