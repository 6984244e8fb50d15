//! HTTP requests, one connection each.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

/// Where a session begins.
pub(crate) const SOCKET: &str = "/socket.io/?EIO=4&transport=polling";
pub(crate) const ENGINE: &str = "/engine.io/?EIO=4&transport=polling";

/// The headers of a request that wants to become a WebSocket.
pub(crate) const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// A client of one server.
#[derive(Clone, Copy)]
pub(crate) struct Http(SocketAddr);

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The body as it came, which may be no text.
    pub(crate) bytes: Vec<u8>,
}

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self(address)
    }

    /// Begins a long-polling session and returns its sid.
    pub(crate) fn open(self) -> String {
        sid_in(&self.get(SOCKET).body)
    }

    /// Begins a long-polling session on a plain Engine.IO server and returns its sid.
    pub(crate) fn open_engine(self) -> String {
        sid_in(&self.get(ENGINE).body)
    }

    pub(crate) fn poll(self, sid: &str) -> Response {
        self.get(&polling(sid))
    }

    pub(crate) fn post(self, sid: &str, body: &str) -> Response {
        self.request("POST", &polling(sid), &[], body)
    }

    pub(crate) fn get(self, path: &str) -> Response {
        self.request("GET", path, &[], "")
    }

    pub(crate) fn request(self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        Response::read(self.send(method, path, headers, body))
    }

    /// Sends a request and does not wait for the answer.
    pub(crate) fn send(self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.0).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n");
        if !headers.iter().any(|(name, _)| *name == "Connection") {
            head += "Connection: close\r\n";
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if method == "POST" && !headers.iter().any(|(name, _)| *name == "Content-Length") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
        stream
    }
}

impl Response {
    /// Reads the head of an answer from a connection that may go on as something else.
    pub(crate) fn read_head(stream: &mut TcpStream) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        Self::parse(&head)
    }

    /// Reads an answer: as much as it says that it is long, or until the server closes the connection.
    pub(crate) fn read(mut stream: TcpStream) -> Self {
        let head = Self::read_head(&mut stream);
        let length = head.header("content-length").map(|length| length.parse().unwrap());
        let mut bytes = Vec::new();
        let read = stream.take(length.unwrap_or(u64::MAX)).read_to_end(&mut bytes);
        assert!(read.is_ok() || length.is_none(), "no answer: {read:?}");
        Self {
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
            ..head
        }
    }

    fn parse(head: &[u8]) -> Self {
        let head = String::from_utf8(head.to_vec()).unwrap();
        let mut lines = head.trim_end().lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self {
            status,
            headers: headers.collect(),
            body: String::new(),
            bytes: Vec::new(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(other, _)| other == name)?;
        Some(&header.1)
    }
}

/// The sid that a long-polling handshake gives.
pub(crate) fn sid_in(open: &str) -> String {
    let handshake: serde_json::Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    handshake["sid"].as_str().unwrap().to_owned()
}

pub(crate) fn polling(sid: &str) -> String {
    format!("/socket.io/?EIO=4&transport=polling&sid={sid}")
}
