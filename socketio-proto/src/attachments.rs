//! The binary part of a packet.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Deref;

use bytes::Bytes;

/// The attachments of a packet, shared. None cost nothing, not even a reference count: that is every text packet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attachments(Option<Arc<[Bytes]>>);

impl Attachments {
    pub(crate) const NONE: Self = Self(None);
}

impl From<Vec<Bytes>> for Attachments {
    fn from(attachments: Vec<Bytes>) -> Self {
        Self((!attachments.is_empty()).then(|| attachments.into()))
    }
}

impl Deref for Attachments {
    type Target = [Bytes];

    fn deref(&self) -> &[Bytes] {
        self.0.as_deref().unwrap_or_default()
    }
}
