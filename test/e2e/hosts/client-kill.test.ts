import { expect, it } from "vitest";
import { clientKill } from "../../soak/client-kill.ts";

it("a command that is killed at any moment leaves the whole old or the whole new file", async () => {
  const seed = 7;
  const counts = await clientKill({ seed, points: 20 });
  expect(counts, `seed ${seed}`).toMatchObject({ torn: 0, falseUpdated: 0 });
  expect(counts["kills"]).toBe(20);
});
