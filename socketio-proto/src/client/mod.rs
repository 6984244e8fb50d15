//! The client's side: [`Connection`] is all namespaces of one server, over one Engine.IO session at a time, reconnections included.
//!
//! # What waits
//!
//! What is emitted while a socket is not connected waits, up to [`Config::buffer_capacity`] or not at all if [`Config::buffering`] is
//! off, and goes out in order as soon as it is connected, before anything that is emitted later. An event whose acknowledgement is given
//! up meanwhile is not sent any more. A volatile event is one that is not emitted unless [`is_writable`](Connection::is_writable).
//!
//! What was sent and not acknowledged when a connection is lost may have arrived or not: its acknowledgement fails. For events that
//! must arrive there is [`emit_with_retries`](Connection::emit_with_retries).
//!
//! # Connection state recovery
//!
//! A server may [keep](https://socket.io/docs/v4/connection-state-recovery) who a socket was while it is away, and what it misses. Then
//! it tells the socket a private name, and appends an offset to the arguments of events. Both go back to it with the next CONNECT, and
//! [`Event::Connected`] says whether it worked. It is a secret, and nothing has to be done for it.
//!
//! The offset is taken off again, unless [`Config::strip_offsets`] says otherwise. Not all events have one, and servers do not say
//! which: so the last argument is taken off only if
//!
//! - the server has told a private name, and asks for no acknowledgement of the event;
//! - it is a string of a form that Node.js' servers, those with Redis streams, or [ours](crate::server) use for offsets;
//! - it goes on where the last offset was, in the server's time or count; or it is the first one, and is nothing that could be a word.
//!
//! A string of the application that meets all of this is not lost either: [`Event::Event`] has in `offset` what was taken off. And an
//! offset that is not recognised, as about one in a hundred that come first, or all of another kind of server, is one more argument, as
//! it is in JavaScript.
//!
//! # A server that does wrong
//!
//! What is no packet ends the session with `parse error`, as do more [attachments](Config::max_attachments) than may be; more
//! [events before a consent](Config::held_capacity) than are held end it with `forced close`; and the next session is tried. What makes
//! no sense is ignored, as in JavaScript: packets for a namespace that nobody is in, a second consent, acknowledgements that nobody
//! awaits.

mod auth;
pub use auth::Auth;

mod config;
pub use config::Config;

mod connection;
pub use connection::Connection;

mod error;
pub use error::{EmitError, JoinError};

mod event;
pub use event::{ConnectError, Event, Reply, SocketKey};

mod reason;
pub use reason::DisconnectReason;

pub use crate::acks::AckError;

mod backoff;
mod buffer;
mod inbound;
mod join;
mod link;
mod outbound;
mod reconnect;
mod recovery;
mod retries;
mod revision_3;
mod sessions;
mod sockets;
