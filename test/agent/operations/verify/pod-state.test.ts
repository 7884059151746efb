import { expect, test } from "vitest";
import type { ContainerState } from "../../../../agent/cluster/pods.ts";
import { readPodState } from "../../../../agent/operations/verify/pod-state.ts";
import { testPod } from "./test-pod-object.ts";

const read = (state: ContainerState, imageID = "") =>
  readPodState(
    testPod({
      status: { phase: "Pending", containerStatuses: [{ name: "pull", imageID, state }] },
    }),
  );

test("nothing reported yet", () => {
  expect(readPodState(testPod({}))).toEqual({ type: "pending" });
  expect(read({ waiting: { reason: "ContainerCreating" } })).toEqual({ type: "pending" });
});

test("a container that exists was pulled, whether or not it could run", () => {
  expect(read({ running: {} }, "i")).toEqual({ type: "pulled", ended: false, ran: "-" });
  expect(read({ terminated: { exitCode: 0, reason: "Completed" } }, "i")).toEqual({
    type: "pulled",
    ended: true,
    ran: "exited",
  });
  expect(read({ terminated: { exitCode: 1, reason: "Error" } }, "i")).toMatchObject({ ran: "-" });
  expect(
    read({
      terminated: {
        exitCode: 128,
        reason: "StartError",
        message:
          'failed to create containerd task: runc create failed: unable to start container process: exec: "echo": executable file not found in $PATH: unknown',
      },
    }),
  ).toEqual({ type: "pulled", ended: true, ran: "no shell" });
  expect(
    read({
      waiting: {
        reason: "CreateContainerError",
        message: "container create failed: executable file `echo` not found in $PATH",
      },
    }),
  ).toEqual({ type: "pulled", ended: true, ran: "no shell" });
  expect(read({ waiting: { reason: "RunContainerError", message: "x" } })).toMatchObject({
    type: "pulled",
  });
});

test("a failed pull has the registry's words, a bare back-off has none", () => {
  expect(read({ waiting: { reason: "ErrImagePull", message: "a: 401 Unauthorized" } })).toEqual({
    type: "refused",
    message: "a: 401 Unauthorized",
    detailed: true,
  });
  expect(
    read({
      waiting: {
        reason: "ImagePullBackOff",
        message: 'Back-off pulling image "r/a:1": ErrImagePull: a: 401 Unauthorized',
      },
    }),
  ).toMatchObject({ message: "ErrImagePull: a: 401 Unauthorized", detailed: true });
  for (const message of [
    'Back-off pulling image "r/a:1"',
    "",
    'Back-off pulling image "r/a:1": ErrImagePull',
  ]) {
    expect(read({ waiting: { reason: "ImagePullBackOff", message } })).toMatchObject({
      type: "refused",
      detailed: false,
    });
  }
});

test("a pod that ended for another reason says nothing about the pull", () => {
  const status = {
    phase: "Failed",
    reason: "OutOfpods",
    message: "Node didn't have enough resource",
  };
  expect(readPodState(testPod({ status }))).toEqual({
    type: "broken",
    message: "OutOfpods: Node didn't have enough resource",
  });
  expect(read({ waiting: { reason: "InvalidImageName", message: "bad" } })).toEqual({
    type: "broken",
    message: "InvalidImageName: bad",
  });
  expect(
    read({ terminated: { exitCode: 137, reason: "ContainerStatusUnknown", message: "lost" } }),
  ).toEqual({ type: "broken", message: "lost" });
});
