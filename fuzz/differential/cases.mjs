// Cases from a seed: what real encoders write, what is nearly that, and what is not.

import * as engine from "engine.io-parser";
import engine3 from "engine.io-parser-3";
import msgpack from "socket.io-msgpack-parser";
import * as socket from "socket.io-parser";

/** Numbers from a seed, the same everywhere (xorshift, 32 bits). */
class Random {
  constructor(seed) {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ 0x85ebca6b) | 1;
  }
  below(n) {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % n;
  }
  of(list) {
    return list[this.below(list.length)];
  }
  times(n, make) {
    return Array.from({ length: this.below(n + 1) }, make);
  }
}

const CHARACTERS = [..."0123456789-+eE.,:/[]{}\"\\ \t\n?xubtrnfalsd_=", "é", "😀", "\u2028", "\u00a0", "\ufeff", "\0"];
const TOKENS = ['{"_placeholder":true,"num":0}', '{"num":1,"_placeholder":true}', '"_placeholder"', '"num"', "\\ud800", "\\ud83d\\ude00", "\\u0063onnect", "1e0", "007", "18446744073709551616", "9007199254740993", "0x1", "/a?b=c,", "connect", "newListener", "null", "true", "-0", "1e999", "[[[", "]]]", "10-", "11-"];

export class Cases {
  constructor(seed) {
    this.random = new Random(seed);
  }

  next() {
    const { random } = this;
    switch (random.below(12)) {
      case 0:
        return { payload: this.mutate(this.payload()) };
      case 1:
        return { "payload-3": this.mutate(this.payload3()) };
      case 2:
        return { "binary-payload-3": this.binary3().toString("hex") };
      case 3:
      case 4:
      case 5:
        return { msgpack: this.msgpack().toString("hex") };
      case 6:
        return { frames: this.frames() };
      default:
        return { socket: this.messages() };
    }
  }

  messages() {
    const { random } = this;
    const pieces = random.below(4) === 0 ? [{ text: this.almost() }] : this.encoded();
    if (random.below(2) === 0) {
      const piece = random.of(pieces);
      if (piece.text !== undefined) piece.text = this.mutate(piece.text);
    }
    if (random.below(100) === 0) {
      // One attachment, named as often as there may be attachments, or once more.
      const placeholders = Array(10 + random.below(2)).fill(TOKENS[0]);
      return [{ text: `51-["e",${placeholders}]` }, { bytes: "01" }];
    }
    switch (random.below(12)) {
      case 0:
        pieces.splice(random.below(pieces.length + 1), 1);
        break;
      case 1:
        pieces.splice(random.below(pieces.length + 1), 0, { bytes: "0102" });
        break;
      case 2:
        pieces.push(...this.encoded());
    }
    // An empty message never comes here: without data there is no message to Engine.IO.
    return pieces.filter((piece) => piece.text !== "");
  }

  /** What npm's encoder makes of a packet. */
  encoded() {
    const { random } = this;
    const type = random.below(5);
    const packet = { type, nsp: random.of(["/", "/", "/a", "/admin?x=1", "/é"]) };
    if (type === 2) packet.data = [random.of(["e", "chat message", "é\"\\", 7, "error"]), ...random.times(3, () => this.value(3))];
    if (type === 3) packet.data = random.times(3, () => this.value(3));
    if (type === 0 && random.below(2)) packet.data = { token: this.plain(2) };
    if (type === 4) packet.data = random.of([{ message: "no", data: this.plain(2) }, "no"]);
    if (type === 3 || (type === 2 && random.below(2))) packet.id = random.of([0, 1, 12, 4294967296, Number.MAX_SAFE_INTEGER]);
    const frames = new socket.Encoder().encode(packet);
    return frames.map((frame) => (typeof frame === "string" ? { text: frame.toWellFormed() } : { bytes: frame.toString("hex") }));
  }

  /** A packet that may be one. */
  almost() {
    const { random } = this;
    const maybe = (list) => (random.below(3) ? "" : random.of(list));
    return [random.of([0, 1, 2, 3, 4, 5, 6, 7, " "]), maybe(["1-", "0-", "10-", "11-", "1", "-", "01-", "1e0-", " 1-"]), maybe(["/a,", "/a", "/,", "/a?b,c,"]), maybe(["1", "007", " ", "1 2", "99999999999999999999", "-1"]), maybe(['["e"]', "[]", "{}", '"x"', "null", "[1]", "[null]", '["disconnect"]', "[{}]", ' ["e"] ', '["e",{"_placeholder":true,"num":0}]', '[{"_placeholder":true,"num":-1}]'])].join("");
  }

  value(depth) {
    return this.random.below(4) === 0 ? Buffer.from(this.random.times(3, () => this.random.below(256))) : this.plain(depth, () => this.value(depth - 1));
  }

