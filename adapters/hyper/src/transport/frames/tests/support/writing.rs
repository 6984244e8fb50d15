//! Items, written.

use super::super::{Item, Kind, Writer};

/// Puts an item behind what waits. A ping is answered.
pub(crate) fn put(writer: &mut Writer, item: &Item) {
    match item {
        Item::Text(text) => writer.message(Kind::Text, false, text.as_bytes().clone()),
        Item::Binary(bytes) => writer.message(Kind::Binary, false, bytes.clone()),
        Item::Compressed { text, bytes } => {
            let kind = if *text { Kind::Text } else { Kind::Binary };
            writer.message(kind, true, bytes.clone());
        }
        Item::Ping(payload) | Item::Pong(payload) => writer.pong(payload),
        Item::Close(close) => writer.close(close.as_ref()),
        Item::Fragment => unreachable!("it is never kept"),
    }
}

/// Writes all that waits, so much at a time.
pub(crate) fn write(writer: &mut Writer, step: usize) -> Vec<u8> {
    let mut written = Vec::new();
    while !writer.is_empty() {
        written.extend(write_some(writer, step));
    }
    written
}

/// Writes so much of what waits, as a connection that takes no more then.
pub(crate) fn write_some(writer: &mut Writer, step: usize) -> Vec<u8> {
    let before = writer.len();
    let mut written = Vec::new();
    for slice in writer.unwritten() {
        let here = slice.len().min(step - written.len());
        written.extend_from_slice(&slice[..here]);
    }
    writer.handle_written(written.len());
    writer.settle();
    assert_eq!(writer.len(), before - written.len());
    written
}
