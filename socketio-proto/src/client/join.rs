//! Joining namespaces, and leaving them.

use alloc::borrow::Cow;
use alloc::string::String;

use bytestring::ByteString;
use engineio_proto::Revision;
use serde::Deserialize;

use super::connection::Connection;
use super::link::Link;
use super::revision_3::{self, Root};
use super::sockets::{Held, State};
use super::{Auth, ConnectError, DisconnectReason, Event, SocketKey};
use crate::{Json, SocketId};

/// The longest id of a socket that is taken, in bytes. Those of all servers that are known have some 20, or a namespace more.
const MAX_ID: usize = 1_024;

/// How many namespaces are remembered that were left a moment ago. It matters for as long as the server needs to hear of it.
const MAX_LEFT: usize = 100;

/// What a server says when it lets a socket in.
#[derive(Deserialize)]
struct Welcome<'a> {
    #[serde(borrow)]
    sid: Cow<'a, str>,
    #[serde(borrow)]
    pid: Option<Cow<'a, str>>,
}

impl Connection {
    /// Asks the server to let a socket in, if it waits for that and there is a session.
    pub(super) fn join(&mut self, key: SocketKey) {
        let Ok(socket) = self.sockets.find(key) else { return };
        let is_waiting = matches!(socket.state, State::Waiting) && self.link == Link::Open;
        if !is_waiting || self.ghosts.contains(&socket.namespace) {
            return;
        }
        if self.is_root(&socket.namespace) {
            return match self.root {
                Root::Expected => self.set(key, State::Joining(Held::default())),
                Root::Joined => self.enter(key, None),
                Root::Over => {}
            };
        }
        match socket.auth.clone() {
            Auth::None => self.ask(key, None),
            Auth::Value(value) => self.ask(key, Some(&value)),
            Auth::OnDemand => {
                self.set(key, State::Asking);
                self.events.push_back(Event::Authenticate { socket: key });
            }
        }
    }

    /// Asks the server to let a socket in, which comes with these credentials.
    pub(super) fn ask(&mut self, key: SocketKey, auth: Option<&Json>) {
        let Some(socket) = self.sockets.find_mut(key) else {
            return;
        };
        let parser = &self.config.parser;
        let packet = match (self.config.engine.revision, auth) {
            (Revision::V4, auth) => parser.connect(&socket.namespace, socket.recovery.introduce(auth).as_ref()),
            (Revision::V3, None) => parser.connect(&socket.namespace, None),
            (Revision::V3, Some(auth)) => {
                let namespace = revision_3::with_query(&socket.namespace, auth);
                parser.connect(&namespace.expect("credentials are checked when they come"), None)
            }
        };
        match packet {
            Ok(packet) => {
                socket.state = State::Joining(Held::default());
                self.send_control(packet);
            }
            Err(error) => self.refuse(key, ConnectError::Encode(error)),
        }
    }

    /// Makes a socket leave, if it is connected or is going to be, whatever becomes of it after that.
    pub(super) fn leave(&mut self, namespace: &ByteString, state: &State) {
        match state {
            State::Connected(_) => {
                if self.is_root(namespace) {
                    self.root = Root::Over;
                }
                self.take_leave(namespace);
            }
            // A server that has not answered yet takes nothing else from that namespace: it is told when it has.
            State::Joining(_) if !self.is_root(namespace) => self.ghosts.push(namespace.clone()),
            State::Joining(_) | State::Asking | State::Waiting | State::Idle => {}
        }
    }

    /// The server lets a socket in.
    pub(super) fn handle_connect(&mut self, namespace: &str, data: Option<&Json>) {
        if self.is_root(namespace) {
            if self.root != Root::Expected {
                return;
            }
            self.root = Root::Joined;
        }
        if self.lay_ghost(namespace, true) {
            return;
        }
        let Some(socket) = self.sockets.of(namespace) else {
            return;
        };
        if let State::Joining(_) = socket.state {
            let key = socket.key;
            self.left.retain(|left| *left != *namespace);
            self.enter(key, data);
        }
    }

    /// The server does not let a socket in.
    pub(super) fn handle_connect_error(&mut self, namespace: &str, data: &Json) {
        if self.is_root(namespace) {
            self.root = Root::Over;
        }
        if self.lay_ghost(namespace, false) {
            return;
        }
        let Some(socket) = self.sockets.of(namespace) else {
            return;
        };
        if let State::Joining(_) = socket.state {
            let key = socket.key;
            self.refuse(key, refusal(data));
        }
    }

