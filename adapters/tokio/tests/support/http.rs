//! HTTP requests, one connection each.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

/// A client of one server.
#[derive(Clone, Copy)]
pub(crate) struct Http(SocketAddr);

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Http {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self(address)
    }

    /// Begins a long-polling session and returns its sid.
    pub(crate) fn open(self) -> String {
        let open = self.get("/socket.io/?EIO=4&transport=polling").body;
        let handshake: serde_json::Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
        handshake["sid"].as_str().unwrap().to_owned()
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
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
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
    /// Reads an answer from a connection that the server closes after it.
    pub(crate) fn read(mut stream: TcpStream) -> Self {
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let Some((head, body)) = answer.split_once("\r\n\r\n") else {
            panic!("no answer: {read:?}");
        };
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self {
            status,
            headers: headers.collect(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(other, _)| other == name)?;
        Some(&header.1)
    }
}

pub(crate) fn polling(sid: &str) -> String {
    format!("/socket.io/?EIO=4&transport=polling&sid={sid}")
}
