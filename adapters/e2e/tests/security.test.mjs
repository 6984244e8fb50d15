// What SECURITY.md says is tested is tested: the files and the tests that it names are there.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const ROOT = new URL("../../../", import.meta.url);
const FOLDERS = ["engineio-proto/tests/", "socketio-proto/tests/", "adapters/hyper/src/transport/frames/tests/", "adapters/tokio/tests/", "adapters/e2e/tests/", "adapters/e2e/clients/"];

test("the tests that SECURITY.md names are there", async () => {
  const files = new Map();
  for (const folder of FOLDERS)
    for (const name of await readdir(new URL(folder, ROOT)))
      if (/\.(rs|mjs)$/.test(name) && name !== "security.test.mjs") files.set(folder + name, await readFile(new URL(folder + name, ROOT), "utf8"));
  const sources = [...files.values()].join("\n");
  const fuzzed = await readFile(new URL("fuzz/Cargo.toml", ROOT), "utf8");
  const text = await readFile(new URL("SECURITY.md", ROOT), "utf8");
  const rows = text.slice(text.indexOf("| kind | CVE")).split("\n").slice(2).filter(Boolean);
  assert.ok(rows.length > 10);
  for (const row of rows) {
    const [tests, targets] = row.split(" | ").at(-1).split("fuzz: ");
    for (const [, target] of targets?.matchAll(/`(\w+)`/g) ?? []) assert.ok(fuzzed.includes(`name = "${target}"`), `the fuzz target ${target}`);
    for (const [, name] of tests.matchAll(/"([^"]+)"/g)) assert.ok(sources.includes(name), `the test "${name}"`);
    for (const [, name] of tests.matchAll(/`([^`]+)`/g))
      if (name.endsWith("/")) assert.ok(FOLDERS.includes(name), name);
      else if (/\.(rs|mjs)$/.test(name)) assert.ok([...files.keys()].some((file) => file.endsWith(name)), `the file ${name}`);
      else assert.ok(sources.includes(`fn ${name.replace("_…", "_")}`), `the test ${name}`);
  }
});
