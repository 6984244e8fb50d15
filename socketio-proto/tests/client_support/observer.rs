//! What must hold of everything that comes out of a client, and how it is written down.

use std::collections::{BTreeMap, BTreeSet};

use engineio_proto::ExchangeId;
use socketio_proto::AckId;
use socketio_proto::client::{AckError, ConnectError, Connection, Event, SocketKey};

#[derive(Debug, Default)]
pub struct Observer {
    keys: Vec<SocketKey>,
    connected: BTreeSet<SocketKey>,
    awaited: BTreeSet<(SocketKey, AckId)>,
    /// What became of what was awaited.
    pub answered: BTreeMap<(SocketKey, AckId), Result<(), AckError>>,
    events: Vec<Event>,
    exchanges: BTreeSet<ExchangeId>,
    over: bool,
    pub trace: Vec<String>,
}

impl Observer {
    /// A socket was asked for, maybe not for the first time.
    pub fn knows(&mut self, key: SocketKey) {
        if !self.keys.contains(&key) {
            self.keys.push(key);
        }
    }

    pub fn awaits(&mut self, key: SocketKey, id: Option<AckId>) {
        if let Some(id) = id {
            assert!(self.awaited.insert((key, id)), "{id} is given twice");
        }
    }

    pub fn forgets(&mut self, key: SocketKey, id: AckId) {
        self.awaited.remove(&(key, id));
    }

    /// A request or a WebSocket begins.
    pub fn begins(&mut self, id: ExchangeId) {
        assert!(self.exchanges.insert(id), "{id:?} is not new");
    }

    pub fn sees(&mut self, client: &Connection, event: Event) {
        self.trace.push(self.line(&event));
        self.check(client, &event);
        self.events.push(event);
    }

    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub fn log(&mut self) -> Vec<String> {
        self.events().iter().map(|event| self.line(event)).collect()
    }

    /// Awaited acknowledgements of which nothing was heard.
    pub fn awaited(&self) -> usize {
        self.awaited.len()
    }

    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The sockets that are connected, as far as the application has heard.
    pub fn connected(&self) -> usize {
        self.connected.len()
    }

    fn check(&mut self, client: &Connection, event: &Event) {
        assert!(!self.over, "{event:?} after the end");
        match event {
            Event::Connected { socket, .. } => {
                assert!(self.connected.insert(*socket), "{event:?} is connected already");
            }
            Event::Event { socket, .. } => assert!(self.connected.contains(socket), "{event:?}"),
            Event::Ack { socket, id, .. } => {
                assert!(self.connected.contains(socket), "{event:?}");
                assert!(self.awaited.remove(&(*socket, *id)), "{event:?} was not awaited");
                self.answered.insert((*socket, *id), Ok(()));
            }
            Event::AckFailed { socket, id, error } => {
                assert!(self.awaited.remove(&(*socket, *id)), "{event:?} was not awaited");
                self.answered.insert((*socket, *id), Err(*error));
            }
            Event::Disconnected { socket, .. } => {
                assert!(self.connected.remove(socket), "{event:?} was not connected");
            }
            Event::ConnectError { socket, .. } | Event::Authenticate { socket } => {
                assert!(
                    !self.connected.contains(socket),
                    "{event:?} of a socket that is connected"
                );
            }
            Event::Closed => {
                self.over = true;
                assert!(client.is_closed());
                assert!(self.connected.is_empty(), "Closed before Disconnected");
                assert!(self.awaited.is_empty(), "{:?} are awaited for ever", self.awaited);
                assert_eq!(client.sockets().count(), 0);
                assert_eq!(client.buffered_bytes(), 0);
                assert_eq!(client.poll_timeout(), None, "nothing is due after the end");
            }
            _ => {}
        }
    }

    fn line(&self, event: &Event) -> String {
        let n = |key: &SocketKey| self.keys.iter().position(|other| other == key).unwrap();
        match event {
            Event::Open { attempts: 0 } => "open".into(),
            Event::Open { attempts } => format!("open {attempts}"),
            Event::Authenticate { socket } => format!("authenticate {}", n(socket)),
            Event::Connected { socket, id, recovered } => {
                let recovered = if *recovered { " recovered" } else { "" };
                format!("connected {} {id}{recovered}", n(socket))
            }
            Event::ConnectError { socket, error } => {
                let data = match error {
                    ConnectError::Refused { data: Some(data), .. } => format!(" {}", data.as_str()),
                    _ => String::new(),
                };
                format!("connect-error {} {error}{data}", n(socket))
            }
            Event::Event {
                socket,
                name,
                args,
                offset,
                reply,
            } => {
                let mut line = format!("event {} {name}", n(socket));
                if !args.is_empty() {
                    line += &format!(" {}", args.as_json());
                }
                for attachment in args.attachments() {
                    line += &format!(" {attachment:?}");
                }
                if let Some(offset) = offset {
                    line += &format!(" @{offset}");
                }
                if let Some(reply) = reply {
                    assert_eq!(reply.socket(), *socket);
                    line += &format!(" ?{}", reply.id());
                }
                line
            }
            Event::Ack { socket, id, args } => format!("ack {} {id} {}", n(socket), args.as_json()),
            Event::AckFailed { socket, id, error } => format!("ack-failed {} {id} {error}", n(socket)),
            Event::Disconnected { socket, reason } => format!("disconnected {} {reason}", n(socket)),
            Event::Reconnecting { attempt, delay } => format!("reconnecting {attempt} {}", delay.as_millis()),
            Event::ReconnectFailed => "reconnect-failed".into(),
            Event::Upgraded => "upgraded".into(),
            Event::UpgradeFailed(fault) => format!("upgrade-failed {fault}"),
            Event::Drained => "drained".into(),
            Event::Closed => "closed".into(),
        }
    }
}