    /// The server makes a socket leave.
    pub(super) fn handle_disconnect(&mut self, namespace: &str) {
        if self.is_root(namespace) {
            self.root = Root::Over;
        }
        // One that is not connected has been so before and was left; the server had not heard of that.
        let Some(socket) = self.sockets.of(namespace).filter(|socket| socket.is_connected()) else {
            return;
        };
        let key = socket.key;
        socket.state = State::Idle;
        self.announce(key, DisconnectReason::ServerDisconnect);
        self.settle();
        self.leave_if_unused();
    }

    /// A socket is connected from now on.
    fn enter(&mut self, key: SocketKey, data: Option<&Json>) {
        let (id, pid) = match self.config.engine.revision {
            Revision::V3 => (self.legacy_id(key), None),
            Revision::V4 => match data.and_then(|data| data.parse::<Welcome<'_>>().ok()) {
                Some(Welcome { sid, pid }) if sid.len() <= MAX_ID => (Some(SocketId::new(&sid)), pid),
                _ => (None, None),
            },
        };
        let Some(id) = id else {
            return self.refuse(key, ConnectError::OldServer);
        };
        let Some(socket) = self.sockets.find_mut(key) else {
            return;
        };
        let recovered = socket.recovery.connected(pid.as_deref());
        socket.times += 1;
        let before = core::mem::replace(&mut socket.state, State::Connected(id.clone()));
        self.events.push_back(Event::Connected {
            socket: key,
            id,
            recovered,
        });
        if let State::Joining(held) = before {
            for event in held.events {
                self.deliver(key, event);
            }
        }
        self.flush(key);
        self.settle();
    }

    /// A socket is not let in, and is not tried again.
    fn refuse(&mut self, key: SocketKey, error: ConnectError) {
        self.set(key, State::Idle);
        self.events.push_back(Event::ConnectError { socket: key, error });
        self.leave_if_unused();
    }

    /// The server has answered for a socket that does not want to know any more. Says whether there is one.
    fn lay_ghost(&mut self, namespace: &str, is_in: bool) -> bool {
        let Some(index) = self.ghosts.iter().position(|ghost| *ghost == *namespace) else {
            return false;
        };
        let namespace = self.ghosts.remove(index);
        if is_in {
            self.take_leave(&namespace);
        }
        if let Some(socket) = self.sockets.of(&namespace) {
            let key = socket.key;
            self.join(key);
        }
        true
    }

    /// Tells the server that a socket, which it has let in, leaves.
    fn take_leave(&mut self, namespace: &ByteString) {
        match self.config.parser.disconnect(namespace) {
            Ok(packet) => self.send_control(packet),
            Err(error) => return self.lose(&DisconnectReason::Encode(error), None),
        }
        if self.left.len() >= MAX_LEFT {
            self.left.remove(0);
        }
        self.left.push(namespace.clone());
    }

    /// Whether it is the main namespace of a server that lets everyone into it.
    pub(super) fn is_root(&self, namespace: &str) -> bool {
        self.config.engine.revision == Revision::V3 && namespace == "/"
    }

    fn legacy_id(&self, key: SocketKey) -> Option<SocketId> {
        let sid = self.sessions.current()?.sid()?;
        Some(revision_3::id_of(&self.sockets.find(key).ok()?.namespace, sid))
    }

    fn set(&mut self, key: SocketKey, state: State) {
        if let Some(socket) = self.sockets.find_mut(key) {
            socket.state = state;
        }
    }
}

/// What a server says when it refuses: an object with a message and maybe data, or, in revision 3, a string or whatever the application
/// gave it.
fn refusal(data: &Json) -> ConnectError {
    let text = |json: &str| serde_json::from_str::<String>(json).ok().map(ByteString::from);
    if let Some(message) = text(data.as_str()) {
        return ConnectError::Refused { message, data: None };
    }
    match data.member("message").and_then(|message| text(message.as_str())) {
        Some(message) => ConnectError::Refused {
            message,
            data: data.member("data"),
        },
        None => ConnectError::Refused {
            message: ByteString::new(),
            data: Some(data.clone()),
        },
    }
}
