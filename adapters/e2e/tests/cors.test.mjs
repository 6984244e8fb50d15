// Pages of other origins.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, connect, testEach } from "../lib/client.mjs";
import { useServer } from "../lib/server.mjs";
import { assertRefused, EIO, http1, Polling, rawUpgrade, SIO, UPGRADE_HEADERS } from "../lib/wire.mjs";

const ALLOWED = ["https://one.example", "http://two.example:8080"];
const OTHERS = ["https://evil.example", "https://one.example.evil", "http://one.example", "null"];
const PREFLIGHT = { "access-control-request-method": "POST", "access-control-request-headers": "content-type,x-mine" };

function assertAllowed(headers, origin) {
  assert.equal(headers["access-control-allow-origin"], origin);
  assert.equal(headers["access-control-allow-credentials"], "true");
  assert.match(headers.vary ?? "", /^origin$/i);
}

function assertNone(headers) {
  const names = Object.keys(headers).filter((name) => name.startsWith("access-control-"));
  assert.deepEqual(names, []);
}

describe("CORS", () => {
  const server = useServer({ CORS_ORIGIN: ` ${ALLOWED[0]},${ALLOWED[1]} ` });

  for (const path of [SIO, EIO])
    for (const origin of ALLOWED) {
      const headers = { origin };

      test(`${path}: ${origin} may read every answer of long-polling`, async (t) => {
        const session = await Polling.open(t, server, { path });
        const open = await http1(server, "GET", `${path}?EIO=4&transport=polling`, { headers });
        assertAllowed(open.headers, origin);
        const { sid } = JSON.parse(open.text.slice(1));
        const answer = session.get({ headers });
        const post = await session.post(path === EIO ? "4hello" : "40", { headers });
        assertAllowed(post.headers, origin);
        assertAllowed((await answer).headers, origin);
        await http1(server, "POST", `${path}?EIO=4&transport=polling&sid=${sid}`, { body: "1" });
      });

      test(`${path}: ${origin} may read refusals`, async () => {
        for (const [query, code] of [["EIO=4&transport=pigeon", 0], ["EIO=4&transport=polling&sid=nobody", 1]]) {
          const response = await http1(server, "GET", `${path}?${query}`, { headers });
          assertRefused(response, code);
          assertAllowed(response.headers, origin);
        }
      });

      test(`${path}: ${origin} opens a WebSocket`, async () => {
        const query = "?EIO=4&transport=websocket";
        const opened = await rawUpgrade(server, path + query, { ...UPGRADE_HEADERS, Origin: origin });
        assert.ok(opened.upgraded);
        assertAllowed(opened.headers, origin);
        opened.socket.destroy();
        const refused = await rawUpgrade(server, `${path}?EIO=9&transport=websocket`, { ...UPGRADE_HEADERS, Origin: origin });
        assert.equal(refused.status, 400);
        assertAllowed(refused.headers, origin);
      });

      test(`${path}: a preflight of ${origin} is answered`, async () => {
        const response = await http1(server, "OPTIONS", `${path}?EIO=4&transport=polling`, { headers: { ...headers, ...PREFLIGHT } });
        assert.ok(response.status >= 200 && response.status < 300, `${response.status}`);
        assertAllowed(response.headers, origin);
        const methods = response.headers["access-control-allow-methods"].split(/, */);
        assert.ok(methods.includes("GET") && methods.includes("POST"), `${methods}`);
        assert.match(response.headers["access-control-allow-headers"], /x-mine/i);
      });
    }

  for (const path of [SIO, EIO])
    test(`${path}: no other origin is named`, async () => {
      for (const origin of OTHERS)
        for (const [method, more] of [["GET", {}], ["OPTIONS", PREFLIGHT]]) {
          const response = await http1(server, method, `${path}?EIO=4&transport=pigeon`, { headers: { origin, ...more } });
          assert.equal(response.headers["access-control-allow-origin"], undefined, `${method} from ${origin}`);
        }
    });

  testEach("a client that sends its origin connects and talks", async (t, mode) => {
    const socket = await connect(t, server, { mode, extraHeaders: { origin: ALLOWED[0] } });
    assert.equal(await ask(socket, "message-with-ack", "hello"), "hello");
  });
});

describe("no CORS", () => {
  const server = useServer();

  test("there is no header for it, and no answer to a preflight", async (t) => {
    for (const path of [SIO, EIO]) {
      const session = await Polling.open(t, server, { path });
      assertNone(session.response.headers);
      const headers = { origin: ALLOWED[0], ...PREFLIGHT };
      const response = await http1(server, "OPTIONS", `${path}?EIO=4&transport=polling`, { headers });
      assertRefused(response, 2);
      assertNone(response.headers);
    }
  });
});
