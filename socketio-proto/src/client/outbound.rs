//! What is sent to the server, now or when there is a connection.

use engineio_proto::SendError;

use super::buffer::cost_of;
use super::connection::Connection;
use super::link::Link;
use super::retries::{Done, Retries};
use super::sockets::Socket;
use super::{AckError, Event, SocketKey};
use crate::{AckId, Encoded};

impl Connection {
    /// Sends an event, or lets it wait: for a connection, or behind others that do.
    pub(super) fn submit(&mut self, key: SocketKey, packet: Encoded, ack: Option<AckId>) -> Result<(), SendError<()>> {
        let socket = self.sockets.find(key).map_err(|_| SendError::Closed(()))?;
        let mut packet = packet;
        if socket.is_connected() && self.buffer.is_empty(key) {
            match self.send_now(packet) {
                Err(SendError::Closed(unsent)) => packet = unsent, // the session is over, which nobody has fetched yet
                result => return result.map_err(|error| error.map(drop)),
            }
        }
        if !self.config.buffering {
            return Err(SendError::Closed(()));
        }
        if !self.room.take(cost_of(&packet)) {
            return Err(SendError::Full(()));
        }
        self.buffer.push(key, packet, ack);
        Ok(())
    }

    /// Sends a packet on the session, or not at all.
    pub(super) fn send_now(&mut self, packet: Encoded) -> Result<(), SendError<Encoded>> {
        let result = self.sessions.send(packet);
        self.refused |= matches!(result, Err(SendError::Full(_)));
        result
    }

    /// Sends what the protocol owes the server, before anything else if it has to wait. There is little of it: a namespace is asked for
    /// when the server has answered for it before.
    pub(super) fn send_control(&mut self, packet: Encoded) {
        let full = !self.owed.is_empty() || matches!(self.sessions.send_all(packet.frames()), Err(SendError::Full(())));
        if full {
            self.owed.push_back(packet);
        }
    }

    /// The session takes more.
    pub(super) fn handle_drained(&mut self) {
        while let Some(packet) = self.owed.front() {
            if self.sessions.send_all(packet.frames()).is_err() {
                return;
            }
            self.owed.pop_front();
        }
        for key in self.sockets.keys() {
            if !self.flush(key) {
                return;
            }
        }
        if core::mem::take(&mut self.refused) {
            self.events.push_back(Event::Drained);
        }
        self.settle();
    }

    /// Sends what waits for a socket to be connected. Says whether the session has taken all of it.
    pub(super) fn flush(&mut self, key: SocketKey) -> bool {
        if !self.sockets.find(key).is_ok_and(Socket::is_connected) {
            return true;
        }
        while let Some(packet) = self.buffer.first(key) {
            if self.sessions.send_all(packet.frames()).is_err() {
                return false;
            }
            let cost = self.buffer.pop(key);
            self.room.give_back(cost.unwrap_or_default());
        }
        self.room.reopen();
        let Some(socket) = self.sockets.find_mut(key) else {
            return true;
        };
        if let Some(packet) = socket.retries.due() {
            if self.sessions.send_all(packet.frames()).is_err() {
                return false;
            }
            socket
                .retries
                .sent(self.config.ack_timeout.map(|timeout| self.now + timeout));
        }
        true
    }

    /// Gives up what is not acknowledged in time.
    pub(super) fn expire(&mut self) {
        while let Some((socket, id)) = self.acks.pop_expired(self.now) {
            if let Some(cost) = self.buffer.remove(socket, id) {
                self.room.give_back(cost);
            }
            self.fail(socket, id, AckError::TimedOut);
        }
        while let Some(key) = self.late_retry() {
            let Some(socket) = self.sockets.find_mut(key) else {
                break;
            };
            let done = socket.retries.fail(self.config.retries);
            self.fail_retried(key, done, AckError::TimedOut);
            self.flush(key);
        }
        self.settle();
    }

    /// What a socket has sent is not acknowledged any more; what still waits to be sent is.
    pub(super) fn fail_sent(&mut self, key: SocketKey) {
        let mut next = self.acks.ids_of(key).find(|&id| !self.buffer.holds(key, id));
        while let Some(id) = next {
            self.acks.remove(key, id);
            self.fail(key, id, AckError::Disconnected);
            next = self.acks.ids_of(key).find(|&id| !self.buffer.holds(key, id));
        }
        if let Some(socket) = self.sockets.find_mut(key) {
            let done = socket.retries.fail(self.config.retries);
            self.fail_retried(key, done, AckError::Disconnected);
        }
    }

    /// A socket is gone for good: nothing of it is sent any more, nothing is acknowledged.
    pub(super) fn fail_all(&mut self, key: SocketKey, mut retries: Retries) {
        while let Some(cost) = self.buffer.pop(key) {
            self.room.give_back(cost);
        }
        while let Some(id) = self.acks.pop_of(key) {
            self.fail(key, id, AckError::Disconnected);
        }
        while let Some(done) = retries.pop() {
            self.fail_retried(key, Some(done), AckError::Disconnected);
        }
    }

    /// Says that there is room again, if it was said that there is none.
    pub(super) fn settle(&mut self) {
        let room = self.room.take_drained();
        let acks = self.acks.take_drained(self.config.max_pending_acks);
        if (room || acks) && !matches!(self.link, Link::Closing | Link::Closed) {
            self.events.push_back(Event::Drained);
        }
    }

    /// A socket whose event with retries is not acknowledged in time.
    fn late_retry(&self) -> Option<SocketKey> {
        let is_late = |deadline| self.now >= deadline;
        let mut sockets = self.sockets.iter();
        let late = sockets.find(|socket| socket.retries.poll_timeout().is_some_and(is_late))?;
        Some(late.key)
    }

    fn fail_retried(&mut self, socket: SocketKey, done: Option<Done>, error: AckError) {
        let Some(done) = done else { return };
        self.room.give_back(done.cost);
        if done.awaited {
            self.fail(socket, done.id, error);
        }
    }

    fn fail(&mut self, socket: SocketKey, id: AckId, error: AckError) {
        self.events.push_back(Event::AckFailed { socket, id, error });
    }
}
