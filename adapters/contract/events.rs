//! What clients can ask for.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socketio_hyper::hyper::rt::Timer;
use socketio_hyper::{Ack, Args, BoxError, Broadcast, DisconnectReason, Namespace, Rest, Runtime, Socket};

use super::binary::{AckResult, Back, Blobs, BroadcastResult, Kept, Tree};
use super::floods::floods;

/// Any error: it is logged, and a client whose arguments were wrong learns nothing.
pub(super) type Result = std::result::Result<(), BoxError>;

/// The room of those who want to hear who leaves.
const WATCHERS: &str = "__watchers";

/// The most bytes that a client may ask for at once.
pub(super) const LARGEST: usize = 64 << 20;

/// One room, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Rooms {
    One(String),
    Many(Vec<String>),
}

impl Rooms {
    /// Those in them: of no room, nobody.
    fn choose(&self, everyone: Broadcast) -> Option<Broadcast> {
        (!self.names().is_empty()).then(|| everyone.to(self.names()))
    }

    fn names(&self) -> &[String] {
        match self {
            Self::One(room) => std::slice::from_ref(room),
            Self::Many(rooms) => rooms,
        }
    }
}

/// What `set` keeps.
type Values = BTreeMap<String, Kept>;

/// What `seq` keeps.
#[derive(Clone, Default)]
struct Sequence {
    next: i64,
    errors: u64,
}

/// What `fetch-sockets` tells of one.
#[derive(Serialize)]
struct Description {
    id: String,
    rooms: Vec<String>,
    data: Values,
}

/// Registers every event.
pub(crate) fn register<R: Runtime>(nsp: &Namespace) {
    echoes(nsp);
    acknowledgements::<R>(nsp);
    rooms(nsp);
    floods::<R>(nsp);
    bookkeeping(nsp);
    binary(nsp);
    departures(nsp);
}

fn echoes(nsp: &Namespace) {
    nsp.on("message", async |socket: Socket, Rest(args): Rest| {
        socket.emit_when_ready("message-back", args).await
    });
    nsp.on("message-with-ack", async |Rest(args): Rest, ack: Ack| {
        ack.send_when_ready(args).await
    });
    nsp.on("never-ack", async |_: Rest| {});
    nsp.on("double-ack", async |Rest(args): Rest, ack: Ack| {
        ack.send_when_ready((Kept::first(&args)?,)).await?; // a second call does not compile
        Result::Ok(())
    });
}

fn acknowledgements<R: Runtime>(nsp: &Namespace) {
    nsp.on("delay-ack", async |ms: f64, Rest(args): Rest, ack: Ack| {
        let sleep = R::default().timer().sleep(millis(ms)?);
        sleep.await;
        ack.send_when_ready(args).await?;
        Result::Ok(())
    });
    nsp.on("server-ack", async |socket: Socket, Rest(args): Rest| {
        let payload = (Kept::first(&args)?,);
        let answer = socket.emit_with_ack("server-ack-request", payload)?.await?;
        let values: Vec<Value> = answer.parse()?;
        let result = Args::encode(&(trees(&values, &answer),))?;
        socket.emit_when_ready("server-ack-result", result).await?;
        Result::Ok(())
    });
    nsp.on("timeout-ack", async |socket: Socket, ms: f64, Rest(args): Rest| {
        let payload = (Kept::first(&args)?,);
        let patient = socket.timeout(millis(ms)?);
        let answer = patient.emit_with_ack("timeout-ack-request", payload)?.await;
        let timed_out = answer.is_err();
        let answer = answer.unwrap_or_default();
        let values: Vec<Value> = answer.parse()?;
        let result = Args::encode(&AckResult {
            timed_out,
            args: trees(&values, &answer),
        })?;
        socket.emit_when_ready("timeout-ack-result", result).await?;
        Result::Ok(())
    });
    nsp.on(
        "broadcast-ack",
        async |socket: Socket, room: String, ms: f64, Rest(args): Rest| {
            let payload = (Kept::first(&args)?,);
            let answers = socket
                .namespace()
                .to(room)
                .timeout(millis(ms)?)
                .emit_with_ack("broadcast-ack-request", payload)?
                .await;
            let timed_out = answers.iter().any(|(_, answer)| answer.is_err()); // who has left will never answer
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
            socket.emit_when_ready("broadcast-ack-result", result).await?;
            Result::Ok(())
        },
    );
}

