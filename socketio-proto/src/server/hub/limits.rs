//! How far rooms may grow, and what a member hears that asks for more.

use thiserror::Error;

/// The bounds of a namespace's rooms. Applications like to let a client say which room it wants, so no client may make the
/// process grow by asking for many rooms, or for one with an enormous name.
///
/// By default both together keep what one member can occupy under 15 MB, and make it 300 bytes for each room with a name
/// of ordinary length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomLimits {
    /// How many rooms one member may be in, its own not counted. Default 10,000: well above what a person follows, so that
    /// who reaches it has most likely forgotten to leave, and low enough for a member that joins room after room on purpose
    /// to stay in the megabytes.
    pub rooms_per_member: usize,
    /// How long the name of a room may be, in bytes of UTF-8. Default 1,024: room for a URL or a query as a name, and
    /// a comparison of two names, of which a join makes a few dozen, stays within a microsecond.
    pub name_bytes: usize,
}

impl Default for RoomLimits {
    fn default() -> Self {
        Self {
            rooms_per_member: 10_000,
            name_bytes: 1_024,
        }
    }
}

/// Why a member is not in the room that it was to join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The key names nobody, or nobody any more.
    #[error("the socket has left the namespace")]
    Gone,
    /// The member is in as many rooms as [`RoomLimits::rooms_per_member`] allows.
    #[error("the socket is in {limit} rooms, the most that it may be in")]
    TooManyRooms {
        /// The bound that was reached.
        limit: usize,
    },
    /// The name is longer than [`RoomLimits::name_bytes`] allows.
    #[error("the name of the room has {len} bytes, {limit} are allowed")]
    NameTooLong {
        /// Bytes in the name.
        len: usize,
        /// The bound that it exceeds.
        limit: usize,
    },
}
