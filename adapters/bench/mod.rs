//! The server that loads are measured on: echoes in several forms, and a room to shout into.
//!
//! It is told by environment variables: `PORT` (3000), `PING_INTERVAL_MS` (25000), and `WORKERS` (1), which each runtime's `main` reads. It
//! is written against the API that all runtimes share.

use std::io;
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;
use socketio_hyper::{Ack, BoxError, Rest, Runtime, Server, Socket};

/// The room that everyone shouts into.
const LOBBY: &str = "lobby";

/// Serves until it is killed.
pub(crate) async fn run<R: Runtime>() -> io::Result<()> {
    let ping_interval = Duration::from_millis(number("PING_INTERVAL_MS", 25_000));
    let io = Server::<R>::builder().ping_interval(ping_interval).build();
    let main = io.of("/");
    main.on("echo", async |socket: Socket, Rest(args): Rest, ack: Ack| {
        if ack.is_expected() {
            ack.send(args)
        } else {
            socket.emit("echo", args)
        }
    });
    main.on("echo_json", async |socket: Socket, Rest(args): Rest, ack: Ack| {
        let values: Vec<Value> = args.parse()?;
        let args = Values(&values);
        if ack.is_expected() {
            ack.send(args)?;
        } else {
            socket.emit("echo_json", args)?;
        }
        Ok::<_, BoxError>(())
    });
    main.on("join", async |socket: Socket, room: String, ack: Ack| {
        socket.join(room)?;
        ack.send(())?;
        Ok::<_, BoxError>(())
    });
    main.on("shout", async |socket: Socket, args: Rest| {
        socket.namespace().to(LOBBY).emit("shout", args)
    });
    io.listen((Ipv4Addr::LOCALHOST, number("PORT", 3000))).await
}

/// A number from the environment; what is none counts as unset.
pub(crate) fn number<T: FromStr>(name: &str, default: T) -> T {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Values as so many arguments.
struct Values<'a>(&'a [Value]);

impl socketio_hyper::ToArgs for Values<'_> {
    fn write_args(&self, writer: &mut socketio_hyper::ArgsWriter<'_>) -> Result<(), socketio_hyper::EncodeError> {
        self.0.iter().try_for_each(|value| writer.push(value))
    }
}
