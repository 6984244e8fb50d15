// What differs on purpose, each with its reason. A difference that no row explains is an error; a row that explains nothing any more is
// said to be idle.

import { isUtf8 } from "node:buffer";

/** What is behind the namespace of a packet: its id and its payload. */
export const tail = (text) => {
  const behind = /^[56]/.test(text) ? text.replace(/^.[^-]*-/, "") : text.slice(1);
  if (!behind.startsWith("/")) return behind;
  const comma = behind.indexOf(",");
  return comma < 0 ? "" : behind.slice(comma + 1);
};

const count = (text) => /^[56]([^-]*)-/.exec(text)?.[1] ?? "";

/** Socket.IO: they accept or wait for attachments, we refuse. `error` is ours, `text` the message that it is about. */
export const weRefuse = [
  { why: "a payload that is missing: they dispatch an event without a name", applies: ({ error }) => error.startsWith("MissingPayload") },
  { why: "an acknowledgement that does not say of what", applies: ({ error }) => error === "MissingAckId" },
  { why: "a number of attachments such as 1e0 or 0x1", applies: ({ error, text }) => error === "AttachmentCount" && !/^\d+$/.test(count(text)) },
  { why: "white space for a packet type, which is 0 to them", applies: ({ error, text }) => error.startsWith("UnknownKind") && /^\s/.test(text) },
  { why: "white space in an id, or for one", applies: ({ error, text }) => /^(Json|PayloadShape|MissingAckId)/.test(error) && /^\d*\s/.test(tail(text)) },
  { why: "an id beyond 64 bits, which they round", applies: ({ error, text }) => error === "AckId" && /^\d{20,}/.test(tail(text)) },
  { why: "a placeholder that is not written as every encoder does, or names nothing: they look when all attachments are there", applies: ({ error }) => error === "Placeholder" },
  { why: "more placeholders than there may be attachments", applies: ({ error, text }) => error.startsWith("TooManyAttachments") && Number(count(text)) <= 10 },
];

/** Socket.IO: they refuse, we accept. */
export const theyRefuse = [];

/** Socket.IO: both accept, and it is not the same. */
export const unlike = [
  { why: "an id where none belongs, which nobody reads", applies: ({ ours, theirs }) => [0, 1, 4].includes(ours.type) && theirs.id !== undefined && ours.id === undefined },
  { why: "white space before a payload, which is the id 0 to them", applies: ({ text, ours, theirs }) => /^\s/.test(tail(text)) && ours.id === undefined && theirs.id === 0 },
  { why: "an id beyond 2^53, which they round", applies: ({ ours, theirs }) => theirs.id > Number.MAX_SAFE_INTEGER && Number(ours.id) === theirs.id },
  { why: "half a surrogate pair, which UTF-8 cannot say, in the name of an event", applies: ({ text, ours }) => /\\u[dD][89a-fA-F]/.test(text) && ours.data?.[0]?.includes?.("\ufffd") },
];

/** Engine.IO: they accept, we refuse. */
export const engineWeRefuse = [
  { why: "base64 that is not canonical, in which they skip what they do not know", applies: ({ error }) => error === "Base64" },
  { why: "an open packet that is no handshake", applies: ({ error }) => error === "Handshake" },
];

/** Engine.IO, revision 3: they accept, we refuse. */
export const engine3WeRefuse = [
  ...engineWeRefuse,
  { why: "a length that is not plain digits, such as 1e1 or 0x1", applies: ({ error, body }) => error === "Length" && /[\s+.eExXoObB-][\da-fA-F]*\s*:/.test(body) },
  { why: "a length that ends inside of a surrogate pair", applies: ({ error, body }) => error === "Length" && /[\ud800-\udfff]/.test(body) },
  { why: "base64 of another packet than a message, or of none", applies: ({ error, body }) => /^(UnknownType|Empty)/.test(error) && body.includes("b") },
];

/** Engine.IO, revision 3, as bytes: they accept, we refuse. */
export const binary3WeRefuse = [
  engineWeRefuse[0],
  { why: "a kind other than 0 and 1, or bytes that are no message", applies: ({ error }) => error.startsWith("UnknownType") || error === "Empty" },
  { why: "a length of digits that are none, or of more than there is", applies: ({ error }) => error === "Length" },
  { why: "text that is not UTF-8", applies: ({ error }) => error === "Utf8" },
];

