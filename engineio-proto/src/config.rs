//! What a server decides once for all its sessions.

use core::time::Duration;

use crate::heartbeat::Rhythm;

/// The settings of a server, with the defaults of the JavaScript one.
///
/// ```
/// use core::time::Duration;
///
/// let mut config = engineio_proto::Config::default();
/// config.ping_interval = Duration::from_secs(10);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How long after the handshake, and after each pong, the server pings. Default 25 s: below the idle timeout of most
    /// proxies.
    pub ping_interval: Duration,
    /// How long the answer to a ping may take before the session counts as dead. Default 20 s.
    pub ping_timeout: Duration,
    /// How long a new transport may take from its first byte to the end of the upgrade. Default 10 s. Only the new transport is
    /// given up; the session goes on where it was.
    pub upgrade_timeout: Duration,
    /// How long a closed long-polling session is kept so that its client can fetch what was still to be said. Default 30 s.
    pub close_timeout: Duration,
    /// The largest message or polling body that a client may send, in bytes. Default 1,000,000.
    pub max_payload: usize,
    /// How many bytes may wait for one client before [`send`](crate::server::Connection::send) says
    /// [`Full`](crate::SendError::Full); each frame counts 64 more for what it costs to keep. A single message larger than
    /// this is taken when nothing else waits. Default 4 MiB: four messages of the largest size that a client may send, and
    /// little enough that a thousand clients that do not read fit into memory.
    pub send_capacity: usize,
    /// How many bytes of a client's messages may wait for the application before no more should be read from that client; each
    /// message counts 64 more. Default 256 KiB: a burst, and little enough for a thousand clients that send faster than they are served.
    pub receive_capacity: usize,
    /// Up to how many waiting bytes a client counts as keeping up, so that a volatile message is still worth sending. Default
    /// 64 KiB: about what a healthy connection takes in one write.
    pub volatile_capacity: usize,
    /// The transports that clients may use. Default: all.
    pub transports: Transports,
    /// Whether long-polling clients are offered the passage to a WebSocket. Default true.
    pub allow_upgrades: bool,
    /// Whether clients of revision 3 (`EIO=3`, the JavaScript clients 1.x and 2.x) are let in; see [`revision_3`](crate::revision_3) for
    /// what the former cannot do. Default false: in Socket.IO they know no id of a socket but the session's, a secret elsewhere.
    pub allow_eio3: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(30),
            max_payload: 1_000_000,
            send_capacity: 4 << 20,
            receive_capacity: 256 << 10,
            volatile_capacity: 64 << 10,
            transports: Transports::default(),
            allow_upgrades: true,
            allow_eio3: false,
        }
    }
}

impl Config {
    pub(crate) const fn rhythm(&self) -> Rhythm {
        Rhythm {
            interval: self.ping_interval,
            timeout: self.ping_timeout,
        }
    }
}

/// A set of transports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transports {
    /// HTTP long-polling.
    pub polling: bool,
    /// WebSocket.
    pub websocket: bool,
}

impl Default for Transports {
    fn default() -> Self {
        Self {
            polling: true,
            websocket: true,
        }
    }
}

impl Transports {
    /// Whether `kind` is in the set.
    #[must_use]
    pub const fn contains(self, kind: TransportKind) -> bool {
        match kind {
            TransportKind::Polling => self.polling,
            TransportKind::WebSocket => self.websocket,
        }
    }
}

/// One way of carrying packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// HTTP long-polling: the client's GET waits for packets, its POSTs bring some.
    Polling,
    /// One WebSocket, one packet a message.
    WebSocket,
}

impl TransportKind {
    /// The name in the query of a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}
