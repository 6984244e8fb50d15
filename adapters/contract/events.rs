//! What clients can ask for.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use socketio_hyper::hyper::rt::Timer;
use socketio_hyper::{Ack, AckError, Args, BoxError, Broadcast, DisconnectReason, Namespace, Rest, Runtime, Socket};

use super::binary::{AckResult, Back, Blobs, BroadcastResult, Tree};

/// Any error: it is logged, and a client whose arguments were wrong learns nothing.
type Result = std::result::Result<(), BoxError>;

/// The room of those who want to hear who leaves.
const WATCHERS: &str = "__watchers";

/// How long a flood waits for a client that does not keep up.
const PATIENCE: Duration = Duration::from_secs(1);

/// One room, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Rooms {
    One(String),
    Many(Vec<String>),
}

impl Rooms {
    fn names(&self) -> &[String] {
        match self {
            Self::One(room) => std::slice::from_ref(room),
            Self::Many(rooms) => rooms,
        }
    }
}

/// What `set` keeps.
type Values = BTreeMap<String, Value>;

/// What `seq` keeps.
#[derive(Clone, Default)]
struct Sequence {
    next: u64,
    errors: u64,
}

/// Registers every event.
pub(crate) fn register<R: Runtime>(nsp: &Namespace) {
    echoes(nsp);
    acknowledgements::<R>(nsp);
    rooms(nsp);
    floods(nsp);
    bookkeeping(nsp);
    binary(nsp);
    departures(nsp);
}

fn echoes(nsp: &Namespace) {
    nsp.on("message", async |socket: Socket, Rest(args): Rest| {
        socket.emit_when_ready("message-back", args).await
    });
    nsp.on("message-with-ack", async |Rest(args): Rest, ack: Ack| ack.send(args));
    nsp.on("never-ack", async |_: Rest| {});
    nsp.on("double-ack", async |value: Value, ack: Ack| ack.send(value)); // a second call does not compile
}

fn acknowledgements<R: Runtime>(nsp: &Namespace) {
    nsp.on("delay-ack", async |ms: f64, Rest(args): Rest, ack: Ack| {
        let sleep = R::default().timer().sleep(millis(ms)?);
        sleep.await;
        ack.send(args)?;
        Result::Ok(())
    });
    nsp.on("server-ack", async |socket: Socket, payload: Rest| {
        let answer = socket.emit_with_ack("server-ack-request", payload)?.await?;
        let values: Vec<Value> = answer.parse()?;
        let result = Args::encode(&(trees(&values, &answer),))?;
        socket.emit("server-ack-result", result)?;
        Result::Ok(())
    });
    nsp.on("timeout-ack", async |socket: Socket, ms: f64, payload: Rest| {
        let patient = socket.timeout(millis(ms)?);
        let answer = patient.emit_with_ack("timeout-ack-request", payload)?.await;
        let timed_out = answer.is_err();
        let answer = answer.unwrap_or_default();
        let values: Vec<Value> = answer.parse()?;
        let result = Args::encode(&AckResult {
            timed_out,
            args: trees(&values, &answer),
        })?;
        socket.emit("timeout-ack-result", result)?;
        Result::Ok(())
    });
    nsp.on(
        "broadcast-ack",
        async |socket: Socket, room: String, ms: f64, payload: Rest| {
            let answers = socket
                .namespace()
                .to(room)
                .timeout(millis(ms)?)
                .emit_with_ack("broadcast-ack-request", payload)?
                .await;
            let timed_out = answers
                .iter()
                .any(|(_, answer)| matches!(answer, Err(AckError::TimedOut)));
            let answers: Vec<Args> = answers.into_iter().filter_map(|(_, answer)| answer.ok()).collect();
            let values = answers
                .iter()
                .map(Args::parse)
                .collect::<std::result::Result<Vec<(Value,)>, _>>()?;
            let responses = answers
                .iter()
                .zip(&values)
                .map(|(args, (value,))| Tree::new(value, args.attachments()))
                .collect();
            let result = Args::encode(&BroadcastResult { timed_out, responses })?;
            socket.emit("broadcast-ack-result", result)?;
            Result::Ok(())
        },
    );
}

