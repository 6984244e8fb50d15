// Cases from a seed: what real encoders write, what is nearly that, and what is not.

import * as engine from "engine.io-parser";
import engine3 from "engine.io-parser-3";
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
    switch (random.below(8)) {
      case 0:
        return { payload: this.mutate(this.payload()) };
      case 1:
        return { "payload-3": this.mutate(this.payload3()) };
      case 2:
        return { "binary-payload-3": this.binary3().toString("hex") };
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
}
