"""The Python client against the contract server: python_client.py URL [SERIALIZER].

One line per check; exits with 1 when one of them failed.
"""

import asyncio
import sys
import traceback

import engineio.payload
import socketio

# This client takes no more than 16 packets from one polling response unless it is told to; a burst is longer.
engineio.payload.Payload.max_decode_packets = 10_000

PATIENCE = 5
MODES = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": ["polling", "websocket"]}
ALL_BYTES = bytes(range(256))
SERIALIZER = sys.argv[2] if len(sys.argv) > 2 else "default"


class Inbox:
    """What a client received, and waiting for it."""

    def __init__(self, client, namespace="/"):
        self.events = []
        self.news = asyncio.Condition()
        client.on("*", self.receive, namespace=namespace)

    async def receive(self, event, *args):
        async with self.news:
            self.events.append((event, args))
            self.news.notify_all()

    def all(self, event):
        return [args for name, args in self.events if name == event]

    async def wait(self, event, count=1):
        async with self.news:
            await asyncio.wait_for(self.news.wait_for(lambda: len(self.all(event)) >= count), PATIENCE)
        assert len(self.all(event)) == count, f"{event}: {self.all(event)}"
        return self.all(event)


async def client(url, transports, **options):
    result = socketio.AsyncClient(reconnection=False, serializer=SERIALIZER)
    result.inbox = Inbox(result)
    await result.connect(url, transports=transports, wait_timeout=PATIENCE, **options)
    return result


def equal(actual, expected):
    assert actual == expected, f"{actual!r} instead of {expected!r}"


async def check_connect(url, transports):
    c = await client(url, transports, auth={"name": "Zoë"})
    equal(await c.inbox.wait("auth"), [({"name": "Zoë"},)])
    who = await c.call("whoami", timeout=PATIENCE)
    equal((who["id"], who["transport"], who["protocol"]), (c.get_sid(), transports[-1], 4))
    equal(c.transport(), transports[-1])
    await c.disconnect()


async def check_echo(url, transports):
    c = await client(url, transports)
    values = ["text", "€😀", {"a": [1, None, {"b": 2.5}]}, [1, 2], 7, "x" * 50_000]
    for value in values:
        await c.emit("message", (value, "second"))
    equal(await c.inbox.wait("message-back", len(values)), [(value, "second") for value in values])
    await c.disconnect()


async def check_ack(url, transports):
    c = await client(url, transports)
    equal(await c.call("message-with-ack", ("a", {"b": 1}), timeout=PATIENCE), ("a", {"b": 1}))
    answers = await asyncio.gather(*(c.call("delay-ack", (ms, ms), timeout=PATIENCE) for ms in (90, 0, 45)))
    equal(answers, [90, 0, 45])
    await c.disconnect()


async def check_server_ack(url, transports):
    c = await client(url, transports)

    async def answer(payload):
        return "python", payload

    c.on("server-ack-request", answer)
    c.on("timeout-ack-request", answer)
    await c.emit("server-ack", {"q": 1})
    equal(await c.inbox.wait("server-ack-result"), [(["python", {"q": 1}],)])
    await c.emit("timeout-ack", (4000, "t"))
    equal(await c.inbox.wait("timeout-ack-result"), [({"timedOut": False, "args": ["python", "t"]},)])
    await c.disconnect()


async def check_binary(url, transports):
    c = await client(url, transports)
    mixed = {"deep": [ALL_BYTES, {"empty": b""}], "text": "€"}
    await c.emit("binary", (ALL_BYTES, mixed, 5))
    equal(await c.inbox.wait("binary-back"), [({"args": [ALL_BYTES, mixed, 5], "n": 3},)])
    await c.emit("send-binary", [3, 70_000])
    blobs = [bytes((31 * i + j) % 256 for j in range(n)) for i, n in enumerate((3, 70_000))]
    equal(await c.inbox.wait("binary-data"), [({"blobs": blobs, "nested": {"deep": [{"last": blobs[-1]}]}},)])
    equal(await c.call("message-with-ack", (b"\x00", "x"), timeout=PATIENCE), (b"\x00", "x"))
    await c.disconnect()