fn rooms(nsp: &Namespace) {
    nsp.on("join", async |socket: Socket, rooms: Rooms, ack: Ack| {
        socket.join(rooms.names())?;
        ack.send(())?;
        Result::Ok(())
    });
    nsp.on("leave", async |socket: Socket, room: String, ack: Ack| {
        socket.leave(room);
        ack.send(())
    });
    nsp.on("rooms", async |socket: Socket, ack: Ack| ack.send(socket.rooms()));
    nsp.on(
        "to-room",
        async |socket: Socket, rooms: Rooms, event: String, args: Rest, ack: Ack| {
            relay(socket.to(rooms.names()), &event, args, ack)
        },
    );
    nsp.on(
        "in-room",
        async |socket: Socket, rooms: Rooms, event: String, args: Rest, ack: Ack| {
            relay(socket.namespace().within(rooms.names()), &event, args, ack)
        },
    );
    nsp.on(
        "except-room",
        async |socket: Socket, rooms: Rooms, event: String, args: Rest, ack: Ack| {
            relay(socket.namespace().except(rooms.names()), &event, args, ack)
        },
    );
    nsp.on(
        "to-room-except",
        async |socket: Socket, rooms: Rooms, not: Rooms, event: String, args: Rest, ack: Ack| {
            let choice = socket.namespace().to(rooms.names()).except(not.names());
            relay(choice, &event, args, ack)
        },
    );
    nsp.on(
        "broadcast",
        async |socket: Socket, event: String, args: Rest, ack: Ack| relay(socket.broadcast(), &event, args, ack),
    );
    nsp.on(
        "emit-all",
        async |socket: Socket, event: String, args: Rest, ack: Ack| {
            relay(socket.namespace().everyone(), &event, args, ack)
        },
    );
    nsp.on(
        "to-id",
        async |socket: Socket, id: String, event: String, args: Rest, ack: Ack| {
            relay(socket.namespace().to(id), &event, args, ack)
        },
    );
    nsp.on(
        "fetch-sockets",
        async |socket: Socket, room: Option<String>, ack: Ack| {
            let mut sockets = in_room(&socket, room).sockets();
            sockets.sort_by(|a, b| a.id().cmp(b.id()));
            let described: Vec<_> = sockets.iter().map(describe).collect();
            ack.send(described)
        },
    );
    nsp.on(
        "sockets-join",
        async |socket: Socket, room: String, target: String, ack: Ack| {
            socket.namespace().to(room).join(target)?;
            ack.send(())?;
            Result::Ok(())
        },
    );
    nsp.on(
        "sockets-leave",
        async |socket: Socket, room: String, target: String, ack: Ack| {
            socket.namespace().to(room).leave(target);
            ack.send(())
        },
    );
    nsp.on(
        "disconnect-sockets",
        async |socket: Socket, room: String, close: bool, ack: Ack| {
            ack.send(())?;
            socket.namespace().to(room).disconnect(close);
            Result::Ok(())
        },
    );
}

fn floods(nsp: &Namespace) {
    nsp.on(
        "volatile",
        async |socket: Socket, event: String, args: Rest, ack: Ack| {
            socket.volatile().emit(&event, args)?;
            ack.send(())
        },
    );
    nsp.on("volatile-flood", async |socket: Socket, count: u32, size: usize| {
        let text = "v".repeat(size);
        for i in 0..count {
            socket.volatile().emit("flood", (i, &text))?;
        }
        socket.emit_when_ready("flood-done", count).await
    });
    nsp.on(
        "flood",
        async |socket: Socket, room: String, count: u32, size: usize, ack: Ack| {
            let text = "f".repeat(size);
            let room = socket.namespace().to(room);
            for i in 0..count {
                if room.is_empty() {
                    break;
                }
                room.emit_when_ready("flood", (i, &text), PATIENCE).await?;
            }
            ack.send(count)
        },
    );
    nsp.on("burst", async |socket: Socket, count: u32| {
        for i in 0..count {
            socket.emit_when_ready("burst-item", i).await?;
        }
        socket.emit_when_ready("burst-done", count).await
    });
}

