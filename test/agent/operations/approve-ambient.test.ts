import { expect, test } from "vitest";
import { approveAmbient } from "../../../agent/operations/approve-ambient.ts";

test.each([
  { ambient: true, places: 10, asks: 0 },
  { ambient: true, places: 11, asks: 1 },
  { ambient: false, places: 1000, asks: 0 },
])("ambient $ambient, $places places: $asks questions", async ({ ambient, places, asks }) => {
  let asked = 0;
  const answer = (yes: boolean) => async () => {
    asked += 1;
    return yes;
  };
  await approveAmbient({ ambient }, places, answer(true));
  expect(asked).toBe(asks);
  await approveAmbient({ ambient }, places, undefined);
  const refused = approveAmbient({ ambient }, places, answer(false));
  if (asks === 0) await refused;
  else await expect(refused).rejects.toMatchObject({ code: "PC638" });
});
