import { spawn } from "node:child_process";
import { once } from "node:events";

/** Looks at every process of this machine (containers as well) again and again, until told to stop. */
export interface ProcSampler {
  /** @returns how often all processes were looked at, and which files held one of the words */
  stop(): Promise<{ readonly rounds: number; readonly hits: readonly string[] }>;
}

/** The words come on standard input, so that the sampler doesn't find itself. */
const SAMPLE = `
  my @words = split(/\\n/, do { local $/ = "\\0"; <STDIN> }); chop $words[-1] if $words[-1] =~ /\\0$/;
  my ($rounds, %hits) = (0); $SIG{TERM} = sub { print join("\\n", $rounds, sort keys %hits), "\\n"; exit };
  $| = 1; print "ready\\n";
  while (1) {
    for my $file (glob "/proc/[0-9]*/cmdline /proc/[0-9]*/environ") {
      open(my $f, "<", $file) or next; local $/; my $text = <$f> // ""; close $f;
      for my $word (@words) { $hits{"$file: " . substr($text, 0, 60) =~ s/[^ -~]/ /gr} = 1 if index($text, $word) >= 0 }
    }
    $rounds++;
  }
`;

export async function startProcSampler(words: readonly string[]): Promise<ProcSampler> {
  const child = spawn("perl", ["-e", SAMPLE], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(`${words.join("\n")}\0`);
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  await once(child.stdout, "data");
  return {
    async stop() {
      child.kill("SIGTERM");
      await once(child, "close");
      const [, rounds = "0", ...hits] = stdout.trim().split("\n");
      return { rounds: Number(rounds), hits };
    },
  };
}
