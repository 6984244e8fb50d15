//! A Socket.IO client on a WebSocket.

use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use super::PATIENCE;

pub(crate) struct Client {
    pub(crate) websocket: WebSocket<TcpStream>,
    pub(crate) sid: String,
}

impl Client {
    pub(crate) fn open(address: SocketAddr) -> Self {
        Self::open_at(address, "/socket.io/?EIO=4&transport=websocket")
    }

    pub(crate) fn open_at(address: SocketAddr, path: &str) -> Self {
        Self::try_open_at(address, path).expect("the WebSocket is accepted")
    }

    pub(crate) fn try_open_at(address: SocketAddr, path: &str) -> Option<Self> {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let (websocket, _) = tungstenite::client(format!("ws://{address}{path}"), stream).ok()?;
        let mut client = Self {
            websocket,
            sid: String::new(),
        };
        let open = client.packet().expect("an open packet");
        let handshake: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
        client.sid = handshake["sid"].as_str().unwrap().to_owned();
        Some(client)
    }

    /// Joins a namespace and returns the socket's id there.
    pub(crate) fn join(&mut self, namespace: &str) -> String {
        self.ask_to_join(namespace, &Value::Null);
        let reply = self.next();
        let expected = format!("0{}", prefix(namespace));
        let welcome = reply
            .strip_prefix(&expected)
            .unwrap_or_else(|| panic!("{reply} is no welcome"));
        let welcome: Value = serde_json::from_str(welcome).unwrap();
        welcome["sid"].as_str().unwrap().to_owned()
    }

    pub(crate) fn ask_to_join(&mut self, namespace: &str, auth: &Value) {
        let auth = if auth.is_null() {
            String::new()
        } else {
            auth.to_string()
        };
        self.send(&format!("0{}{auth}", prefix(namespace)));
    }

    pub(crate) fn emit(&mut self, event: &str, args: Value) {
        self.send(&format!("2{}", event_of(event, args)));
    }

    pub(crate) fn emit_with_ack(&mut self, id: u64, event: &str, args: Value) {
        self.send(&format!("2{id}{}", event_of(event, args)));
    }

    /// Sends a Socket.IO packet.
    pub(crate) fn send(&mut self, packet: &str) {
        self.send_packet(&format!("4{packet}"));
    }

    /// Sends an Engine.IO packet.
    pub(crate) fn send_packet(&mut self, packet: &str) {
        self.websocket.send(Message::text(packet)).unwrap();
    }

    /// The next Socket.IO packet.
    pub(crate) fn next(&mut self) -> String {
        let packet = self.packet().expect("the connection is open");
        packet
            .strip_prefix('4')
            .unwrap_or_else(|| panic!("{packet} is no message"))
            .to_owned()
    }

    /// The next Engine.IO packet, pings aside; none if the connection was closed.
    pub(crate) fn packet(&mut self) -> Option<String> {
        loop {
            match self.websocket.read() {
                Ok(Message::Text(text)) if text == "2" => self.send_packet("3"),
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Close(_)) => {}
                Ok(other) => panic!("{other:?} is unexpected"),
                Err(tungstenite::Error::Io(error)) if matches!(error.kind(), std::io::ErrorKind::WouldBlock) => {
                    panic!("nothing came")
                }
                Err(_) => return None,
            }
        }
    }

    /// Waits for an answer that the server gives to what it reads behind everything that was sent so far, and has looked at.
    pub(crate) fn ping(&mut self) {
        self.websocket.send(Message::Ping(vec![1].into())).unwrap();
        while !matches!(self.websocket.read().unwrap(), Message::Pong(_)) {}
    }

    /// What came until the connection was closed.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.packet()).collect()
    }

    /// The next packet is this one.
    #[track_caller]
    pub(crate) fn expect(&mut self, packet: &str) {
        assert_eq!(self.next(), packet);
    }

    /// The next packet is this event in the main namespace.
    #[track_caller]
    pub(crate) fn expect_event(&mut self, event: &str, args: Value) {
        let expected = format!("2{}", event_of(event, args));
        assert_eq!(self.next(), expected);
    }

    /// Asks for an answer, which comes behind everything else that the server has done for this client so far.
    #[track_caller]
    pub(crate) fn expect_nothing(&mut self) {
        self.emit_with_ack(999, "nothing else?", json!([]));
        self.expect("3999[]");
    }
}

fn event_of(event: &str, args: Value) -> String {
    let mut list = vec![json!(event)];
    match args {
        Value::Array(args) => list.extend(args),
        one => list.push(one),
    }
    Value::Array(list).to_string()
}

fn prefix(namespace: &str) -> String {
    if namespace == "/" {
        String::new()
    } else {
        format!("{namespace},")
    }
}
