//! A POST that is not whole yet.

use crate::ExchangeId;

/// A POST whose body is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Post {
    pub(super) id: ExchangeId,
    /// Whether the body declares itself as bytes.
    pub(super) binary: bool,
}
