//! A chat with rooms, names, typing and delivery: `cargo run -p socketio-tokio --example chat`, then open <http://127.0.0.1:3000>.
//!
//! The page's client script comes from the server itself. Where the client is not in `adapters/e2e/node_modules`, say where with
//! `CLIENT_DIST`: the `dist` folder of npm's `socket.io-client`. `PORT` chooses another port.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::json;
use socketio_tokio::{Ack, BoxError, DisconnectReason, Runtime, Server, Socket, Tokio, serve};

/// Who a socket is, once it has said so.
#[derive(Clone)]
struct Member {
    name: String,
    room: String,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let port = std::env::var("PORT").ok().map_or(Ok(3000), |port| port.parse())?;
    let dist = std::env::var_os("CLIENT_DIST").map_or_else(default_dist, PathBuf::from);

    let io = Server::builder().client_dist(dist)?.build();
    chat(&io);

    // The chat's page and the Socket.IO server share one port.
    let router = Router::new()
        .route("/", get(async || Html(include_str!("index.html"))))
        .fallback_service(io.service());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    println!("chat on http://127.0.0.1:{port}");
    let interrupted = async move {
        let _ = tokio::signal::ctrl_c().await;
        io.close().await;
    };
    serve(
        &Tokio,
        Tokio.listen(listener)?,
        router,
        interrupted,
        Duration::from_secs(1),
    )
    .await;
    Ok(())
}

/// What the server does for its clients.
fn chat(io: &Server) {
    let next_id = Arc::new(AtomicU64::new(1));

    io.of("/")
        .on("join", async |socket: Socket, room: String, name: String, ack: Ack| {
            leave(&socket)?;
            socket.join(&room)?;
            socket.data().insert(Member {
                name: name.clone(),
                room: room.clone(),
            });
            socket.to(&room).emit("system", format!("{name} has joined"))?;
            announce_members(&socket, &room)?;
            ack.send(json!({ "ok": true, "members": members(&socket, &room) }))?;
            Ok::<_, BoxError>(())
        })
        .on("message", move |socket: Socket, text: String, ack: Ack| {
            let id = next_id.fetch_add(1, Ordering::Relaxed);
            async move {
                let Some(Member { name, room }) = socket.data().get() else {
                    return Err("not in a room".into());
                };
                let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
                let others = socket.to(&room);
                others.emit(
                    "message",
                    json!({ "id": id, "from": name, "text": text, "room": room, "at": at }),
                )?;
                ack.send(json!({ "id": id, "delivered": others.sockets().len() }))?;
                Ok::<_, BoxError>(())
            }
        })
        .on("typing", async |socket: Socket, typing: bool| {
            let Some(Member { name, room }) = socket.data().get() else {
                return Ok(());
            };
            socket
                .to(room)
                .volatile()
                .emit("typing", json!({ "from": name, "typing": typing }))
        })
        .on_disconnect(async |socket: Socket, _: DisconnectReason| leave(&socket));
}

/// Takes a socket out of its room, and tells the others.
fn leave(socket: &Socket) -> Result<(), BoxError> {
    let Some(Member { name, room }) = socket.data().remove() else {
        return Ok(());
    };
    socket.leave(&room);
    socket.to(&room).emit("system", format!("{name} has left"))?;
    announce_members(socket, &room)
}

fn announce_members(socket: &Socket, room: &str) -> Result<(), BoxError> {
    socket.namespace().to(room).emit("members", members(socket, room))?;
    Ok(())
}

/// The names of those in a room, in the order of the alphabet.
fn members(socket: &Socket, room: &str) -> Vec<String> {
    let sockets = socket.namespace().to(room).sockets();
    let mut names: Vec<_> = sockets
        .iter()
        .filter_map(|socket| Some(socket.data().get::<Member>()?.name))
        .collect();
    names.sort();
    names
}

/// Where `npm install` in `adapters/e2e` puts the client.
fn default_dist() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../e2e/node_modules/socket.io-client/dist"
    ))
}
