//! Sessions come and go: opening one, losing it, and when the next one is tried.

use engineio_proto::client::{Event as SessionEvent, Rejection};

use super::connection::Connection;
use super::link::Link;
use super::revision_3::Root;
use super::sockets::State;
use super::{ConnectError, DisconnectReason, Event, SocketKey};

impl Connection {
    /// Begins a session.
    pub(super) fn open_session(&mut self) {
        self.link = Link::Opening;
        self.sessions.open(self.now, self.config.engine.clone());
        self.decoder = self.config.decoder();
        self.root = Root::default();
    }

    /// What has happened on the session.
    pub(super) fn handle_session(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::Open(_) => {
                self.link = Link::Open;
                let attempts = self.backoff.attempts();
                self.backoff.reset();
                self.events.push_back(Event::Open { attempts });
                for socket in self.sockets.keys() {
                    self.join(socket);
                }
            }
            SessionEvent::Message(message) => self.handle_message_of_session(message),
            SessionEvent::Upgraded => self.events.push_back(Event::Upgraded),
            SessionEvent::UpgradeFailed(fault) => self.events.push_back(Event::UpgradeFailed(fault)),
            SessionEvent::Drained => self.handle_drained(),
            SessionEvent::Closed(reason) => {
                let rejection = self.sessions.current().and_then(|session| session.rejection());
                let rejection = rejection.cloned();
                self.lose(&DisconnectReason::Session(reason), rejection.as_ref());
            }
        }
    }

    /// The session has ended, or is to: every socket leaves, and the next session is tried if somebody wants one.
    pub(super) fn lose(&mut self, reason: &DisconnectReason, rejection: Option<&Rejection>) {
        self.leave_session();
        for key in self.sockets.keys() {
            self.lose_socket(key, reason, rejection);
        }
        self.reconnect();
        self.settle();
    }

    /// Closes the session if no socket needs one: as soon as what was sent has gone out.
    pub(super) fn leave_if_unused(&mut self) {
        let wanted = !matches!(self.link, Link::Idle | Link::Closing | Link::Closed);
        if wanted && !self.sockets.are_active() {
            self.leave_session();
            self.backoff.reset();
            self.link = Link::Idle;
        }
    }

    /// The session is not used any more.
    pub(super) fn leave_session(&mut self) {
        self.sessions.leave(self.now);
        self.ghosts.clear();
        self.left.clear();
        self.owed.clear();
        if core::mem::take(&mut self.refused) {
            self.events.push_back(Event::Drained); // what there is no session for waits elsewhere, or not at all
        }
    }

    /// Plans the next attempt, if there is to be one.
    fn reconnect(&mut self) {
        self.link = Link::Idle;
        if !self.sockets.are_active() {
            return self.backoff.reset();
        }
        let limit = self.config.reconnection_attempts;
        let over = limit.is_some_and(|limit| self.backoff.attempts() >= limit);
        if self.config.reconnection && !over {
            let delay = self.backoff.advance(&self.config);
            self.link = Link::Waiting {
                until: self.now + delay,
            };
            let attempt = self.backoff.attempts();
            return self.events.push_back(Event::Reconnecting { attempt, delay });
        }
        self.backoff.reset();
        for socket in self.sockets.iter_mut() {
            socket.state = State::Idle;
        }
        if self.config.reconnection {
            self.events.push_back(Event::ReconnectFailed);
        }
    }

    /// There is no session any more, for a socket that may have been connected.
    fn lose_socket(&mut self, key: SocketKey, reason: &DisconnectReason, rejection: Option<&Rejection>) {
        let Some(socket) = self.sockets.find_mut(key).filter(|socket| socket.is_active()) else {
            return;
        };
        let before = core::mem::replace(&mut socket.state, State::Waiting);
        if let State::Connected(_) = before {
            return self.announce(key, reason.clone());
        }
        self.events.push_back(Event::ConnectError {
            socket: key,
            error: ConnectError::Session {
                reason: reason.clone(),
                rejection: rejection.cloned(),
            },
        });
    }

    /// Says that a socket is connected no more, and what that means for the acknowledgements that were awaited of what it has sent.
    pub(super) fn announce(&mut self, key: SocketKey, reason: DisconnectReason) {
        self.fail_sent(key);
        self.events.push_back(Event::Disconnected { socket: key, reason });
    }
}
