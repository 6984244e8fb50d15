//! Which session a request belongs to.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use thiserror::Error;

use super::framing::Framing;
use super::{Connection, Incoming, Request};
use crate::{Config, ErrorCode, Exchange, Instant, Refusal, Revision, Sid, TransportKind};

/// The sessions of one server by their sids. It routes requests and does nothing else; each [`Connection`] lives alone, where
/// the caller wants it.
///
/// `C` is how the caller reaches a connection: an index, a reference-counted pointer.
///
/// - commands: [`accept`](Self::accept), [`insert`](Self::insert), [`forget`](Self::forget);
/// - getters: [`route`](Self::route), [`len`](Self::len), [`connections`](Self::connections).
#[derive(Debug)]
pub struct Server<C> {
    config: Arc<Config>,
    connections: BTreeMap<Sid, (Revision, C)>,
}

/// Where a request goes.
#[derive(Debug)]
pub enum Route<'a, C> {
    /// To this connection's [`handle_request`](Connection::handle_request), as this exchange.
    Connection(&'a C, Exchange),
    /// Nowhere yet: it asks for a new session. [`Server::accept`] it, or answer with a [`Refusal`].
    Incoming(Incoming),
    /// Nowhere: answer it with this.
    Refuse(Refusal),
}

/// A sid that another session has; the connection is handed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the session id is taken")]
pub struct SidTaken<C>(pub C);

impl<C> Server<C> {
    /// A server without sessions.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self {
            config,
            connections: BTreeMap::new(),
        }
    }

    /// Begins a session. Next, [`insert`](Self::insert) it and hand it its first exchange:
    /// `connection.handle_request(now, id, incoming.exchange())`.
    #[must_use]
    pub fn accept(&self, now: Instant, incoming: Incoming, sid: Sid) -> Connection {
        Connection::new(now, Arc::clone(&self.config), sid, incoming)
    }

    /// Makes a session known under its sid, to requests of its revision: [`Incoming::revision`].
    ///
    /// # Errors
    ///
    /// [`SidTaken`] if the sid is not new; draw another.
    pub fn insert(&mut self, sid: Sid, revision: Revision, connection: C) -> Result<(), SidTaken<C>> {
        if self.connections.contains_key(&sid) {
            return Err(SidTaken(connection));
        }
        self.connections.insert(sid, (revision, connection));
        Ok(())
    }

    /// Forgets a session, once its connection is closed. Requests for it are refused from now on.
    pub fn forget(&mut self, sid: &Sid) -> Option<C> {
        self.connections.remove(sid).map(|(_, connection)| connection)
    }

    /// Decides where `request` goes. The checks are made in the order of the JavaScript server, so that a request with several
    /// faults gets the same answer; those that need the session's state are made by its connection.
    #[must_use]
    pub fn route(&self, request: &Request<'_>) -> Route<'_, C> {
        self.check(request).unwrap_or_else(Route::Refuse)
    }

    /// The sessions, in the order of their sids.
    pub fn connections(&self) -> impl Iterator<Item = &C> {
        self.connections.values().map(|(_, connection)| connection)
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether there is no session.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    fn check(&self, request: &Request<'_>) -> Result<Route<'_, C>, Refusal> {
        let [transport, revision, sid] = request.query_values(["transport", "EIO", "sid"]);
        let transport = match transport.as_deref() {
            Some("polling") => TransportKind::Polling,
            Some("websocket") => TransportKind::WebSocket,
            _ => return Err(Refusal::new(ErrorCode::TransportUnknown)),
        };
        if !self.config.transports.contains(transport) {
            return Err(Refusal::new(ErrorCode::TransportUnknown).with_context("the transport is switched off"));
        }
        let revision = match revision.as_deref() {
            Some("4") => Some(Revision::V4),
            Some("3") | None => Some(Revision::V3),
            Some(_) => None,
        };
        let Some(sid) = sid else {
            return match (request.method, transport, request.websocket) {
                ("GET", TransportKind::WebSocket, true) | ("GET", TransportKind::Polling, false) => {
                    let revision = revision
                        .filter(|&revision| revision == Revision::V4 || self.config.allow_eio3)
                        .ok_or(const { Refusal::new(ErrorCode::UnsupportedProtocolVersion) })?;
                    let framing =
                        Framing::of_request(request, transport, revision).ok_or(const { bad("`j` is no number") })?;
                    Ok(Route::Incoming(Incoming { transport, framing }))
                }
                ("GET", ..) => Err(NO_UPGRADE),
                _ => Err(Refusal::new(ErrorCode::BadHandshakeMethod)),
            };
        };
        let (session_revision, connection) = Sid::parse(&sid)
            .and_then(|sid| self.connections.get(&sid))
            .ok_or(Refusal::new(ErrorCode::SessionUnknown))?;
        let exchange = match (request.method, transport, request.websocket) {
            ("GET", TransportKind::WebSocket, true) => Exchange::WebSocket {
                base64: request.query_value("b64").is_some(),
            },
            ("GET", TransportKind::Polling, false) => Exchange::Poll,
            ("POST", TransportKind::Polling, false) => Exchange::Post { binary: request.binary },
            ("GET", ..) => return Err(NO_UPGRADE),
            _ => return Err(bad("the method is neither GET nor POST")),
        };
        if revision == Some(*session_revision) {
            Ok(Route::Connection(connection, exchange))
        } else {
            Err(bad("the session began with another revision"))
        }
    }
}

/// A GET that names a transport and is made for the other.
const NO_UPGRADE: Refusal = bad("the transport does not fit the headers for an upgrade");

const fn bad(context: &'static str) -> Refusal {
    Refusal::new(ErrorCode::BadRequest).with_context(context)
}