fn rooms(nsp: &Namespace) {
    nsp.on("join", async |socket: Socket, rooms: Rooms, ack: Ack| {
        socket.join(rooms.names())?;
        ack.send_when_ready(()).await?;
        Result::Ok(())
    });
    nsp.on("leave", async |socket: Socket, room: String, ack: Ack| {
        socket.leave(room);
        ack.send_when_ready(()).await
    });
    nsp.on("rooms", async |socket: Socket, ack: Ack| {
        ack.send_when_ready(sorted(socket.rooms())).await
    });
    nsp.on(
        "to-room",
        async |socket: Socket, rooms: Rooms, event: String, args: Rest, ack: Ack| {
            relay(rooms.choose(socket.broadcast()), &event, args, ack).await
        },
    );
    nsp.on(
        "in-room",
        async |socket: Socket, rooms: Rooms, event: String, args: Rest, ack: Ack| {
            relay(rooms.choose(socket.namespace().everyone()), &event, args, ack).await
        },
    );
    nsp.on(
        "except-room",
        async |socket: Socket, rooms: Rooms, event: String, args: Rest, ack: Ack| {
            relay(socket.namespace().except(rooms.names()), &event, args, ack).await
        },
    );
    nsp.on(
        "to-room-except",
        async |socket: Socket, rooms: Rooms, not: Rooms, event: String, args: Rest, ack: Ack| {
            let choice = rooms.choose(socket.namespace().except(not.names()));
            relay(choice, &event, args, ack).await
        },
    );
    nsp.on(
        "broadcast",
        async |socket: Socket, event: String, args: Rest, ack: Ack| relay(socket.broadcast(), &event, args, ack).await,
    );
    nsp.on(
        "emit-all",
        async |socket: Socket, event: String, args: Rest, ack: Ack| {
            relay(socket.namespace().everyone(), &event, args, ack).await
        },
    );
    nsp.on(
        "to-id",
        async |socket: Socket, id: String, event: String, args: Rest, ack: Ack| {
            relay(socket.namespace().to(id), &event, args, ack).await
        },
    );
    nsp.on(
        "fetch-sockets",
        async |socket: Socket, room: Option<String>, ack: Ack| {
            let mut sockets = in_room(&socket, room).sockets();
            sockets.sort_by(|a, b| a.id().cmp(b.id()));
            let described: Vec<_> = sockets.iter().map(describe).collect();
            ack.send_when_ready(described).await
        },
    );
    nsp.on(
        "sockets-join",
        async |socket: Socket, room: String, target: String, ack: Ack| {
            socket.namespace().to(room).join(target)?;
            ack.send_when_ready(()).await?;
            Result::Ok(())
        },
    );
    nsp.on(
        "sockets-leave",
        async |socket: Socket, room: String, target: String, ack: Ack| {
            socket.namespace().to(room).leave(target);
            ack.send_when_ready(()).await
        },
    );
    nsp.on(
        "disconnect-sockets",
        async |socket: Socket, room: String, close: Option<bool>, ack: Ack| {
            ack.send_when_ready(()).await?;
            socket.namespace().to(room).disconnect(close.unwrap_or(false));
            Result::Ok(())
        },
    );
}