async def check_rooms(url, transports):
    a, b, c = [await client(url, transports) for _ in range(3)]
    for member in (a, b):
        await member.call("join", "python", timeout=PATIENCE)
    await a.call("to-room", ("python", "news", 1), timeout=PATIENCE)
    await a.call("in-room", ("python", "news", 2), timeout=PATIENCE)
    await a.call("except-room", ("python", "news", 3), timeout=PATIENCE)
    await a.call("broadcast", ("news", b"4"), timeout=PATIENCE)
    for each in (a, b, c):
        await each.call("rooms", timeout=PATIENCE)
    equal([each.inbox.all("news") for each in (a, b, c)], [[(2,)], [(1,), (2,), (b"4",)], [(3,), (b"4",)]])
    for each in (a, b, c):
        await each.disconnect()


async def check_order(url, transports):
    c = await client(url, transports)
    for i in range(1000):
        await c.emit("seq", i)
    equal(await c.call("seq-report", timeout=PATIENCE), {"next": 1000, "errors": 0})
    await c.emit("burst", 1000)
    await c.inbox.wait("burst-done")
    equal(c.inbox.all("burst-item"), [(i,) for i in range(1000)])
    await c.disconnect()


async def check_namespaces(url, transports):
    refused, errors = socketio.AsyncClient(reconnection=False, serializer=SERIALIZER), []
    refused.on("connect_error", errors.append, namespace="/admin")
    try:
        await refused.connect(url, transports=transports, namespaces=["/admin"], auth={"token": "wrong"})
        raise AssertionError("/admin admitted a wrong token")
    except socketio.exceptions.ConnectionError:
        equal(errors, [{"message": "not authorized", "data": {"code": 401, "hint": "token"}}])
    c = await client(url, transports, namespaces=["/", "/admin", "/dyn-12"], auth={"token": "s3cret"})
    for namespace in ("/", "/admin", "/dyn-12"):
        who = await c.call("whoami", namespace=namespace, timeout=PATIENCE)
        equal((who["nsp"], who["id"]), (namespace, c.get_sid(namespace)))
    await c.disconnect()


async def check_disconnect(url, transports):
    for close in (False, True):
        c = await client(url, transports)
        gone = asyncio.get_running_loop().create_future()
        c.on("disconnect", lambda *reason: gone.done() or gone.set_result(reason))
        await c.emit("disconnect-me", close)
        await asyncio.wait_for(gone, PATIENCE)
        await c.disconnect()


def check_blocking(url, transports):
    """The blocking client has its own transports."""
    with socketio.SimpleClient(serializer=SERIALIZER) as c:
        c.connect(url, transports=transports, wait_timeout=PATIENCE)
        equal(c.receive(timeout=PATIENCE), ["auth", {}])
        equal(c.call("message-with-ack", {"a": 1}, timeout=PATIENCE), {"a": 1})
        c.emit("binary", ALL_BYTES)
        equal(c.receive(timeout=PATIENCE), ["binary-back", {"args": [ALL_BYTES], "n": 1}])
        equal(c.call("whoami", timeout=PATIENCE)["transport"], transports[-1])


async def main(url):
    checks = [check_connect, check_echo, check_ack, check_server_ack, check_binary, check_rooms, check_order,
              check_namespaces, check_disconnect]
    failed = 0
    for mode, transports in MODES.items():
        for check in [*checks, check_blocking]:
            name = f"{check.__name__.removeprefix('check_')} over {mode}"
            try:
                if check is check_blocking:
                    await asyncio.to_thread(check, url, transports)
                else:
                    await asyncio.wait_for(check(url, transports), 4 * PATIENCE)
                print(f"ok {name}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED {name}\n{traceback.format_exc()}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main(sys.argv[1])) else 0)
