//! Messages of one frame or many, RFC 6455, section 5.4.

use bytes::Bytes;
use engineio_proto::Gone;

use super::header::{Header, Kind};
use super::item::Item;
use super::rules::{FAILED, Rules};

/// Makes messages of frames.
#[derive(Debug)]
pub(super) struct Assembly {
    begun: Option<Box<Begun>>,
}

/// A message whose last frame has not come.
#[derive(Debug)]
struct Begun {
    kind: Kind,
    compressed: bool,
    bytes: Vec<u8>,
}

impl Assembly {
    pub(super) const fn new() -> Self {
        Self { begun: None }
    }

    /// Whether this frame may come next. This is known before its payload has come.
    pub(super) fn check(&self, header: &Header, rules: &Rules) -> Result<(), Gone> {
        match (header.kind, &self.begun) {
            (Kind::Close | Kind::Ping | Kind::Pong, _) => Ok(()),
            (Kind::Continue, Some(begun)) => {
                rules.check_size(begun.bytes.len().saturating_add(header.length), begun.compressed)
            }
            (Kind::Text | Kind::Binary, None) => rules.check_size(header.length, header.compressed),
            (Kind::Continue, None) | (Kind::Text | Kind::Binary, Some(_)) => Err(FAILED),
        }
    }

    /// Takes the next frame. Returns what is complete with it.
    pub(super) fn add(&mut self, header: &Header, payload: Bytes, rules: &Rules) -> Result<Option<Item>, Gone> {
        self.check(header, rules)?;
        match header.kind {
            Kind::Close => return Item::close(payload).map(Some),
            Kind::Ping => return Ok(Some(Item::Ping(payload))),
            Kind::Pong => return Ok(Some(Item::Pong(payload))),
            Kind::Text | Kind::Binary if header.last => {
                return Item::message(header.kind, header.compressed, payload).map(Some);
            }
            Kind::Text | Kind::Binary => {
                self.begun = Some(Box::new(Begun {
                    kind: header.kind,
                    compressed: header.compressed,
                    bytes: payload.into(),
                }));
            }
            Kind::Continue => {
                let begun = self.begun.as_mut().expect("it was looked for above");
                begun.bytes.extend_from_slice(&payload);
                if header.last {
                    let Begun {
                        kind,
                        compressed,
                        mut bytes,
                        ..
                    } = *self.begun.take().expect("the same");
                    bytes.shrink_to_fit(); // what counts as so many bytes should keep no more
                    return Item::message(kind, compressed, bytes.into()).map(Some);
                }
            }
        }
        Ok(None)
    }

    /// Bytes of memory that a message takes which has begun.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.begun.as_ref().map_or(0, |begun| begun.bytes.capacity())
    }
}
