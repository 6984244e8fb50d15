// npm's engine.io: echoes messages; `!close` closes the session, `!headers` tells what the first request said.
import { Server } from "engine.io";
import { listen, server } from "./listen.mjs";

const engine = new Server({ pingInterval: 300, pingTimeout: 2000, allowEIO3: true });
engine.attach(server, { path: "/engine.io/" });
engine.on("connection", (socket) => {
  socket.on("message", (data) => {
    if (data === "!close") return socket.close();
    if (data === "!headers") {
      const { headers, _query: query } = socket.request;
      return socket.send(JSON.stringify({ header: headers["x-test"], host: headers.host, query: query.room }));
    }
    socket.send(data);
  });
});
listen();
