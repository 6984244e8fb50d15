// npm's socket.io, of VERSION 4 or 2: what the contract example does, as far as the tests of the clients need it.
import { listen, server } from "./listen.mjs";

const { VERSION = "4", PARSER, RECOVERY, PING_INTERVAL = "25000", PING_TIMEOUT = "20000" } = process.env;
const two = VERSION === "2";
const options = { pingInterval: Number(PING_INTERVAL), pingTimeout: Number(PING_TIMEOUT) };
if (PARSER === "msgpack") options.parser = (await import("socket.io-msgpack-parser")).default;
if (RECOVERY === "1") options.connectionStateRecovery = { maxDisconnectionDuration: 120_000, skipMiddlewares: true };

let io;
if (two) {
  const { default: Server } = await import("socket.io-2");
  io = Server(server, options);
} else {
  const { Server } = await import("socket.io");
  io = new Server(server, options);
}

const isBinary = (value) => ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
const blobs = (value) => {
  if (isBinary(value)) return 1;
  if (value === null || typeof value !== "object") return 0;
  return Object.values(value).reduce((sum, inner) => sum + blobs(inner), 0);
};

const serve = (socket) => {
  const auth = two ? socket.handshake.query : socket.handshake.auth;
  let next = 0;
  let errors = 0;
  if (!socket.recovered) socket.emit("auth", auth);
  const on = (event, handler) => socket.on(event, handler);
  on("message", (...args) => socket.emit("message-back", ...args));
  on("message-with-ack", (...args) => args.pop()(...args));
  on("never-ack", () => {});
  on("server-ack", (payload) =>
    socket.emit("server-ack-request", payload, (...args) => socket.emit("server-ack-result", args)));
  on("binary", (...args) => socket.emit("binary-back", { args, n: blobs(args) }));
  on("burst", (count) => {
    for (let i = 0; i < count; i++) socket.emit("burst-item", i);
    socket.emit("burst-done", count);
  });
  on("seq", (i) => {
    errors += i === next ? 0 : 1;
    next = i + 1;
  });
  on("seq-report", (ack) => ack({ next, errors }));
  on("disconnect-me", (close) => socket.disconnect(close));
  on("join", (room, ack) => {
    socket.join(room);
    ack();
  });
  on("in-room", (room, event, ...args) => {
    const ack = args.pop();
    socket.nsp.to(room).emit(event, ...args);
    ack();
  });
  on("count", (ack) => ack(socket.nsp.sockets.size));
  on("whoami", (ack) =>
    ack({
      id: socket.id,
      nsp: socket.nsp.name,
      transport: socket.conn.transport.name,
      recovered: socket.recovered === true,
    }));
};

for (const name of ["/", "/custom"]) io.of(name).on("connection", serve);
io.of("/admin")
  .use((socket, admit) => {
    const { token } = two ? socket.handshake.query : socket.handshake.auth;
    if (token === "s3cret") return admit();
    const error = new Error("not authorized");
    error.data = { code: 401, hint: "token" };
    admit(error);
  })
  .on("connection", serve);
listen();