  plain(depth, inside = () => this.plain(depth - 1)) {
    const { random } = this;
    switch (random.below(depth > 0 ? 8 : 6)) {
      case 0:
        return null;
      case 1:
        return random.below(2) === 0;
      case 2:
        return random.of([0, -0, 1, -1.5, 1e21, 1e-7, 12345678901234, 0.1 + 0.2]);
      case 6:
        return random.times(3, inside);
      case 7:
        return Object.fromEntries(random.times(3, () => [random.of(["a", "b", "num", "é", "\n", ""]), inside()]));
      default:
        return random.of(["", "x", "é😀\u2028", "\"\\/\b\f\n\r\t\u0001", "_placeholder", "a longer text, of more than thirty-two bytes"]);
    }
  }

  mutate(text) {
    const { random } = this;
    for (let n = random.below(4); n > 0; n--) {
      const at = random.below(text.length + 1);
      const piece = random.below(3) ? random.of(CHARACTERS) : random.of(TOKENS);
      text = random.of([() => text.slice(0, at) + piece + text.slice(at), () => text.slice(0, at) + piece + text.slice(at + piece.length), () => text.slice(0, at) + text.slice(at + 1), () => text.slice(0, at)])();
    }
    return text.toWellFormed();
  }

  packets() {
    const { random } = this;
    return Array.from({ length: 1 + random.below(4) }, () => {
      const type = random.of(["message", "message", "message", "ping", "pong", "close", "upgrade", "noop"]);
      if (type !== "message") return random.below(2) ? { type } : { type, data: "probe" };
      return { type, data: random.below(3) ? random.of(["", "hello", "é😀", '2["a"]', "0:", "5:4"]) : Buffer.from(random.times(5, () => random.below(256))) };
    });
  }

  payload() {
    let body;
    engine.encodePayload(this.packets(), (encoded) => (body = encoded));
    return body;
  }

  payload3() {
    let body;
    engine3.encodePayload(this.packets(), false, (encoded) => (body = encoded));
    return body;
  }

  binary3() {
    const { random } = this;
    let body;
    engine3.encodePayloadAsBinary(this.packets(), (encoded) => (body = Buffer.from(encoded)));
    for (let n = random.below(3); n > 0; n--) {
      if (body.length > 0) body[random.below(body.length)] = random.of([0, 1, 2, 4, 9, 10, 49, 52, 98, 128, 255]);
    }
    return random.below(8) ? body : body.subarray(0, random.below(body.length + 1));
  }

  /** What npm's encoder makes of a packet, or one of loose parts, changed here and there. */
  msgpack() {
    const { random } = this;
    const loose = random.below(3) === 0;
    const body = loose ? this.loosePacket() : new msgpack.Encoder().encode(this.msgpackPacket())[0];
    return this.harmless(random.below(2) ? body : this.mutateBytes(body));
  }

  msgpackPacket() {
    const { random } = this;
    const packet = { type: random.below(5), nsp: random.of(["/", "/", "/a", "/é"]) };
    const values = () => random.times(3, () => this.rich(3));
    if (packet.type === 0) packet.data = random.of([undefined, { token: this.rich(2) }]);
    if (packet.type === 2) packet.data = [random.of(["e", "chat message", "é", "disconnect"]), ...values()];
    if (packet.type === 3) packet.data = random.below(20) ? values() : Array(10 + random.below(2)).fill(Buffer.from("x"));
    if (packet.type === 4) packet.data = random.of([{ message: "no", data: this.rich(2) }, "no"]);
    if (packet.type === 3 || (packet.type === 2 && random.below(2))) packet.id = random.of([0, 1, 300, 4294967296, Number.MAX_SAFE_INTEGER]);
    if (random.below(3) === 0) packet.options = { compress: true };
    return packet;
  }

  /** A value that MessagePack can say and JSON cannot, or any other. */
  rich(depth) {
    const { random } = this;
    switch (random.below(10)) {
      case 0:
        return Buffer.from(random.times(3, () => random.below(256)));
      case 1:
        return new Uint8Array(random.times(3, () => random.below(256))).buffer;
      case 2:
        return random.of([undefined, NaN, Infinity, new Date(0), new Date(981173106789), new Date(NaN), 2 ** 53, -(2 ** 31) - 1]);
      case 3:
        return random.of([{ _placeholder: true, num: 0 }, { _placeholder: false }]);
      default:
        return this.plain(depth, () => this.rich(depth - 1));
    }
  }

  /** A map that may be a packet. */
  loosePacket() {
    const { random } = this;
    const parts = [
      ["type", random.of(["00", "01", "02", "02", "03", "04", "05", "cc02", "cd0002", "d002", "ca40000000", "cb4000000000000000", "cf0000000000000003", "c0", "a132"])],
      ["nsp", random.of(["a12f", "a22f61", "d9022f61", "da00022f61", "a0", "c4012f", "c0"])],
      ["data", this.looseData()],
    ];
    if (random.below(2)) parts.push(["id", random.of(["00", "cf7fffffffffffffff", "cfffffffffffffffff", "ff", "c0", "d40000", "cb3ff8000000000000", "cb4008000000000000", "a131"])]);
    if (random.below(4) === 0) parts.push([random.of(["data", "type", "more"]), this.token(2)]);
    if (random.below(4) === 0) parts.splice(random.below(parts.length), 1);
    const body = parts.map(([key, value]) => Buffer.from([0xa0 | key.length]).toString("hex") + Buffer.from(key).toString("hex") + value);
    return Buffer.from((0x80 | parts.length).toString(16) + body.join(""), "hex");
  }

