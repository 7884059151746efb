import born from "./born.sh";
import checkPath from "./check-path.sh";
import engineImages from "./engine-images.sh";
import findContainerd from "./find-containerd.sh";
import findRoot from "./find-root.sh";
import findRuntime from "./find-runtime.sh";
import frame from "./frame.sh";
import imageLabels from "./image-labels.sh";
import ingest from "./ingest.sh";
import install from "./install.sh";
import kubeletProcess from "./kubelet-process.sh";
import kubeletSettings from "./kubelet-settings.sh";
import ledger from "./ledger.sh";
import live from "./live.sh";
import liveBack from "./live-back.sh";
import liveLook from "./live-look.sh";
import load from "./load.sh";
import loadArchive from "./load-archive.sh";
import look from "./look.sh";
import nameImage from "./name-image.sh";
import probe from "./probe.sh";
import pull from "./pull.sh";
import restart from "./restart.sh";
import restore from "./restore.sh";
import sameMachine from "./same-machine.sh";
import sayLines from "./say-lines.sh";
import searchPlaces from "./search-places.sh";
import state from "./state.sh";
import stock from "./stock.sh";
import survey from "./survey.sh";
import surveyImages from "./survey-images.sh";
import surveyLog from "./survey-log.sh";
import surveyRuntime from "./survey-runtime.sh";
import tellContent from "./tell-content.sh";
import tools from "./tools.sh";

export type ProgramName =
  | "install"
  | "restore"
  | "restart"
  | "survey"
  | "probe"
  | "look"
  | "live"
  | "stock"
  | "ingest"
  | "load"
  | "pull"
  | "ledger"
  | "load_archive";

/** What finds the containerd that a node is known to have, and whatever runtime its kubelet uses. */
const CONTAINERD = [findRoot, findContainerd];
const RUNTIME = [...CONTAINERD, findRuntime];

/** What each is put together of. */
const PARTS: Readonly<Record<ProgramName, readonly string[]>> = {
  install: [findRoot, checkPath, kubeletProcess, searchPlaces, born, state, install],
  restore: [findRoot, checkPath, born, state, restore],
  restart: [findRoot, kubeletProcess, restart],
  probe: [findRoot, checkPath, kubeletProcess, searchPlaces, born, state, probe],
  look: [findRoot, checkPath, kubeletProcess, born, state, tellContent, liveBack, liveLook, look],
  live: [findRoot, checkPath, kubeletProcess, born, state, tellContent, survey, liveBack, live],
  survey: [
    findRoot,
    kubeletProcess,
    born,
    tellContent,
    sayLines,
    survey,
    surveyRuntime,
    surveyImages,
    surveyLog,
  ],
  stock: [...RUNTIME, sayLines, kubeletSettings, imageLabels, engineImages, stock],
  ingest: [...CONTAINERD, ingest],
  load: [...CONTAINERD, imageLabels, nameImage, load],
  pull: [...CONTAINERD, imageLabels, nameImage, pull],
  load_archive: [...RUNTIME, sayLines, engineImages, loadArchive],
  ledger: [...RUNTIME, imageLabels, ledger],
};

/** The names of all programs. */
export const PROGRAM_NAMES: readonly ProgramName[] = Object.keys(PARTS) as ProgramName[];

/**
 * A program as it goes over the wire, put together: the same text for every node and run, ASCII, no newline at the end.
 */
export function programText(name: ProgramName): string {
  return assemble(PARTS[name], name);
}

/** Functions first, then the frame, which reads the header, then the call; 70 if that forgets to end. */
function assemble(parts: readonly string[], call: ProgramName): string {
  const lines = [...parts, tools, sameMachine, frame].flatMap((part) => part.split("\n"));
  const program = [...lines.map((line) => line.trim()), call, "exit 70"]
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");
  if (/[^\n\x20-\x7e]/.test(program)) throw new Error("a node program must be ASCII");
  return program;
}
