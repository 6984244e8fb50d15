// Two hundred clients; scale.mjs by hand takes as many as one likes.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { useServer } from "../lib/server.mjs";
import { scale } from "../scale.mjs";

describe("scale", () => {
  const server = useServer();

  test("two hundred clients, half of them polling, hear one broadcast each and leave nothing behind", async () => {
    const { before, peak } = await scale(server, 200);
    assert.ok(peak - before < 100 * 2 ** 20, `grew by ${peak - before} bytes`);
  });
});
