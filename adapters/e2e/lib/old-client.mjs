// The Socket.IO clients 1.x and 2.x, which speak revision 3 of Engine.IO; and the later ones in the same manner, for what all can do.
import { createRequire } from "node:module";
import { outcome } from "./client.mjs";

const require = createRequire(import.meta.url);
const PATIENCE = 5000;

export const VERSIONS = { 1: require("socket.io-client-1"), 2: require("socket.io-client-2") };
/** Every generation of the client. */
export const GENERATIONS = { ...VERSIONS, 3: require("socket.io-client-3"), 4: require("socket.io-client") };
export const Engine3 = require("engine.io-client-3");

/** The ways to be connected; `upgraded` waits for the end of the upgrade. */
export const OLD_MODES = {
  polling: { transports: ["polling"] },
  "polling with base64": { transports: ["polling"], forceBase64: true },
  websocket: { transports: ["websocket"] },
  "websocket with base64": { transports: ["websocket"], forceBase64: true },
  upgrading: { transports: ["polling", "websocket"] },
  upgraded: { transports: ["polling", "websocket"] },
};

/**
 * What a client may be sent and say. Over long-polling the client 1.x writes text as UTF-8 twice, unlike every later one, and does
 * not say so: what is not ASCII comes out wrong elsewhere.
 */
export const speakable = (version, mode) => (value) =>
  version === "1" && !/^(websocket|upgraded)/.test(mode) ? JSON.parse(JSON.stringify(value).replace(/[^\x20-\x7e]/gu, "?")) : value;

/** A socket of its own connection, which is disconnected when the test `t` ends; what comes is in its `log`. */
export function prepareOld(t, server, version, { mode = "websocket", nsp = "/", ...options } = {}) {
  const socket = GENERATIONS[version](server.url + nsp, { forceNew: true, reconnection: false, autoConnect: false, ...OLD_MODES[mode], ...options });
  socket.log = [];
  const onevent = socket.onevent;
  socket.onevent = function (packet) {
    socket.log.push(packet.data);
    onevent.call(this, packet);
  };
  t.after(() => socket.close());
  return socket;
}

/** A connected socket whose `auth` event has come. */
export async function connectOld(t, server, version, options = {}) {
  const socket = prepareOld(t, server, version, options);
  const both = Promise.all([outcome(socket, "connect", ["error", "connect_error"]), outcome(socket, "auth")]);
  socket.open();
  const [, [auth]] = await both;
  socket.auth = auth;
  const engine = socket.io.engine;
  if (options.mode === "upgraded" && engine.transport.name === "polling") await outcome(engine, "upgrade", ["upgradeError", "close"]);
  return socket;
}

/** The first argument of the acknowledgement. */
export function askOld(socket, event, ...args) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`"${event}" was not acknowledged`)), PATIENCE);
    socket.emit(event, ...args, (answer) => (clearTimeout(timer), resolve(answer)));
  });
}

/** The same test for each version in each mode. */
export function overOldClients(test, name, body) {
  for (const version of Object.keys(VERSIONS))
    for (const mode of Object.keys(OLD_MODES)) test(`${name} [${version}.x, ${mode}]`, (t) => body(t, version, mode));
}

/** An Engine.IO 3 client whose messages are in `log`. */
export async function engine3(t, server, mode, options = {}) {
  const socket = new Engine3(server.url, { path: "/engine.io", ...OLD_MODES[mode], ...options });
  socket.log = [];
  socket.on("message", (message) => socket.log.push(message));
  t.after(() => socket.close());
  await outcome(socket, "open", ["error", "close"]);
  if (mode === "upgraded") await outcome(socket, "upgrade", ["upgradeError", "close"]);
  return socket;
}
