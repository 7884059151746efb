import { expect, it } from "vitest";
import { PullcastError } from "../../../agent/errors.ts";
import { StartLimits } from "../../../agent/transport/start-limits.ts";
import { NEVER } from "../../rig/transport.ts";

const jump = { host: "jump", port: 22 };

/** How many starts run at once, of as many as are wanted through a way on which `drops` starts were dropped. */
async function widthAfter(drops: number, through: typeof jump | undefined): Promise<number> {
  const limits = new StartLimits();
  const way = (index: number) => ({
    host: { host: `node-${index}`, port: 22 },
    jump: through,
    signal: NEVER,
  });
  const dropped = () => Promise.reject(new PullcastError("PC205"));
  for (let index = 0; index < drops; index += 1) {
    await expect(limits.run(dropped, way(index))).rejects.toMatchObject({ code: "PC205" });
  }
  let running = 0;
  let most = 0;
  const start = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    throw new Error("no success lets more in");
  };
  const starts = Array.from({ length: 20 }, (_, index) => limits.run(start, way(index)));
  await Promise.allSettled(starts);
  return most;
}

it("starts through a jump host become fewer where the way just closed, for it may be what drops them", async () => {
  expect(await widthAfter(0, jump)).toBe(6);
  expect(await widthAfter(1, jump)).toBe(3);
  expect(await widthAfter(2, jump)).toBe(1);
});

it("hosts without a jump host have nothing to do with one another", async () => {
  expect(await widthAfter(2, undefined)).toBe(16);
});
