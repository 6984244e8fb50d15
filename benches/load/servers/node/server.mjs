// The measured server written for Node's socket.io with its default WebSocket engine, `ws`.

import { createServer } from "node:http";
import { Server } from "socket.io";

const number = (name, fallback) => Number(process.env[name] ?? fallback);

const server = createServer();
const io = new Server(server, {
  pingInterval: number("PING_INTERVAL_MS", 25_000),
  serveClient: false,
});

io.on("connection", (socket) => {
  // Node reads all arguments into values: both echoes are the same to it.
  for (const name of ["echo", "echo_json"]) {
    socket.on(name, (...args) => {
      if (typeof args.at(-1) === "function") {
        const ack = args.pop();
        ack(...args);
      } else {
        socket.emit(name, ...args);
      }
    });
  }
  socket.on("join", (room, ack) => {
    socket.join(room);
    ack();
  });
  socket.on("shout", (...args) => io.to("lobby").emit("shout", ...args));
});

server.listen(number("PORT", 3000), "127.0.0.1");
