//! The binary part of a packet.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Deref;

use bytes::Bytes;

/// The attachments of a packet, shared. None cost nothing, not even a reference count: that is every text packet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attachments(Option<Arc<List>>);

/// One, as most packets have that have some, takes no memory beside the count of its references.
#[derive(Debug)]
enum List {
    One([Bytes; 1]),
    Many(Vec<Bytes>),
}

impl Attachments {
    pub(crate) const NONE: Self = Self(None);
}

impl From<Bytes> for Attachments {
    fn from(attachment: Bytes) -> Self {
        Self(Some(Arc::new(List::One([attachment]))))
    }
}

impl From<Vec<Bytes>> for Attachments {
    fn from(mut attachments: Vec<Bytes>) -> Self {
        match attachments.len() {
            0 => Self::NONE,
            1 => attachments.remove(0).into(),
            _ => Self(Some(Arc::new(List::Many(attachments)))),
        }
    }
}

impl Deref for Attachments {
    type Target = [Bytes];

    #[inline]
    fn deref(&self) -> &[Bytes] {
        match self.0.as_deref() {
            None => &[],
            Some(List::One(attachment)) => attachment,
            Some(List::Many(attachments)) => attachments,
        }
    }
}

impl PartialEq for Attachments {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Attachments {}
