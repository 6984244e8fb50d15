// Events with arguments that are unusual, wrong or hostile.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arrived, ask, barrier, call, connect, outcome, overEveryTransport, received } from "../lib/client.mjs";
import { same } from "../lib/same.mjs";
import { oursOnly, useServer } from "../lib/server.mjs";
import { Wire } from "../lib/wire.mjs";

const numbers = (n) => Array.from({ length: n }, (_, i) => i);
const bytes = (i, size) => Buffer.from(Array.from({ length: size }, (_, j) => (31 * i + j) % 256));

describe("arguments", () => {
  const server = useServer();
  const joined = async (t, nsp) => {
    const wire = await Wire.session(t, server);
    await wire.join(nsp);
    return wire;
  };

  overEveryTransport((mode) => {
    test("text of every kind comes back as it was", async (t) => {
      const socket = await connect(t, server, { mode });
      const texts = [
        "", " ", "\u0000\u0001\u001f", "\u007f\u0080\u009f", "\u2028\u2029", "\ufeff\ufffe\uffff", "😀👨‍👩‍👧‍👦🇩🇪", "e\u0301 é", "\u202eright to left\u202c שלום", "\\u0041 \\\\ \\\" '", "</script><!--", "\ud83d\ude00\udbff\udfff", "𝒳".repeat(1000), "a\r\nb\tc", "null", "[1]", "%00%zz+",
      ];
      assert.deepEqual(await call(socket, "message-with-ack", ...texts), texts);
      socket.emit("message", ...texts);
      socket.emit("binary", ...texts);
      assert.deepEqual(await arrived(socket, "message-back"), [texts]);
      assert.deepEqual(await arrived(socket, "binary-back"), [[{ args: texts, n: 0 }]]);
      for (const text of texts) {
        await ask(socket, "set", text, text);
        assert.equal(await ask(socket, "get", text), text);
        await ask(socket, "join", text);
        await ask(socket, "in-room", text, "in the room", text);
        assert.equal(received(socket, "in the room").at(-1)[0], text);
      }
      assert.deepEqual((await ask(socket, "rooms")).sort(), [...new Set([socket.id, ...texts])].sort());
      assert.deepEqual((await ask(socket, "fetch-sockets", socket.id))[0].data, Object.fromEntries(texts.map((text) => [text, text])));
    });

    test("events of every name", async (t) => {
      const socket = await connect(t, server, { mode });
      const names = ["", " ", "€😀", "\u2028", "a\"b\\c", "1", "message", "x".repeat(10_000), "error", "connection", "__proto__", "ping", "2probe"];
      for (const name of names) await ask(socket, "to-id", socket.id, name, name.length);
      await barrier(socket);
      assert.deepEqual(socket.log.slice(1), names.map((name) => [name, name.length]));
    });

    test("numbers of every kind", async (t) => {
      const socket = await connect(t, server, { mode });
      const list = [0, -1, 0.1, -0.5e-10, 1e21, 1.7976931348623157e308, 5e-324, 2 ** 53, -(2 ** 53), 4294967296, 0.1 + 0.2, 1 / 3];
      assert.deepEqual(await call(socket, "message-with-ack", ...list), list);
      socket.emit("binary", list);
      assert.deepEqual(await arrived(socket, "binary-back"), [[{ args: [list], n: 0 }]]);
      assert.deepEqual(await call(socket, "message-with-ack", NaN, Infinity, undefined, () => {}), [null, null, null, null]);
    });

    test("long names of rooms, and many rooms", async (t) => {
      const [socket, other] = [await connect(t, server, { mode }), await connect(t, server, { mode })];
      const long = "r€".repeat(2000);
      const many = numbers(500).map((i) => `room ${i}`);
      await ask(socket, "join", [long, ...many, ...many]);
      assert.deepEqual(await ask(socket, "rooms"), [socket.id, long, ...many].sort());
      await ask(other, "to-room", [...many, long, ...many], "once", 1);
      await ask(other, "to-room-except", many, long, "never", 1);
      await barrier(socket);
      assert.deepEqual(received(socket, "once"), [[1]]);
      assert.deepEqual(received(socket, "never"), []);
      for (const room of many) socket.emit("leave", room);
      assert.deepEqual(await ask(socket, "rooms"), [socket.id, long].sort());
    });

    test("no rooms are nobody's", oursOnly("takes no rooms for everybody"), async (t) => {
      const [a, b] = [await connect(t, server, { mode }), await connect(t, server, { mode })];
      for (const [event, ...args] of [["to-room", []], ["in-room", []], ["to-room-except", [], "x"]]) assert.deepEqual(await call(a, event, ...args, "ghost"), []);
      assert.deepEqual(await call(a, "join", []), []);
      await barrier(a, b);
      assert.deepEqual([...received(a, "ghost"), ...received(b, "ghost")], []);
      assert.deepEqual(await ask(a, "rooms"), [a.id]);
    });

    test("no exceptions are no exceptions", async (t) => {
      const [a, b] = [await connect(t, server, { mode }), await connect(t, server, { mode })];
      await ask(b, "join", "here");
      await ask(a, "except-room", [], "news", 1);
      await ask(a, "to-room-except", "here", [], "news", 2);
      await barrier(a, b);
      assert.deepEqual([received(a, "news"), received(b, "news")], [[[1]], [[1], [2]]]);
    });

    test("seq counts what is out of order", async (t) => {
      const socket = await connect(t, server, { mode });
      for (const i of [0, 1, 3, 4, 4, -1, 0, 7]) socket.emit("seq", i);
      assert.deepEqual(await ask(socket, "seq-report"), { next: 8, errors: 4 });
      for (const wrong of ["9", null, [9], {}]) socket.emit("seq", wrong);
      assert.equal(await ask(socket, "message-with-ack", 1), 1);
    });

    test("bursts and floods of nothing", async (t) => {
      const socket = await connect(t, server, { mode });
      socket.emit("burst", 0);
      socket.emit("volatile-flood", 0, 10);
      assert.equal(await ask(socket, "flood", "nobody's room", 5, 5), 5);
      assert.equal(await ask(socket, "flood", socket.id, 0, 5), 0);
      assert.equal(await ask(socket, "flood", socket.id, 3, 0), 3);
      await barrier(socket);
      assert.deepEqual(received(socket, "burst-done"), [[0]]);
      assert.deepEqual(received(socket, "flood-done"), [[0]]);
      assert.deepEqual(received(socket, "flood"), [[0, ""], [1, ""], [2, ""]]);
      socket.emit("send-binary", []);
      const [[{ blobs }]] = await arrived(socket, "binary-data");
      assert.deepEqual(blobs, []);
    });

    test("a flood reaches everybody in the room, in order, and is acknowledged behind the last", async (t) => {
      const [a, b] = [await connect(t, server, { mode }), await connect(t, server, { mode })];
      const room = `flood-${mode}`;
      for (const socket of [a, b]) await ask(socket, "join", room);
      assert.equal(await ask(a, "flood", room, 300, 5000), 300);
      assert.equal(received(a, "flood").length, 300);
      await barrier(b);
      for (const socket of [a, b]) {
        same(received(socket, "flood").map(([i]) => i), numbers(300));
        assert.ok(received(socket, "flood").every(([, text]) => text === "f".repeat(5000)));
      }
    });

    test("blobs of many sizes, and one that is larger than a client may send", async (t) => {
      const socket = await connect(t, server, { mode });
      for (const sizes of [Array(9).fill(0), [1, 255, 256, 257, 65_535, 65_536, 0, 2, 3], [1_200_000]]) {
        socket.log.length = 0;
        socket.emit("send-binary", sizes);
        const [[{ blobs, nested }]] = await arrived(socket, "binary-data");
        same(blobs, sizes.map((size, i) => bytes(i, size)));
        assert.deepEqual(nested, { deep: [{ last: blobs.at(-1) }] });
      }
    });

    test("requests that no memory holds end nothing", oursOnly("tries to hold them"), async (t) => {
      const bystander = await connect(t, server, { mode });
      for (const [event, ...args] of [
        ["send-binary", [1e15]], ["send-binary", [2 ** 53, 2 ** 53]], ["send-binary", [-1]], ["send-binary", ["1"]], ["send-binary", numbers(1000).map(() => 1e9)],
        ["flood", "SELF", 1, 1e15], ["flood", "SELF", -1, 10], ["flood", "SELF", 1e300, 1e300], ["volatile-flood", 1, 1e15], ["volatile-flood", 1e300, 1], ["volatile-flood", 4e9, 1e9], ["burst", -1], ["burst", 1e300], ["burst", "10"],
        ["delay-ack", 1e300, 1], ["delay-ack", -5, 1], ["delay-ack", "5", 1], ["timeout-ack", 1e300, 1], ["timeout-ack", -1, 1], ["broadcast-ack", "SELF", 1e300, 1], ["broadcast-ack", "SELF", -1, 1], ["broadcast-ack", "SELF", null, 1],
      ]) {
        const socket = await connect(t, server, { mode });
        socket.emit(event, ...args.map((arg) => (arg === "SELF" ? socket.id : arg)), () => {});
        assert.equal(await ask(bystander, "message-with-ack", event), event);
        assert.equal(await ask(socket, "message-with-ack", "still here"), "still here", `${event} ${JSON.stringify(args)}`);
        socket.disconnect();
      }
      await server.statsBecome({ sockets: 1 });
    });

    test("disconnections with arguments of all kinds", async (t) => {
      for (const [close, ends] of [[[false], false], [[true], true], [[], false], [[null], false]]) {
        const socket = await connect(t, server, { mode });
        const { engine } = socket.io;
        let closed = false;
        engine.on("close", () => (closed = true));
        // With another namespace on it, the connection does not end by itself.
        const other = socket.io.socket("/custom");
        other.connect();
        await outcome(other, "connect");
        const gone = outcome(socket, "disconnect");
        const both = ends && outcome(other, "disconnect");
        socket.emit("disconnect-me", ...close);
        assert.deepEqual((await gone)[0], "io server disconnect");
        if (ends) assert.deepEqual((await both)[0], "io server disconnect");
        else assert.equal(await ask(other, "message-with-ack", 1), 1);
        assert.equal(closed || other.disconnected, ends);
        other.disconnect();
        await server.empty();
      }
    });
  });

  test("JSON that no client writes comes back with the same meaning", async (t) => {
    const wire = await joined(t);
    const payloads = {
      "0e1": 0, "1E5": 1e5, "1.0": 1, "100000000000000000000000": 1e23, '"\\u0000\\/\\b\\f"': "\0/\b\f", '"\\ud83d\\ude00"': "😀", "[ ]": [], '{"a":1,"a":2}': { a: 2 }, '{"":{"":{}}}': { "": { "": {} } }, '"\u007f"': "\u007f",
    };
    for (const [json, value] of Object.entries(payloads)) {
      wire.send(`42["message",${json}]`, `421["message-with-ack",${json}]`);
      assert.deepEqual(JSON.parse((await wire.next()).slice(2))[1], value, json);
      assert.deepEqual(JSON.parse((await wire.next()).slice(3))[0], value, json);
    }
    // Each half of a pair alone is no text, but legal in JSON.
    for (const json of ['"\\ud800"', '"\\udc00x"', '{"\\ud800":1}']) {
      wire.send(`42["message",${json}]`);
      assert.deepEqual(JSON.parse((await wire.next()).slice(2))[1], JSON.parse(json), json);
      for (const event of ["join", "set", "get", "binary", "to-id", json.startsWith("{") ? "leave" : "\\ud800"]) wire.send(`42["${event}",${json},${json}]`);
      await wire.ask(5, "whoami");
    }
    // A number without an end is one that JavaScript reads as infinity, and that others may refuse.
    wire.send('42["message",1e400]', `42["message",${"9".repeat(400)}]`);
    await wire.take(2);
    await wire.assertAlive();
  });

  test("a message of one letter more than all, spread over deep lists and wide objects", async (t) => {
    const wire = await joined(t);
    const deep = `${"[".repeat(100)}${"]".repeat(100)}`;
    const wide = `{${numbers(20_000).map((i) => `"k${i}":${i}`).join()}}`;
    for (const json of [deep, wide]) {
      wire.send(`42["message",${json}]`, `42["binary",${json}]`);
      assert.deepEqual(JSON.parse((await wire.next()).slice(2)), ["message-back", JSON.parse(json)]);
      assert.deepEqual(JSON.parse((await wire.next()).slice(2)), ["binary-back", { args: [JSON.parse(json)], n: 0 }]);
    }
  });

  test("placeholders: used twice, out of order, where none belongs", async (t) => {
    const wire = await joined(t);
    const place = (num) => `{"_placeholder":true,"num":${num}}`;
    wire.send(`452-["binary",${place(1)},{"a":[${place(0)},${place(1)}]}]`, Buffer.from([1]), Buffer.from([2]));
    const head = await wire.next();
    const [, count] = head.match(/^45(\d+)-\["binary-back",\{"args":/) ?? assert.fail(head);
    const blobs = await wire.take(Number(count));
    const [, { args, n }] = JSON.parse(head.slice(head.indexOf("[")), (_, value) => (value?._placeholder ? [...blobs[value.num]] : value));
    assert.deepEqual({ args, n }, { args: [[2], { a: [[1], [2]] }], n: 3 });
    wire.send(`42["binary",${place(0)},{"_placeholder":false,"num":0}]`);
    assert.equal(await wire.next(), `42["binary-back",{"args":[${place(0)},{"_placeholder":false,"num":0}],"n":0}]`);
    wire.send('451-["binary","nothing stands for it"]', Buffer.from([1]));
    assert.match(await wire.next(), /"binary-back",\{"args":\["nothing stands for it"\],"n":0\}\]$/);
  });

  for (const [what, packets] of Object.entries({
    "eleven attachments and a client that goes": ["4511-[\"binary\"]"], "attachments that never come": ['453-["binary",{"_placeholder":true,"num":0}]', Buffer.from([1])],
  }))
    test(`${what}: nobody else notices`, async (t) => {
      const [bystander, wire] = [await joined(t), await joined(t)];
      wire.send(...packets);
      wire.socket.close();
      await server.statsBecome({ sockets: 1, sessions: 1 });
      await bystander.assertAlive();
    });

  for (const [what, num] of Object.entries({ "half a number": "0.5", "text": '"0"', "null": "null", "a large one": "4294967296", "none": undefined }))
    test(`a placeholder with ${what} harms nobody`, async (t) => {
      const [bystander, wire] = [await joined(t), await joined(t)];
      wire.send(`451-["binary",{"_placeholder":true${num === undefined ? "" : `,"num":${num}`}}]`, Buffer.from([1]));
      await Promise.race([wire.closed, wire.next()]).catch(() => {});
      await bystander.assertAlive();
    });

  const names = ["join", "leave", "rooms", "to-room", "in-room", "except-room", "to-room-except", "broadcast", "emit-all", "to-id", "volatile", "set", "get", "watch", "fetch-sockets", "sockets-join", "sockets-leave", "disconnect-sockets", "seq", "seq-report", "binary", "whoami", "handshake", "delay-ack", "double-ack", "server-ack", "timeout-ack", "never-ack"];
  test("bytes where text belongs, arguments without end", async (t) => {
    const bystander = await connect(t, server);
    const socket = await connect(t, server);
    for (const event of names) {
      socket.emit(event, Buffer.from([1]), Buffer.from([2]), { deep: [Buffer.from([3])] });
      if (event !== "disconnect-sockets") socket.emit(event, "x", ...numbers(2000));
      socket.emit(event, { toString: 1 }, [["x"]], "y".repeat(1000));
    }
    assert.equal(await ask(socket, "message-with-ack", 1), 1);
    assert.equal(await ask(bystander, "message-with-ack", 1), 1);
  });

  test("the server's reserved names are not for relaying", async (t) => {
    const [socket, bystander] = [await connect(t, server), await connect(t, server)];
    for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"])
      for (const [event, ...args] of [["emit-all"], ["broadcast"], ["in-room", socket.id], ["to-id", socket.id], ["volatile"]]) socket.emit(event, ...args, name, { message: "x" });
    await barrier(socket, bystander);
    assert.deepEqual([socket.connected, bystander.connected], [true, true]);
  });
});
