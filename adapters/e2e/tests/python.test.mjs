// The Python client, see python_client.py. PYTHON is an interpreter that has the packages of requirements.txt.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { optional, useServer } from "../lib/server.mjs";

const python = process.env.PYTHON || "python3";
const there = spawnSync(python, ["-c", "import socketio, aiohttp, requests, websocket, msgpack"]).status === 0;

for (const [name, parser, serializer] of [["python", "json", "default"], ["python, with msgpack", "msgpack", "msgpack"]])
describe(name, optional(there, `${python} has no python-socketio (set PYTHON)`), () => {
  // Told to leave while it polls, this client hangs up without a close packet: the heartbeat has to find out.
  const server = useServer({ PARSER: parser, PING_INTERVAL: 1000, PING_TIMEOUT: 1500 }, { patience: 6000 });

  test("every check of python_client.py", async () => {
    const child = spawn(python, [fileURLToPath(new URL("../python_client.py", import.meta.url)), server.url, serializer]);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.equal(code, 0, output);
    assert.equal(output.match(/^ok /gm).length, 30, output);
  });
});
