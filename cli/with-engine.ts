/** All of the command line that needs the engine: what helps, versions and completions do without. */
export { askHidden } from "./hidden-input.ts";
export { main } from "./main.ts";
export { runCommand } from "./run-command.ts";