fn bookkeeping(nsp: &Namespace) {
    nsp.on("seq", async |socket: Socket, i: u64| {
        socket.data().update(|sequence: &mut Sequence| {
            sequence.errors += u64::from(i != sequence.next);
            sequence.next = i.wrapping_add(1);
        });
    });
    nsp.on("seq-report", async |socket: Socket, ack: Ack| {
        let Sequence { next, errors } = socket.data().get().unwrap_or_default();
        ack.send(json!({ "next": next, "errors": errors }))
    });
    nsp.on("set", async |socket: Socket, key: String, value: Value, ack: Ack| {
        socket.data().update(|values: &mut Values| values.insert(key, value));
        ack.send(())
    });
    nsp.on("get", async |socket: Socket, key: String, ack: Ack| {
        ack.send(socket.data().update(|values: &mut Values| values.get(&key).cloned()))
    });
    nsp.on("whoami", async |socket: Socket, ack: Ack| {
        ack.send(json!({
            "id": socket.id().as_str(),
            "nsp": socket.namespace().name(),
            "rooms": socket.rooms(),
            "transport": socket.transport().as_str(),
            "protocol": socket.revision().number(),
            "recovered": socket.recovered(),
        }))
    });
    nsp.on("handshake", async |socket: Socket, ack: Ack| {
        let handshake = socket.handshake();
        let header = handshake
            .headers()
            .and_then(|headers| headers.get("x-conformance")?.to_str().ok());
        let query: BTreeMap<_, _> = handshake.query_pairs().collect();
        ack.send(json!({ "auth": socket.auth::<Value>()?, "query": query, "header": header }))?;
        Result::Ok(())
    });
}

fn binary(nsp: &Namespace) {
    nsp.on("binary", async |socket: Socket, Rest(args): Rest| {
        let values: Vec<Value> = args.parse()?;
        let trees: Vec<_> = values
            .iter()
            .map(|value| Tree::new(value, args.attachments()))
            .collect();
        let n = trees.iter().map(Tree::count_binary).sum();
        let back = Args::encode(&Back { args: trees, n })?;
        socket.emit_when_ready("binary-back", back).await?;
        Result::Ok(())
    });
    nsp.on("send-binary", async |socket: Socket, sizes: Vec<usize>| {
        let blob = |(i, size): (usize, &usize)| (0..*size).map(|j| (31 * i + j) as u8).collect::<Bytes>();
        let blobs: Vec<Bytes> = sizes.iter().enumerate().map(blob).collect();
        socket.emit_when_ready("binary-data", Blobs::new(blobs)).await
    });
}

fn departures(nsp: &Namespace) {
    nsp.on("disconnect-me", async |socket: Socket, close: bool| {
        socket.disconnect(close);
    });
    nsp.on("watch", async |socket: Socket, ack: Ack| {
        socket.join(WATCHERS)?;
        ack.send(())?;
        Result::Ok(())
    });
    nsp.on_disconnecting(|socket, reason| {
        let news = json!({ "id": socket.id().as_str(), "reason": reason.as_str(), "rooms": other_rooms(socket) });
        let _ = socket.namespace().to(WATCHERS).emit("peer-disconnecting", news);
    });
    nsp.on_disconnect(async |socket: Socket, reason: DisconnectReason| {
        let news = json!({ "id": socket.id().as_str(), "reason": reason.as_str() });
        socket.namespace().to(WATCHERS).emit("peer-disconnect", news)
    });
}

/// The arguments of an acknowledgement, with their bytes.
fn trees<'a>(values: &'a [Value], args: &'a Args) -> Vec<Tree<'a>> {
    values
        .iter()
        .map(|value| Tree::new(value, args.attachments()))
        .collect()
}

/// A duration that a client asks for.
fn millis(ms: f64) -> std::result::Result<Duration, BoxError> {
    Ok(Duration::try_from_secs_f64(ms / 1000.0)?)
}

/// A namespace's sockets, or those in one of its rooms.
fn in_room(socket: &Socket, room: Option<String>) -> Broadcast {
    match room {
        Some(room) => socket.namespace().to(room),
        None => socket.namespace().everyone(),
    }
}

/// Emits what the client asked to emit.
#[expect(clippy::needless_pass_by_value, reason = "it is made for this call")]
fn relay(choice: Broadcast, event: &str, Rest(args): Rest, ack: Ack) -> Result {
    choice.emit(event, args)?;
    ack.send(())?;
    Ok(())
}

fn describe(socket: &Socket) -> Value {
    let data = socket.data().get::<Values>().unwrap_or_default();
    json!({ "id": socket.id().as_str(), "rooms": other_rooms(socket), "data": data })
}

/// The socket's rooms without its own.
fn other_rooms(socket: &Socket) -> Vec<String> {
    let mut rooms = socket.rooms();
    rooms.retain(|room| room != socket.id().as_str());
    rooms
}
