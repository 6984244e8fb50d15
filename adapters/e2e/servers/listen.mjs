// Listens where the test says (PORT, SOCKET; TLS with KEY and CERT, both PEM) and tells it once that is so.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

const { PORT = "0", SOCKET, KEY, CERT } = process.env;

export const server = KEY
  ? https.createServer({ key: readFileSync(KEY), cert: readFileSync(CERT) })
  : http.createServer();

export const listen = () =>
  SOCKET
    ? server.listen(SOCKET, () => console.log("listening 0"))
    : server.listen(Number(PORT), "127.0.0.1", () => console.log(`listening ${server.address().port}`));

// Whoever started this has gone: so does this.
process.stdin.resume().on("end", () => process.exit());
