//! A POST that was not answered yet.

use crate::ExchangeId;

/// A POST that is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Post {
    pub(super) id: ExchangeId,
    /// It brings the close packet and nothing else, so nothing is lost with it: whatever becomes of it, the session is over.
    pub(super) is_farewell: bool,
}
