//! What a client decides before it connects.

use alloc::borrow::Cow;
use alloc::string::String;
use core::time::Duration;

use crate::Revision;

/// The settings of a client, with the defaults of the JavaScript one where it has any.
///
/// ```
/// use engineio_proto::client::{Config, Transports};
///
/// let mut config = Config::default();
/// config.query = "room=7".into();
/// config.transports = Transports::WebSocket;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The query of the URL, percent-encoded and without the question mark: it stands in front of the protocol's own. Default: none.
    pub query: String,
    /// The revision of the protocol to speak. Default: 4. Servers 1.x and 2.x of Socket.IO speak only revision 3.
    pub revision: Revision,
    /// What may carry the session. Default: long-polling first, then a WebSocket if the server offers it and it works.
    pub transports: Transports,
    /// Whether bytes travel as base64 where there are other ways (`b64=1`). Only revision 3 has such ways over long-polling, and only
    /// there it has an effect. Default false; it is for networks that damage bytes.
    pub base64: bool,
    /// The parameter in the query of each long-polling request whose value never comes again, so that nobody answers from a cache.
    /// `None` leaves it out. Default `t`.
    pub timestamp_param: Option<Cow<'static, str>>,
    /// How long the first request may take until the handshake has come. Default 20 s.
    pub connect_timeout: Duration,
    /// How long the passage to a WebSocket may take from its request to its last word. Default 10 s, as the server's side of it. Only the
    /// WebSocket is given up; the session goes on where it was.
    pub upgrade_timeout: Duration,
    /// How long a session that was closed here may take to say what it has still to say, and to take its leave. Default 30 s.
    pub close_timeout: Duration,
    /// The largest message or polling body that the server may send, in bytes. Default 100 MiB: what the JavaScript client takes from a
    /// WebSocket in Node.js. It is far more than a server takes by default, because a server puts all that waits into one body.
    pub max_payload: usize,
    /// How many packets may go into one POST, at least one. Default 16: what servers in Python take. Of more they say that all is well, and
    /// throw them away. Raise it for a server that is known to take more, if it is spoken with over long-polling alone.
    pub max_packets_per_post: usize,
    /// How many bytes may wait for the server before [`send`](super::Connection::send) says [`Full`](crate::SendError::Full); each frame
    /// counts 64 more for what it costs to keep. A single message larger than this is taken when nothing else waits. Default 4 MiB, as a
    /// server has for each client.
    pub send_capacity: usize,
    /// How many bytes of the server's messages may wait for the application before no more should be read; each message counts 64 more.
    /// Default 256 KiB: a burst.
    pub receive_capacity: usize,
    /// Up to how many waiting bytes the server counts as keeping up, so that a volatile message is still worth sending. Default 64 KiB:
    /// about what a healthy connection takes in one write.
    pub volatile_capacity: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            query: String::new(),
            revision: Revision::V4,
            transports: Transports::default(),
            base64: false,
            timestamp_param: Some(Cow::Borrowed("t")),
            connect_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(30),
            max_payload: 100 << 20,
            max_packets_per_post: 16,
            send_capacity: 4 << 20,
            receive_capacity: 256 << 10,
            volatile_capacity: 64 << 10,
        }
    }
}

/// What may carry a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transports {
    /// Long-polling, which works everywhere, then a WebSocket if the server offers it and it works.
    #[default]
    PollingThenWebSocket,
    /// Long-polling to the end.
    Polling,
    /// A WebSocket from the start. Servers behind a load balancer that does not send all requests of a session to one of them want this.
    WebSocket,
}
