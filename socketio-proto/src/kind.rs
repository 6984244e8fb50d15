//! The kinds of packet.

/// What kind of packet it is: the first digit of its text.
///
/// <https://socket.io/docs/v4/socket-io-protocol/#packet-encoding>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PacketKind {
    /// `0`: a client asks for a namespace, the server grants it.
    Connect,
    /// `1`: either leaves a namespace.
    Disconnect,
    /// `2`: an event.
    Event,
    /// `3`: the answer to an event.
    Ack,
    /// `4`: the server refuses a namespace.
    ConnectError,
    /// `5`: an event with attachments.
    BinaryEvent,
    /// `6`: an answer with attachments.
    BinaryAck,
}

impl PacketKind {
    /// The kind that `digit` stands for.
    #[must_use]
    pub const fn from_digit(digit: char) -> Option<Self> {
        Some(match digit {
            '0' => Self::Connect,
            '1' => Self::Disconnect,
            '2' => Self::Event,
            '3' => Self::Ack,
            '4' => Self::ConnectError,
            '5' => Self::BinaryEvent,
            '6' => Self::BinaryAck,
            _ => return None,
        })
    }

    /// The digit that stands for it.
    #[must_use]
    pub const fn digit(self) -> char {
        match self {
            Self::Connect => '0',
            Self::Disconnect => '1',
            Self::Event => '2',
            Self::Ack => '3',
            Self::ConnectError => '4',
            Self::BinaryEvent => '5',
            Self::BinaryAck => '6',
        }
    }

    /// Whether attachments follow.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }

    /// The kind that says the same with attachments. Only events and their answers can have them.
    #[must_use]
    pub const fn with_attachments(self) -> Option<Self> {
        match self {
            Self::Event | Self::BinaryEvent => Some(Self::BinaryEvent),
            Self::Ack | Self::BinaryAck => Some(Self::BinaryAck),
            Self::Connect | Self::Disconnect | Self::ConnectError => None,
        }
    }
}
