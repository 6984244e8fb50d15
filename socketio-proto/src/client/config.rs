//! What a client decides before it connects.

use alloc::sync::Arc;
use core::time::Duration;

use crate::codec::ParserDecoder;
use crate::{DecoderLimits, Parser};

/// The settings of a client, with the defaults of the JavaScript one where it has any. Those of the transport below are
/// [`engine`](Self::engine)'s.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// The settings of the sessions below, the revision of the protocol among them. Its
    /// [`connect_timeout`](engineio_proto::client::Config::connect_timeout) is how long an attempt to connect may take: 20 s.
    pub engine: Arc<engineio_proto::client::Config>,
    /// How packets are written and read. Default: the parser that every server has; any other one must be told to the server as well.
    pub parser: Parser,
    /// Whether a connection that could not be made, or was lost, is tried again. Default true.
    pub reconnection: bool,
    /// How often in a row that is done; `None` is without end. Default `None`.
    pub reconnection_attempts: Option<u32>,
    /// How long to wait before the first attempt, in whole milliseconds; it doubles with each. Default 1 s.
    pub reconnection_delay: Duration,
    /// The longest that is waited, in whole milliseconds. Default 5 s.
    pub reconnection_delay_max: Duration,
    /// How much of a delay is chance, from 0 to 1: 0.5 makes it half as long to half as long again. 0, and what is out of range, is
    /// none. Default 0.5.
    pub randomization_factor: f64,
    /// Whether what is emitted while there is no connection waits for one. Default true. If not, it is an error:
    /// [`EmitError::NotConnected`](super::EmitError::NotConnected).
    pub buffering: bool,
    /// How many bytes may wait for a connection, together with what [`emit_with_retries`](super::Connection::emit_with_retries) keeps;
    /// each frame counts 64 more for what it costs to keep. A single packet larger than this is taken when nothing else waits. Default
    /// 4 MiB, as [may wait below](engineio_proto::client::Config::send_capacity) while there is a connection.
    pub buffer_capacity: usize,
    /// How often [`emit_with_retries`](super::Connection::emit_with_retries) sends an event again that was not acknowledged. Default 3.
    pub retries: u32,
    /// How long the acknowledgement of an event that is sent with retries may take before it is sent again. `None` sends it again after
    /// a reconnection only. Default 10 s.
    pub ack_timeout: Option<Duration>,
    /// How many of the client's own events may wait for an acknowledgement. Default 10,000: some 100 bytes each.
    pub max_pending_acks: usize,
    /// How many binary attachments one packet may announce. Default 10.
    pub max_attachments: usize,
    /// How many bytes the attachments of one packet may have together. Default 100 MiB, as
    /// [one message](engineio_proto::client::Config::max_payload).
    pub max_attachment_bytes: usize,
    /// How many bytes of events are held that a server sends before it lets the socket in, as it does with those that were missed; each
    /// counts 64 more. A server that sends more has its connection closed. Default 16 MiB: two minutes of 1,000 short events a second.
    pub held_capacity: usize,
    /// Whether the offset that servers append to the arguments of an event, for the sake of
    /// [recovery](crate::client#connection-state-recovery), is taken off again. Default true.
    pub strip_offsets: bool,
}

impl Config {
    /// What reads the messages of one session, and keeps no more of them than it may.
    pub(super) fn decoder(&self) -> ParserDecoder {
        let limits = DecoderLimits {
            max_attachments: self.max_attachments,
            max_attachment_bytes: self.max_attachment_bytes,
        };
        self.parser.decoder(self.engine.revision, limits)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            engine: Arc::default(),
            parser: Parser::default(),
            reconnection: true,
            reconnection_attempts: None,
            reconnection_delay: Duration::from_secs(1),
            reconnection_delay_max: Duration::from_secs(5),
            randomization_factor: 0.5,
            buffering: true,
            buffer_capacity: 4 << 20,
            retries: 3,
            ack_timeout: Some(Duration::from_secs(10)),
            max_pending_acks: 10_000,
            max_attachments: 10,
            max_attachment_bytes: 100 << 20,
            held_capacity: 16 << 20,
            strip_offsets: true,
        }
    }
}
