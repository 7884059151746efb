import { askHidden } from "../../cli/hidden-input.ts";

/** Asks twice on the terminal and tells what came, or why nothing did; a program for hidden-input.test.ts. */
const controller = new AbortController();
process.on("SIGINT", () => controller.abort(new Error("interrupted")));
for (const question of ["first? ", "second? "]) {
  const told = await askHidden(question, controller.signal).then(
    (secret) => JSON.stringify(secret?.reveal() ?? null),
    (error: Error) => error.message,
  );
  process.stdout.write(`got ${told}\n`);
}
