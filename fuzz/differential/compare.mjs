// Compares the crates with npm's parsers: what comes from the same cases must be accepted or refused alike, and mean the same. What is
// meant to differ is in differences.mjs.
//
//   node compare.mjs <differential> [cases] [seed]

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import * as engine from "engine.io-parser";
import engine3 from "engine.io-parser-3";
import msgpack from "socket.io-msgpack-parser";
import * as socket from "socket.io-parser";
import { Cases } from "./cases.mjs";
import * as differences from "./differences.mjs";

const [program, count = "100000", seed = "1"] = process.argv.slice(2);
const BATCH = 500;
/** How large a message of WebTransport may be; main.rs has the same number. */
const MAX_PAYLOAD = 1000;
const explained = new Map();
let alike = 0;
let errors = 0;

/** Bytes as the other side says them. */
const plain = (data) => (Buffer.isBuffer(data) ? { bytes: data.toString("hex") } : { text: data ?? "" });

/** What npm's decoder makes of messages: its packets, and the first error. */
function theirSocket(pieces) {
  const decoder = new socket.Decoder();
  const packets = [];
  decoder.on("decoded", (packet) => packets.push(packet));
  for (const [at, piece] of pieces.entries()) {
    try {
      decoder.add(piece.text ?? Buffer.from(piece.bytes, "hex"));
    } catch (error) {
      return { packets, error: error.message, at };
    }
  }
  return { packets };
}

/** One of our packets as npm's decoder would say it. */
function ourPacket(packet) {
  const { type, nsp, id, event, data, attachments = [] } = packet;
  const said = { type, nsp };
  if (id !== null && id !== undefined) said.id = id;
  const fill = (value) => {
    if (value?._placeholder === true && attachments.length > 0) return Buffer.from(attachments[value.num], "hex");
    if (typeof value !== "object" || value === null) return value;
    for (const key of Object.keys(value)) value[key] = fill(value[key]);
    return value;
  };
  if (type === 2) said.data = [event, ...fill(JSON.parse(`[${data}]`))];
  else if (type === 3) said.data = fill(JSON.parse(`[${data}]`));
  else if (data !== null && data !== undefined) said.data = JSON.parse(data);
  return said;
}

/** Whether both say the same. An id is text with us, a number with them; so is an event's name that is a number. */
function isSame(ours, theirs) {
  const said = { ...ours };
  if (said.id !== undefined && String(theirs.id) === said.id) said.id = theirs.id;
  if (typeof theirs.data?.[0] === "number" && theirs.type === 2 && Number(said.data[0]) === theirs.data[0]) said.data = [theirs.data[0], ...said.data.slice(1)];
  return isDeepStrictEqual(said, { ...theirs });
}

function compareSocket(pieces, ours) {
  const theirs = theirSocket(pieces);
  const texts = pieces.filter((piece) => piece.text !== undefined);
  for (let n = 0; n < Math.min(ours.packets.length, theirs.packets.length); n++) {
    const [our, their] = [ourPacket(ours.packets[n]), theirs.packets[n]];
    const text = texts[n].text;
    if (!isSame(our, their)) return explain(differences.unlike, { text, ours: our, theirs: their });
    const again = theirSocket(ours.packets[n].encoded.map((piece) => (piece.text === undefined ? piece : { text: piece.text.slice(1) })));
    if (!isSame(our, again.packets[0] ?? {}) && !explain(differences.unlike, { text, ours: our, theirs: again.packets[0] ?? {} })) return false;
  }
  const at = (side) => (side.error === undefined ? Infinity : side.at);
  if (at(ours) < at(theirs)) return explain(differences.weRefuse, { error: ours.error, text: pieces[ours.at].text ?? "", theirs });
  if (at(theirs) < at(ours)) return explain(differences.theyRefuse, { error: theirs.error, text: pieces[theirs.at].text ?? "", ours });
  if (ours.packets.length !== theirs.packets.length) return explain([], { ours, theirs });
  return true;
}

function comparePayload(body, ours, packets, weRefuse) {
  const theirs = { packets: packets.filter((packet) => packet.type !== "error") };
  if (theirs.packets.length < packets.length) theirs.error = "parser error";
  for (let n = 0; n < Math.min(ours.packets.length, theirs.packets.length); n++) {
    const [our, their] = [ours.packets[n], theirs.packets[n]];
    // What a packet without data says behind its type is nobody's business.
    const same = our.type === their.type && (our.data === null || isDeepStrictEqual(our.data, plain(their.data)));
    if (!same) return explain([], { ours: our, theirs: their });
  }
  if (ours.error !== undefined && (theirs.error === undefined || theirs.packets.length > ours.packets.length)) {
    return explain(weRefuse, { error: ours.error, body, ours });
  }
  if (ours.error === undefined && theirs.error !== undefined) return explain([], { ours, theirs });
  return ours.error !== undefined || theirs.packets.length === ours.packets.length || explain([], { ours, theirs });
}

/** What npm's MessagePack decoder makes of a message: a packet, or an error. */
function theirMsgpack(message) {
  const decoder = new msgpack.Decoder();
  let packet;
  decoder.on("decoded", (decoded) => (packet = decoded));
  try {
    decoder.add(message);
  } catch (error) {
    return { error: error.message };
  }
  return { packet };
}