fn bookkeeping(nsp: &Namespace) {
    nsp.on("seq", async |socket: Socket, i: i64| {
        socket.data().update(|sequence: &mut Sequence| {
            sequence.errors += u64::from(i != sequence.next);
            sequence.next = i.wrapping_add(1);
        });
    });
    nsp.on("seq-report", async |socket: Socket, ack: Ack| {
        let Sequence { next, errors } = socket.data().get().unwrap_or_default();
        ack.send_when_ready(json!({ "next": next, "errors": errors })).await
    });
    nsp.on(
        "set",
        async |socket: Socket, key: String, Rest(args): Rest, ack: Ack| {
            let value = Kept::first(&args)?;
            socket.data().update(|values: &mut Values| values.insert(key, value));
            ack.send_when_ready(()).await?;
            Result::Ok(())
        },
    );
    nsp.on("get", async |socket: Socket, key: String, ack: Ack| {
        let value = socket.data().update(|values: &mut Values| values.get(&key).cloned());
        ack.send_when_ready(value).await
    });
    nsp.on("whoami", async |socket: Socket, ack: Ack| {
        let answer = json!({
            "id": socket.id().as_str(),
            "nsp": socket.namespace().name(),
            "rooms": sorted(socket.rooms()),
            "transport": socket.transport().as_str(),
            "protocol": socket.revision().number(),
            "recovered": socket.recovered(),
        });
        ack.send_when_ready(answer).await
    });
    nsp.on("handshake", async |socket: Socket, ack: Ack| {
        let handshake = socket.handshake();
        let header = handshake.headers().and_then(|headers| header(headers, "x-conformance"));
        let query: BTreeMap<_, _> = handshake.query_pairs().collect();
        let answer = json!({ "auth": socket.auth::<Value>()?, "query": query, "header": header });
        ack.send_when_ready(answer).await?;
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
        let total = sizes.iter().fold(0, |sum: usize, &size| sum.saturating_add(size));
        if total > LARGEST {
            return Err("that is too large".into());
        }
        let blob = |(i, size): (usize, &usize)| (0..*size).map(|j| (31 * i + j) as u8).collect::<Bytes>();
        let blobs: Vec<Bytes> = sizes.iter().enumerate().map(blob).collect();
        socket.emit_when_ready("binary-data", Blobs::new(blobs)).await?;
        Result::Ok(())
    });
}

fn departures(nsp: &Namespace) {
    nsp.on("disconnect-me", async |socket: Socket, close: Option<bool>| {
        socket.disconnect(close.unwrap_or(false));
    });
    nsp.on("watch", async |socket: Socket, ack: Ack| {
        socket.join(WATCHERS)?;
        ack.send_when_ready(()).await?;
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

/// A duration that a client asks for; one that is less than nothing is over at once.
fn millis(ms: f64) -> std::result::Result<Duration, BoxError> {
    Ok(Duration::try_from_secs_f64(ms.max(0.0) / 1000.0)?)
}

/// A namespace's sockets, or those in one of its rooms.
fn in_room(socket: &Socket, room: Option<String>) -> Broadcast {
    match room {
        Some(room) => socket.namespace().to(room),
        None => socket.namespace().everyone(),
    }
}

/// Emits what the client asked to emit.
async fn relay(choice: impl Into<Option<Broadcast>>, event: &str, Rest(args): Rest, ack: Ack) -> Result {
    if let Some(choice) = choice.into() {
        choice.emit(event, args)?;
    }
    ack.send_when_ready(()).await?;
    Ok(())
}

/// A header as text: that of a browser, or what it is to Node.js. Several of one name are a list.
fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = |value: &HeaderValue| match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().map(|&byte| char::from(byte)).collect(),
    };
    let values: Vec<_> = headers.get_all(name).iter().map(text).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn describe(socket: &Socket) -> Description {
    Description {
        id: socket.id().as_str().to_owned(),
        rooms: other_rooms(socket),
        data: socket.data().get().unwrap_or_default(),
    }
}

/// The socket's rooms without its own.
fn other_rooms(socket: &Socket) -> Vec<String> {
    let mut rooms = sorted(socket.rooms());
    rooms.retain(|room| room != socket.id().as_str());
    rooms
}

/// In the order of JavaScript's strings: by their units of UTF-16.
fn sorted(mut rooms: Vec<String>) -> Vec<String> {
    rooms.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
    rooms
}