/** Whether all strings in a value are in the message as they are: what was no UTF-8 is not. */
const isAsWritten = (value, message) => {
  if (typeof value === "string") return message.includes(Buffer.from(value));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return true;
  return Object.entries(value).every(([key, member]) => isAsWritten(member, message) && (Array.isArray(value) || !key.includes("\ufffd")));
};

/** Whether an array of the name of a field is in a message. */
const hasArrayForName = (message) => ["type", "nsp", "id", "data"].some((name) => message.includes(Buffer.from([0x91, 0xa0 | name.length, ...Buffer.from(name)])));

/** MessagePack: they accept, we refuse. */
export const msgpackWeRefuse = [
  { why: "text that is not UTF-8", applies: ({ error, theirs, message }) => /^(MessagePack|Malformed\("a namespace that is not)/.test(error) && !isAsWritten(theirs, message) },
  { why: "an acknowledgement that does not say of what", applies: ({ error, theirs }) => error === "MissingAckId" && theirs.id === undefined },
  { why: "an event without a name, or with one that is neither text nor a number", applies: ({ error, theirs }) => /^PayloadShape/.test(error) && theirs.type === 2 && typeof theirs.data[0] !== "string" },
  { why: "the name of an event that is reserved", applies: ({ error }) => error === "ReservedEvent" },
  { why: "a type that is a float", applies: ({ error }) => error.includes("no known type") },
  { why: "an id that is a float or below zero", applies: ({ error }) => error === "AckId" },
  { why: "a key that is an object, bytes, or no number", applies: ({ error }) => /^MessagePack/.test(error) },
  { why: "a field whose name is an array, which JavaScript takes for what is in it", applies: ({ error, message }) => /^(MissingPayload|MissingAckId|Malformed)/.test(error) && hasArrayForName(message) },
  { why: "what looks like a placeholder, beside attachments", applies: ({ error }) => error === "Placeholder" },
  { why: "more attachments than there may be", applies: ({ error }) => error.startsWith("TooManyAttachments") },
  { why: "an extension for a payload, which to JavaScript is an array of its type and its bytes", applies: ({ error, theirs }) => /^PayloadShape/.test(error) && typeof theirs.data[0] === "number" && Buffer.isBuffer(theirs.data[1]) },
];

/** MessagePack: they refuse, we accept. */
export const msgpackTheyRefuse = [
  { why: "a field whose name is an array, which JavaScript takes for what is in it", applies: ({ message }) => hasArrayForName(message) },
  { why: "null for no data, which python-socketio says when a client leaves", applies: ({ error, ours }) => error === "invalid payload" && ours.type === 1 },
];

/** MessagePack: both accept, and it is not the same. */
export const msgpackUnlike = [
  { why: "a field whose name is an array, which JavaScript takes for what is in it", applies: ({ message }) => hasArrayForName(message) },
  { why: "a key that is an integer beyond 2^53, which they round", applies: ({ ours, theirs }) => [ours, theirs].map((side) => JSON.stringify(side).replaceAll(/"-?\d{16,}":/g, '"":')).every((text, _, [first]) => text === first) },
  { why: "a key that is there twice, and is undefined the second time", applies: ({ ours, theirs, message }) => message.includes(Buffer.from([0xd4, 0, 0])) && JSON.stringify(theirs).length < JSON.stringify(ours).length },
  { why: "an id where none belongs, which nobody reads", applies: ({ ours, theirs }) => [0, 1, 4].includes(ours.type) && theirs.id !== undefined && ours.id === undefined },
];

/** The n-th message of a WebTransport stream. */
const frame = (pieces, n) => {
  let stream = Buffer.from(pieces.join(""), "hex");
  for (;;) {
    const short = stream[0] & 0x7f;
    const header = short < 126 ? 1 : short === 126 ? 3 : 9;
    const length = short < 126 ? short : short === 126 ? stream.readUInt16BE(1) : Number(stream.readBigUInt64BE(1));
    if (n-- === 0) return stream.subarray(header, header + length);
    stream = stream.subarray(header + length);
  }
};

/** WebTransport: they accept, we refuse. */
export const framesWeRefuse = [
  ...engineWeRefuse,
  { why: "text that is not UTF-8", applies: ({ error, body, ours }) => error === "Utf8" && !isUtf8(frame(body, ours.packets.length)) },
];
