//! The short name of a member.

/// The namespace's short name for a member: copied freely, looked up in a few nanoseconds.
///
/// It means something only to the namespace that gave it. There it names one member for ever: once that one is removed it
/// names nobody, even when another takes the place or the id. So it may be kept wherever it is handy, and be stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberKey {
    /// Counts every member that there ever was; the first field, so that keys order by arrival.
    pub(super) serial: u64,
    pub(super) index: u32,
}