  looseData() {
    const { random } = this;
    const list = [random.of(["a165", "a165", "07", "c3", "c0", "a0", "80"]), ...random.times(4, () => this.token(3))];
    const head = random.of([(0x90 | list.length).toString(16), "dc000" + list.length, "dd0000000" + list.length]);
    return random.of([head + list.join(""), head + list.join(""), head + list.join(""), "d40000", "c0", "a26e6f", "80", "81a16b" + this.token(2)]);
  }

  /** Any value, in any of the forms that it has. */
  token(depth) {
    const { random } = this;
    const hex = (bytes) => Buffer.from(random.times(bytes, () => random.below(256))).toString("hex").padEnd(2 * bytes, "0");
    const scalar = () => random.of([() => "c0", () => "c2", () => "d40000", () => "ff", () => "7f", () => "ca" + hex(4), () => "cb" + hex(8), () => "ca7f800000", () => "cb8000000000000000", () => "cc" + hex(1), () => "cd" + hex(2), () => "ce" + hex(4), () => "cf" + hex(8), () => "d0" + hex(1), () => "d1" + hex(2), () => "d2" + hex(4), () => "d3" + hex(8), () => "a1" + hex(1), () => "a0", () => "a161", () => "d903c3a961", () => "db00000001" + "78", () => "d40107", () => "d500" + hex(2), () => "d6ff" + hex(4), () => "d700" + hex(8), () => "d7000000" + hex(6), () => "d805" + hex(16), () => "c7020501ff", () => "c7020001ff", () => "c8000100ee", () => "c900000001f911", () => "c40107", () => "c50002aabb", () => "c600000000", () => "c1"])();
    if (depth === 0) return scalar();
    const inside = random.times(3, () => this.token(depth - 1));
    switch (random.below(6)) {
      case 0:
        return random.of(["9" + inside.length, "dc000" + inside.length, "dd0000000" + inside.length]) + inside.join("");
      case 1:
        return random.of(["8" + inside.length, "de000" + inside.length, "df0000000" + inside.length]) + inside.map((value) => random.of(["a16b", "a162", "a26e756d", "07", "ff", "c3", "c0", "d40000", "ca3fc00000", "90", "cb7ff0000000000000"]) + value).join("");
      default:
        return scalar();
    }
  }

  mutateBytes(body) {
    const { random } = this;
    body = Buffer.from(body);
    for (let n = 1 + random.below(3); n > 0; n--) {
      const at = random.below(body.length);
      const byte = random.below(2) ? random.below(256) : random.of([0x00, 0x7f, 0x80, 0x81, 0x90, 0x91, 0xa0, 0xa1, 0xc0, 0xc4, 0xc7, 0xca, 0xcf, 0xd4, 0xd7, 0xdc, 0xde, 0xff]);
      body = random.of([() => (body[at] = byte, body), () => Buffer.concat([body.subarray(0, at), Buffer.from([byte]), body.subarray(at)]), () => Buffer.concat([body.subarray(0, at), body.subarray(at + 1)]), () => body.subarray(0, at)])();
      if (body.length === 0) break;
    }
    return body;
  }

  /** They take the memory for an ArrayBuffer before they look whether it is there: no gigabytes, please. */
  harmless(body) {
    for (let at = 0; at + 2 < body.length; at++) {
      if (body[at] === 0xc9) body[at + 1] = body[at + 2] = 0;
    }
    return body;
  }

  /** A stream of WebTransport's frames, in pieces. */
  frames() {
    const { random } = this;
    const bodies = this.packets().map((packet) => {
      let body;
      engine.encodePacket(packet, true, (encoded) => (body = Buffer.from(encoded)));
      return [Buffer.isBuffer(packet.data) ? 0x80 : 0, random.below(8) ? body : Buffer.alloc(random.of([125, 126, 127, 300]), "4")];
    });
    const frames = bodies.map(([kind, body]) => {
      const head = Buffer.alloc(9);
      const form = random.below(4);
      if (body.length < 126 && form < 2) return Buffer.concat([Buffer.from([kind | body.length]), body]);
      if (form < 3) {
        head[0] = kind | 126;
        head.writeUInt16BE(body.length, 1);
        return Buffer.concat([head.subarray(0, 3), body]);
      }
      head[0] = kind | 127;
      head.writeBigUInt64BE(BigInt(body.length), 1);
      return Buffer.concat([head, body]);
    });
    const stream = Buffer.concat(frames);
    const whole = random.below(2) && stream.length > 0 ? this.mutateBytes(stream) : stream;
    const cuts = [0, ...random.times(4, () => random.below(whole.length + 1)), whole.length].sort((a, b) => a - b);
    return cuts.slice(1).map((cut, n) => whole.subarray(cuts[n], cut).toString("hex")).filter((piece) => piece !== "");
  }
}
