//! All that comes of a stream.

use engineio_proto::Gone;

use super::super::{Close, Item, Reader, Rules};

/// Items, and what ended the stream, if anything did.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) items: Vec<Item>,
    pub(crate) end: Option<Gone>,
}

impl Outcome {
    /// What comes of these reads. A close is what is answered to it.
    pub(crate) fn of(rules: Rules, reads: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut reader = Reader::new(rules);
        let mut items = Vec::new();
        for mut read in reads {
            reader.handle(&mut read);
            loop {
                match reader.poll() {
                    Ok(Some(Item::Close(close))) => {
                        items.push(Item::Close(close.map(Close::answer)));
                        let end = Some(Gone::Closed);
                        return Self { items, end };
                    }
                    Ok(Some(Item::Fragment)) => {}
                    Ok(Some(item)) => items.push(item),
                    Ok(None) => break,
                    Err(gone) => {
                        assert_eq!(reader.poll(), Err(gone), "it stays like that");
                        let end = Some(gone);
                        return Self { items, end };
                    }
                }
            }
        }
        Self { items, end: None }
    }
}
