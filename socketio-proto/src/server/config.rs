//! What a server decides once for all its connections.

use core::time::Duration;

use crate::Parser;

/// The settings of Socket.IO connections, with the defaults of the JavaScript server. Those of the transport below are
/// [`engineio_proto::Config`]'s.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How long a client may take to join its first namespace. Default 45 s.
    pub connect_timeout: Duration,
    /// How packets are written and read. Default: the parser that every client has; clients must be told to use any other, and then all
    /// of them have to.
    pub parser: Parser,
    /// How many namespaces one client may be in, or be waiting for. Default 100: far more than applications use, few enough
    /// to be looked through.
    pub max_namespaces: usize,
    /// How many binary attachments one packet may announce. Default 10.
    pub max_attachments: usize,
    /// How many of the server's own events may wait for one client's acknowledgement. Default 10,000: some 100 bytes each.
    pub max_pending_acks: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(45),
            parser: Parser::default(),
            max_namespaces: 100,
            max_attachments: 10,
            max_pending_acks: 10_000,
        }
    }
}
