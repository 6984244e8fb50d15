// The official Socket.IO client, with a log of everything it received and waiting that ends.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { io, Manager } from "socket.io-client";

const PATIENCE = 5000;

/** The ways to be connected. `upgrading` starts to talk while the upgrade is still going on, `upgraded` after it. */
export const MODES = {
  polling: ["polling"],
  websocket: ["websocket"],
  upgrading: ["polling", "websocket"],
  upgraded: ["polling", "websocket"],
};

/** One suite per mode: `body(mode)` declares its tests. */
export function overEveryTransport(body) {
  for (const mode of Object.keys(MODES)) describe(`over ${mode}`, () => body(mode));
}

/** The same test once per mode. */
export function testEach(name, body) {
  for (const mode of Object.keys(MODES)) test(`${name} [${mode}]`, (t) => body(t, mode));
}

/** A socket of its own connection that has not connected yet; it is disconnected when the test `t` ends. */
export function prepare(t, server, { mode = "websocket", nsp = "/", ...options } = {}) {
  const socket = io(server.url + nsp, {
    forceNew: true, reconnection: false, autoConnect: false, transports: MODES[mode], ...options,
  });
  return watched(t, socket);
}

/** A manager whose sockets share one connection. */
export function manager(t, server, { mode = "websocket", ...options } = {}) {
  const shared = new Manager(server.url, { reconnection: false, autoConnect: false, transports: MODES[mode], ...options });
  t?.after(() => shared._close());
  return { shared, socket: (nsp, opts) => watched(t, shared.socket(nsp, opts)) };
}

function watched(t, socket) {
  socket.log = [];
  socket.onAny((...event) => socket.log.push(event.filter((x) => typeof x !== "function")));
  t?.after(() => socket.disconnect());
  return socket;
}

/** Connects a prepared socket; refusals and failures throw. */
export async function connected(socket) {
  const done = outcome(socket, "connect", ["connect_error"]);
  socket.connect();
  await done;
  return socket;
}

/** Resolves when the connection below has moved to WebSocket. */
export async function upgraded(socket) {
  const engine = socket.io.engine;
  if (engine.transport.name === "polling") await outcome(engine, "upgrade", ["upgradeError", "close"]);
  return socket;
}

/** A connected socket in the given mode. */
export async function connect(t, server, options = {}) {
  const socket = await connected(prepare(t, server, options));
  if (options.mode === "upgraded") await upgraded(socket);
  return socket;
}

/** The arguments of the next `event`; any of `failures` rejects, and so does patience. */
export function outcome(emitter, event, failures = [], ms = PATIENCE) {
  return new Promise((resolve, reject) => {
    const handlers = new Map();
    const done = (settle, value) => {
      clearTimeout(timer);
      for (const [name, handler] of handlers) emitter.off(name, handler);
      settle(value);
    };
    const timer = setTimeout(done, ms, reject, new Error(`no "${event}" within ${ms} ms`));
    handlers.set(event, (...args) => done(resolve, args));
    for (const name of failures)
      handlers.set(name, (...args) => done(reject, new Error(`"${name}" instead of "${event}": ${args[0]?.message ?? args[0]}`)));
    for (const [name, handler] of handlers) emitter.on(name, handler);
  });
}

/** All arguments of the acknowledgement. */
export function call(socket, event, ...args) {
  return new Promise((resolve, reject) => {
    socket.timeout(PATIENCE).emit(event, ...args, (error, ...answer) =>
      error ? reject(new Error(`"${event}" was not acknowledged: ${error.message}`)) : resolve(answer));
  });
}

/** The first argument of the acknowledgement. */
export const ask = async (socket, event, ...args) => (await call(socket, event, ...args))[0];

/** What the server sent to these sockets before now has arrived: it comes before the answers to these questions. */
export const barrier = (...sockets) => Promise.all(sockets.map((socket) => ask(socket, "whoami")));

/** The argument lists of all `event`s so far. */
export const received = (socket, event) => socket.log.filter(([name]) => name === event).map(([, ...args]) => args);

/** Waits until `count` of `event` have arrived, returns their argument lists, and fails if there are more. */
export async function arrived(socket, event, count = 1, ms = PATIENCE) {
  await until(() => received(socket, event).length >= count, ms, () =>
    `${count} × "${event}" expected, ${received(socket, event).length} came; the log ends ${JSON.stringify(socket.log.slice(-5))}`);
  const all = received(socket, event);
  assert.equal(all.length, count, `"${event}" came ${all.length} times`);
  return all;
}

/** Waits for a condition. */
export async function until(condition, ms = PATIENCE, explain = () => `not within ${ms} ms: ${condition}`) {
  for (const deadline = Date.now() + ms; !(await condition()); await sleep(3))
    if (Date.now() > deadline) assert.fail(explain());
}

export { sleep };
