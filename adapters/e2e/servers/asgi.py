"""python-socketio's ASGI server under uvicorn: what the contract example does, as far as the tests of the clients need it."""

import asyncio
import os
import sys
import threading

import socketio
import uvicorn

PORT = int(os.environ.get("PORT", "0"))
sio = socketio.AsyncServer(
    async_mode="asgi",
    ping_interval=int(os.environ.get("PING_INTERVAL", "25000")) / 1000,
    ping_timeout=int(os.environ.get("PING_TIMEOUT", "20000")) / 1000,
    namespaces=["/", "/custom", "/admin"],
)


def count(value):
    if isinstance(value, (bytes, bytearray)):
        return 1
    if isinstance(value, dict):
        return sum(map(count, value.values()))
    return sum(map(count, value)) if isinstance(value, (list, tuple)) else 0


class Namespace(socketio.AsyncNamespace):
    seen = {}

    async def on_connect(self, sid, environ, auth):
        if self.namespace == "/admin" and (auth or {}).get("token") != "s3cret":
            raise socketio.exceptions.ConnectionRefusedError("not authorized", {"code": 401, "hint": "token"})
        self.seen[sid] = [0, 0]
        await self.emit("auth", auth or {}, to=sid)

    async def on_disconnect(self, sid, reason=None):
        self.seen.pop(sid, None)

    async def trigger_event(self, event, *args):
        if event in ("connect", "disconnect"):
            return await super().trigger_event(event, *args)
        handler = getattr(self, "do_" + event.replace("-", "_"), None)
        return await handler(*args) if handler else None

    async def do_message(self, sid, *args):
        await self.emit("message-back", args, to=sid)

    async def do_message_with_ack(self, sid, *args):
        return args

    async def do_never_ack(self, sid, *args):
        await asyncio.sleep(3600)

    async def do_server_ack(self, sid, payload):
        async def answered(*args):
            await self.emit("server-ack-result", list(args), to=sid)

        await self.emit("server-ack-request", payload, to=sid, callback=lambda *args: asyncio.ensure_future(answered(*args)))

    async def do_binary(self, sid, *args):
        await self.emit("binary-back", {"args": list(args), "n": count(args)}, to=sid)

    async def do_burst(self, sid, number):
        for i in range(number):
            await self.emit("burst-item", i, to=sid)
        await self.emit("burst-done", number, to=sid)

    async def do_seq(self, sid, i):
        state = self.seen[sid]
        state[1] += i != state[0]
        state[0] = i + 1

    async def do_seq_report(self, sid):
        next, errors = self.seen[sid]
        return {"next": next, "errors": errors}

    async def do_disconnect_me(self, sid, close):
        await self.disconnect(sid)

    async def do_whoami(self, sid):
        transport = sio.transport(sid, self.namespace)
        return {"id": sid, "nsp": self.namespace, "transport": transport, "recovered": False}


for name in ("/", "/custom", "/admin"):
    sio.register_namespace(Namespace(name))


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("listening", self.servers[0].sockets[0].getsockname()[1], flush=True)


def watch():
    """Whoever started this has gone: so does this."""
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=watch, daemon=True).start()
app = socketio.ASGIApp(sio)
Server(uvicorn.Config(app, host="127.0.0.1", port=PORT, log_level="warning")).run()
