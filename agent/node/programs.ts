import born from "./born.sh";
import checkPath from "./check-path.sh";
import findRoot from "./find-root.sh";
import frame from "./frame.sh";
import install from "./install.sh";
import kubeletProcess from "./kubelet-process.sh";
import live from "./live.sh";
import liveBack from "./live-back.sh";
import liveLook from "./live-look.sh";
import look from "./look.sh";
import probe from "./probe.sh";
import restart from "./restart.sh";
import restore from "./restore.sh";
import sameMachine from "./same-machine.sh";
import searchPlaces from "./search-places.sh";
import state from "./state.sh";
import survey from "./survey.sh";
import surveyImages from "./survey-images.sh";
import surveyLog from "./survey-log.sh";
import surveyRuntime from "./survey-runtime.sh";
import tellContent from "./tell-content.sh";
import tools from "./tools.sh";

export type ProgramName = "install" | "restore" | "restart" | "survey" | "probe" | "look" | "live";

/** The programs as they go over the wire: the same text for every node and run, ASCII, no newline at the end. */
export const PROGRAMS: Readonly<Record<ProgramName, string>> = {
  install: assemble(
    [findRoot, checkPath, kubeletProcess, searchPlaces, born, state, install],
    "install",
  ),
  restore: assemble([findRoot, checkPath, born, state, restore], "restore"),
  restart: assemble([findRoot, kubeletProcess, restart], "restart"),
  probe: assemble([findRoot, checkPath, kubeletProcess, searchPlaces, born, state, probe], "probe"),
  look: assemble(
    [findRoot, checkPath, kubeletProcess, born, state, tellContent, liveBack, liveLook, look],
    "look",
  ),
  live: assemble(
    [findRoot, checkPath, kubeletProcess, born, state, tellContent, survey, liveBack, live],
    "live",
  ),
  survey: assemble(
    [findRoot, kubeletProcess, born, tellContent, survey, surveyRuntime, surveyImages, surveyLog],
    "survey",
  ),
};

/** Functions first, then the frame, which reads the header, then the call; 70 if that forgets to end. */
function assemble(parts: readonly string[], call: ProgramName): string {
  const lines = [...parts, tools, sameMachine, frame].flatMap((part) => part.split("\n"));
  const program = [...lines.map((line) => line.trim()), call, "exit 70"]
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");
  if (/[^\n\x20-\x7e]/.test(program)) throw new Error("a node program must be ASCII");
  return program;
}
