import { expect, it } from "vitest";
import { cutLink } from "../../soak/cut-link.ts";

it("a connection cut at any byte leaves the whole old or the whole new file, and no false success", async () => {
  const seed = 7;
  const counts = await cutLink({ seed, points: 40 });
  expect(counts, `seed ${seed}`).toMatchObject({ cuts: 40, torn: 0, falseUpdated: 0 });
  // Both ends of the scale were met, else the cuts proved little.
  expect(counts["old"]).toBeGreaterThan(10);
  expect(Number(counts["updated"]) + Number(counts["newUntold"])).toBeGreaterThan(0);
}, 60_000);