/** A value as JSON would say it, with bytes as text, or as numbers where they cannot be attached. */
function asJson(value, attach) {
  if (value instanceof ArrayBuffer) value = Buffer.from(value);
  if (Buffer.isBuffer(value)) return attach ? `bytes ${value.toString("hex")}` : [...value];
  if (value instanceof Date) return value.toJSON();
  if (Array.isArray(value)) return Array.from(value, (element) => asJson(element, attach) ?? null);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined).map(([key, member]) => [key, asJson(member, attach)]));
  }
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
  return value;
}

function compareMsgpack(digits, ours) {
  const message = Buffer.from(digits, "hex");
  const theirs = theirMsgpack(message);
  if (ours.error !== undefined) {
    return theirs.error !== undefined || explain(differences.msgpackWeRefuse, { error: ours.error, theirs: theirs.packet, message });
  }
  const our = ourPacket(ours.packet);
  if (theirs.error !== undefined) return explain(differences.msgpackTheyRefuse, { error: theirs.error, ours: our, message });
  const bytes = ({ type, nsp, id, data }) => {
    const said = { type, nsp };
    if (id !== undefined) said.id = String(id);
    if (data !== undefined && data !== null) said.data = asJson(data, type === 2 || type === 3);
    return said;
  };
  // What we send on, they read as the same; what they make of `undefined` and of dates is gone by then.
  const again = theirMsgpack(Buffer.from(ours.encoded[0].bytes, "hex"));
  for (const their of [theirs.packet, again.packet ?? {}]) {
    const [a, b] = [bytes(our), bytes(their)];
    if (Number(a.id) === Number(b.id)) a.id = b.id; // an id beyond 2^53 is rounded
    if (typeof b.data?.[0] === "number" && a.type === 2 && Number(a.data[0]) === b.data[0]) a.data[0] = b.data[0]; // a name is text with us
    if (!isDeepStrictEqual(a, b) && !explain(differences.msgpackUnlike, { ours: a, theirs: b, message })) return false;
  }
  return true;
}

/** What npm's decoder makes of the pieces of a WebTransport stream. */
async function theirFrames(pieces) {
  const { readable, writable } = engine.createPacketDecoderStream(MAX_PAYLOAD, "nodebuffer");
  const writer = writable.getWriter();
  const wrote = (async () => {
    for (const piece of pieces) await writer.write(Buffer.from(piece, "hex"));
    await writer.close();
  })();
  const packets = [];
  for await (const packet of readable) packets.push(packet);
  await wrote;
  // Behind an error they go on, where nobody knows what it is.
  const error = packets.findIndex((packet) => packet.type === "error");
  return error < 0 ? packets : packets.slice(0, error + 1);
}

function theirPayload3(body) {
  const packets = [];
  engine3.decodePayload(body, "nodebuffer", (packet) => {
    packets.push(packet);
  });
  return packets;
}

async function compare(kase, ours) {
  if (kase.msgpack !== undefined) return compareMsgpack(kase.msgpack, ours);
  if (kase.frames !== undefined) return comparePayload(kase.frames, ours, await theirFrames(kase.frames), differences.framesWeRefuse);
  if (kase.socket) return compareSocket(kase.socket, ours);
  if (kase.payload !== undefined) return comparePayload(kase.payload, ours, engine.decodePayload(kase.payload, "nodebuffer"), differences.engineWeRefuse);
  if (kase["payload-3"] !== undefined) {
    return comparePayload(kase["payload-3"], ours, theirPayload3(kase["payload-3"]), differences.engine3WeRefuse);
  }
  const body = kase["binary-payload-3"];
  if (body === "") return true; // they make nothing of it, and neither does anyone send it
  return comparePayload(body, ours, theirPayload3(Buffer.from(body, "hex")), differences.binary3WeRefuse);
}

/** Looks for the reason of a difference. */
function explain(rows, difference) {
  const row = rows.find((row) => row.applies(difference));
  if (row) explained.set(row, (explained.get(row) ?? 0) + 1);
  else console.log("no reason for", JSON.stringify(difference));
  return row ? "explained" : false;
}

const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
const cases = new Cases(Number(seed));
for (let done = 0; done < Number(count) && errors < 10; done += BATCH) {
  const batch = Array.from({ length: BATCH }, () => cases.next());
  child.stdin.write(batch.map((kase) => JSON.stringify(kase) + "\n").join("") + "\n");
  for (const kase of batch) {
    const { value, done: ended } = await answers.next();
    if (ended) throw new Error(`the program ended: ${JSON.stringify(kase)}`);
    const result = await compare(kase, JSON.parse(value));
    if (result === true) alike++;
    if (result === false) {
      errors++;
      console.log("  in", JSON.stringify(kase));
    }
  }
}
child.stdin.end();

console.log(`seed ${seed}: ${alike} alike, ${[...explained.values()].reduce((a, b) => a + b, 0)} explained, ${errors} not`);
for (const [name, rows] of Object.entries(differences)) {
  if (!Array.isArray(rows)) continue;
  for (const row of rows) console.log(`${String(explained.get(row) ?? "idle").padStart(8)}  ${name}: ${row.why}`);
}
process.exitCode = errors > 0 ? 1 : 0;
