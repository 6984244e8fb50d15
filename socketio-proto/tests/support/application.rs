//! What the application does with its side of a [`Client`].

use super::*;

impl Client {
    /// The `n`th socket that asked to join, from 0.
    pub fn key(&self, n: usize) -> SocketKey {
        self.keys[n]
    }

    /// How many sockets have asked to join.
    pub fn asked(&self) -> usize {
        self.keys.len()
    }

    /// Whether a client that keeps to the rules may speak in a namespace; `None` while it waits for an answer there.
    pub fn may_speak(&self, namespace: &str) -> Option<bool> {
        let latest = self.namespaces.iter().rposition(|other| other == namespace);
        match latest.map(|n| self.lives[&self.keys[n]]) {
            Some(Life::Pending) => None,
            Some(Life::Connected) => Some(true),
            Some(Life::Over) | None => Some(false),
        }
    }

    /// The namespace that a socket asked for.
    pub fn namespace(&self, key: SocketKey) -> &str {
        let n = self.keys.iter().position(|&other| other == key);
        &self.namespaces[n.expect("a key is from an event")]
    }

    /// Whether the last event has come.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The id that [`accept`](Self::accept) gives to the `n`th socket.
    pub fn id(n: usize) -> SocketId {
        SocketId::new(&format!("id-{n}"))
    }

    pub fn accept(&mut self, key: SocketKey) -> Result<(), NotWaiting> {
        let n = self
            .keys
            .iter()
            .position(|&other| other == key)
            .expect("a key is from an event");
        let result = self.connection.accept(key, Self::id(n));
        if result.is_ok() {
            assert_eq!(self.lives.insert(key, Life::Connected), Some(Life::Pending));
        }
        self.step();
        result
    }

    pub fn refuse(&mut self, key: SocketKey, message: &str, data: Option<&Json>) -> Result<(), NotWaiting> {
        let result = self.connection.refuse(key, message, data);
        if result.is_ok() {
            assert_eq!(self.lives.insert(key, Life::Over), Some(Life::Pending));
        }
        self.step();
        result
    }

    pub fn emit(&mut self, key: SocketKey, event: &str, args: impl ToArgs) -> Result<(), EmitError> {
        let result = self.connection.emit(key, event, args);
        self.step();
        result
    }

    /// Emits an event that is to be acknowledged within `timeout`.
    pub fn ask(
        &mut self,
        key: SocketKey,
        id: u64,
        event: &str,
        args: impl ToArgs,
        timeout: Option<Duration>,
    ) -> Result<(), EmitError> {
        let deadline = timeout.map(|timeout| self.now + timeout);
        let result = self.connection.emit_with_ack(key, AckId(id), event, args, deadline);
        if result.is_ok() {
            self.awaited.insert((key, AckId(id)));
        }
        self.step();
        result
    }

    pub fn ack(&mut self, reply: Reply, args: impl ToArgs) -> Result<(), EmitError> {
        let result = self.connection.ack(reply, args);
        self.step();
        result
    }

    pub fn disconnect(&mut self, key: SocketKey, close: bool) {
        self.connection.disconnect(key, close);
        self.step();
    }

    pub fn close(&mut self) {
        self.connection.close(self.now);
        self.step();
    }

    pub fn supersede(&mut self) {
        self.connection.supersede(self.now);
        self.step();
    }

    /// What has happened since the last look.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The only thing that has happened since the last look.
    pub fn event(&mut self) -> Event {
        let mut events = self.events();
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// The reply that the only event since the last look asks for.
    pub fn reply(&mut self) -> Reply {
        match self.event() {
            Event::Event { reply: Some(reply), .. } => reply,
            other => panic!("{other:?} asks for no reply"),
        }
    }

    /// What has happened since the last look, as lines.
    pub fn log(&mut self) -> Vec<String> {
        self.events().iter().map(|event| self.line(event)).collect()
    }

    /// Everything that has ever come out, in order.
    pub fn into_trace(self) -> Vec<String> {
        self.trace
    }

    /// Awaited acknowledgements of which nothing was heard.
    pub fn awaited(&self) -> usize {
        self.awaited.len()
    }

    pub(super) fn line(&self, event: &Event) -> String {
        let n = |key: &SocketKey| self.keys.iter().position(|other| other == key).unwrap();
        match event {
            Event::Connect {
                socket,
                namespace,
                auth,
            } => format!(
                "connect {} {namespace}{}",
                n(socket),
                auth.as_ref()
                    .map_or(String::new(), |auth| format!(" {}", auth.as_str()))
            ),
            Event::Event {
                socket,
                name,
                args,
                reply,
            } => {
                let mut line = format!("event {} {name}", n(socket));
                if !args.is_empty() {
                    line += &format!(" {}", args.as_json());
                }
                for attachment in args.attachments() {
                    line += &format!(" {attachment:?}");
                }
                if let Some(reply) = reply {
                    assert_eq!(reply.socket(), *socket);
                    line += &format!(" ?{}", reply.id());
                }
                line
            }
            Event::Ack { socket, id, args } => format!("ack {} {id} {}", n(socket), args.as_json()),
            Event::AckFailed { socket, id, error } => format!("ack-failed {} {id} {error}", n(socket)),
            Event::Disconnect { socket, reason } => format!("disconnect {} {reason}", n(socket)),
            Event::Upgraded => "upgraded".into(),
            Event::Drained => "drained".into(),
            Event::Closed(reason) => format!("closed {reason}"),
        }
    }
}
