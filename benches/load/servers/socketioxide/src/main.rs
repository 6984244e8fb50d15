//! The measured server written for socketioxide on axum, as its documentation recommends.
//!
//! `rmpv::Value` is what it recommends for arguments that may hold binary data. Its queue per client is longer than the default of 128
//! packets, so that no scenario makes it drop one; logging is not compiled in. A handler of its names the type of its arguments: these take
//! one, which is all that the load generator sends.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide::handler::FromMessageParts;
use socketioxide::socket::Socket;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// The room that everyone shouts into.
const LOBBY: &str = "lobby";

fn main() -> std::io::Result<()> {
    let mut runtime = match number("WORKERS", 1) {
        0 | 1 => Builder::new_current_thread(),
        workers => {
            let mut runtime = Builder::new_multi_thread();
            runtime.worker_threads(workers);
            runtime
        }
    };
    runtime
        .enable_all()
        .build()?
        .block_on(async { tokio::spawn(serve()).await.expect("it does not panic") })
}

async fn serve() -> std::io::Result<()> {
    let (layer, io) = SocketIo::builder()
        .ping_interval(Duration::from_millis(number("PING_INTERVAL_MS", 25_000)))
        .max_buffer_size(4096)
        .build_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("echo", echo);
        socket.on("echo_json", echo_json);
        socket.on(
            "join",
            async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
                socket.join(room);
                ack.send(&[(); 0]).ok();
            },
        );
        socket.on("shout", async |socket: SocketRef, Data::<rmpv::Value>(data)| {
            socket.within(LOBBY).emit("shout", &data).await.ok();
        });
    });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number("PORT", 3000))).await?;
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a TCP connection"));
    axum::serve(listener, axum::Router::new().layer(layer)).await
}

async fn echo(socket: SocketRef, Data(data): Data<rmpv::Value>, asked: Asked, ack: AckSender) {
    if asked.0 {
        ack.send(&data).ok();
    } else {
        socket.emit("echo", &data).ok();
    }
}

async fn echo_json(socket: SocketRef, Data(data): Data<serde_json::Value>, asked: Asked, ack: AckSender) {
    if asked.0 {
        ack.send(&data).ok();
    } else {
        socket.emit("echo_json", &data).ok();
    }
}

/// Whether the client asked for an acknowledgement, which `AckSender` does not tell.
struct Asked(bool);

impl<A: Adapter> FromMessageParts<A> for Asked {
    type Error = Infallible;

    fn from_message_parts(
        _: &Arc<Socket<A>>,
        _: &mut socketioxide_core::Value,
        ack_id: &Option<i64>,
    ) -> Result<Self, Infallible> {
        Ok(Self(ack_id.is_some()))
    }
}

/// A number from the environment; what is none counts as unset.
fn number<T: FromStr>(name: &str, default: T) -> T {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}
