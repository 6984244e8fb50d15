// The servers that the Socket.IO client of the runtime `super::rt` is tested against: ours, npm's 4.x and 2.x, and Python's.

use std::time::Duration;

use serde_json::Value;
use socketio_hyper::{Args, ClientTransports, Revision};

use super::rt::{Client, ClientBuilder};
use super::run::Server;

/// A server to talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Ours,
    OursForOld,
    Npm4,
    Npm2,
    Python,
}

pub(crate) const ALL: [Peer; 5] = [Peer::Ours, Peer::OursForOld, Peer::Npm4, Peer::Npm2, Peer::Python];

pub(crate) const WAYS: [ClientTransports; 3] = [
    ClientTransports::Polling,
    ClientTransports::WebSocket,
    ClientTransports::PollingThenWebSocket,
];

impl Peer {
    pub(crate) fn start(self, settings: &[(&str, &str)]) -> Server {
        let with = |more: &[(&'static str, &'static str)]| [settings, more].concat();
        match self {
            Self::Ours => Server::example("contract", settings),
            Self::OursForOld => Server::example("contract", &with(&[("EIO3", "1")])),
            Self::Npm4 => Server::start("socketio.mjs", settings),
            Self::Npm2 => Server::start("socketio.mjs", &with(&[("VERSION", "2")])),
            Self::Python => Server::start("asgi.py", settings),
        }
    }

    pub(crate) fn revision(self) -> Revision {
        match self {
            Self::OursForOld | Self::Npm2 => Revision::V3,
            Self::Ours | Self::Npm4 | Self::Python => Revision::V4,
        }
    }

    /// How many sockets the server sees.
    pub(crate) async fn sockets(self, server: &Server, witness: &Client) -> u64 {
        let seen = match self {
            Self::Npm4 | Self::Npm2 => json_of(&witness.emit_with_ack("count", ()).unwrap().await.unwrap())[0].clone(),
            _ => stats(server)["sockets"].clone(),
        };
        seen.as_u64().unwrap()
    }

    pub(crate) fn builder(self, url: &str) -> ClientBuilder {
        let patient = Client::builder(url).revision(self.revision());
        patient.reconnection_delay(Duration::from_millis(20), Duration::from_millis(50))
    }
}

/// Arguments as JSON.
pub(crate) fn json_of(args: &Args) -> Value {
    serde_json::from_str(&format!("[{}]", args.as_json())).unwrap()
}

/// What our server knows of itself.
pub(crate) fn stats(server: &Server) -> Value {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream
        .write_all(b"GET /stats HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap()
}
