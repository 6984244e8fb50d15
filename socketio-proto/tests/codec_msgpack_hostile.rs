//! MessagePack that is none, or that is meant to do harm.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::Bytes;
use engineio_proto::{Message, Revision};
use proptest::prelude::*;
use socketio_proto::{Args, DecodeError, DecoderLimits, MessagePack, Packet, PacketKind, PacketParser, Parser};

/// Knows the most that each thread has held at once.
struct Peak;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came; the counters neither allocate nor have a destructor.
unsafe impl GlobalAlloc for Peak {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        NOW.set(NOW.get() + layout.size() as isize);
        MOST.set(MOST.get().max(NOW.get()));
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.set(NOW.get() - layout.size() as isize);
        // SAFETY: the pointer is from `alloc` above, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Peak = Peak;

/// How many bytes `work` holds at most beyond what there was.
fn peak(work: impl FnOnce()) -> usize {
    let before = NOW.get();
    MOST.set(before);
    work();
    (MOST.get() - before) as usize
}

/// What comes before the elements of `{ type: 2, nsp: "/", data: […] }`.
const EVENT: &[u8] = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data";

fn decode_with(message: impl Into<Bytes>, limits: DecoderLimits) -> Result<Packet, DecodeError> {
    let mut decoder = MessagePack.decoder(Revision::V4, limits);
    let packet = decoder.decode(Message::Binary(message.into()))?;
    Ok(packet.expect("every message is a packet"))
}

fn decode(message: impl Into<Bytes>) -> Result<Packet, DecodeError> {
    decode_with(message, DecoderLimits::default())
}

fn event(data: &[u8]) -> Result<Packet, DecodeError> {
    decode([EVENT, data].concat())
}

/// The argument of an event named `a`.
fn argument(value: &[u8]) -> Result<Args, DecodeError> {
    match event(&[b"\x92\xa1a", value].concat())? {
        Packet::Event { args, .. } => Ok(args),
        other => panic!("{other:?} is no event"),
    }
}

/// A message of these fields, each of them `key` and the bytes of its value.
fn fields(fields: &[(&str, &[u8])]) -> Vec<u8> {
    let mut message = vec![0x80 | fields.len() as u8];
    for (key, value) in fields {
        message.push(0xa0 | key.len() as u8);
        message.extend(key.as_bytes());
        message.extend(*value);
    }
    message
}

#[test]
fn a_packet_is_one_map_and_nothing_behind_it() {
    for no_map in [&b"\x01"[..], b"\xa1x", b"\x90", b"\xc0", b"\xc4\x00", b"\x920\x80"] {
        assert_eq!(decode(no_map), Err(DecodeError::Malformed("a packet that is no map")));
    }
    assert_eq!(decode(&b""[..]), Err(DecodeError::MessagePack { at: 0 }));
    let whole = [EVENT, b"\x91\xa1a"].concat();
    assert!(decode(whole.clone()).is_ok());
    for behind in [&b"\x00"[..], b"\xc0", &whole] {
        let message = [&whole[..], behind].concat();
        assert_eq!(decode(message), Err(DecodeError::MessagePack { at: whole.len() }));
    }
    for len in 0..whole.len() {
        assert!(
            matches!(decode(whole[..len].to_vec()), Err(DecodeError::MessagePack { .. })),
            "the first {len} bytes"
        );
    }
}

#[test]
fn the_type_is_one_of_five_numbers() {
    let with = |value: &[u8]| decode(fields(&[("type", value), ("nsp", b"\xa1/")]));
    assert!(with(b"\x00").is_ok());
    assert!(with(b"\xcf\0\0\0\0\0\0\0\0").is_ok());
    for value in [
        &b"\x05"[..],
        b"\x06",
        b"\x7f",
        b"\xff",
        b"\xcb\x3f\xf8\0\0\0\0\0\0",
        b"\xa10",
        b"\xc0",
        b"\x90",
        b"\xd4\0\0",
    ] {
        assert_eq!(
            with(value),
            Err(DecodeError::Malformed("a packet of no known type")),
            "{value:?}"
        );
    }
    assert_eq!(
        decode(fields(&[("nsp", b"\xa1/")])),
        Err(DecodeError::Malformed("a packet of no known type"))
    );
}

#[test]
fn the_namespace_is_text() {
    for value in [&b"\x00"[..], b"\xc0", b"\xc4\x01/", b"\x91\xa1/", b"\xd4\0\0"] {
        let message = fields(&[("type", b"\x00"), ("nsp", value)]);
        assert_eq!(
            decode(message),
            Err(DecodeError::Malformed("a packet without a namespace")),
            "{value:?}"
        );
    }
    let message = fields(&[("type", b"\x00"), ("nsp", b"\xa2/\xff")]);
    assert_eq!(
        decode(message),
        Err(DecodeError::Malformed("a namespace that is not UTF-8"))
    );
    assert!(decode(fields(&[("type", b"\x00")])).is_err());
}

#[test]
fn the_id_is_a_natural_number() {
    let with = |id: &[u8]| {
        decode(fields(&[
            ("type", b"\x03"),
            ("nsp", b"\xa1/"),
            ("data", b"\x90"),
            ("id", id),
        ]))
    };
    assert!(with(b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff").is_ok());
    assert!(with(b"\xd0\x05").is_ok());
    for id in [
        &b"\xff"[..],
        b"\xc0",
        b"\xa11",
        b"\xcb\x3f\xf8\0\0\0\0\0\0",
        b"\x90",
        b"\xc2",
    ] {
        assert_eq!(with(id), Err(DecodeError::AckId), "{id:?}");
    }
    assert_eq!(with(b"\xd4\0\0"), Err(DecodeError::MissingAckId));
    let without = fields(&[("type", b"\x03"), ("nsp", b"\xa1/"), ("data", b"\x90")]);
    assert_eq!(decode(without), Err(DecodeError::MissingAckId));
}

#[test]
fn each_kind_has_its_payload() {
    use DecodeError::{MissingPayload, PayloadShape, ReservedEvent};
    use PacketKind::{Ack, Connect, ConnectError, Disconnect, Event};
    let with = |kind: &[u8], data: &[u8]| {
        decode(fields(&[
            ("type", kind),
            ("nsp", b"\xa1/"),
            ("id", b"\x00"),
            ("data", data),
        ]))
        .map(drop)
    };
    let (nil, undefined, number, string, list, map) = (
        &b"\xc0"[..],
        &b"\xd4\0\0"[..],
        &b"\x01"[..],
        &b"\xa1a"[..],
        &b"\x91\xa1a"[..],
        &b"\x80"[..],
    );
    let extension = &b"\xd4\x01\x00"[..];
    for (kind, name, good, bad) in [
        (
            b"\x00",
            Connect,
            vec![undefined, map],
            vec![nil, number, string, list, extension],
        ),
        (
            b"\x01",
            Disconnect,
            vec![undefined, nil],
            vec![number, string, list, map, extension],
        ),
        (b"\x02", Event, vec![list], vec![nil, number, string, map, extension]),
        (
            b"\x03",
            Ack,
            vec![list, &b"\x90"[..]],
            vec![nil, number, string, map, extension],
        ),
        (
            b"\x04",
            ConnectError,
            vec![string, map],
            vec![nil, number, list, extension],
        ),
    ] {
        for data in good {
            assert_eq!(with(kind, data), Ok(()), "{name:?} {data:?}");
        }
        for data in bad {
            assert_eq!(with(kind, data), Err(PayloadShape(name)), "{name:?} {data:?}");
        }
        if let Event | Ack | ConnectError = name {
            assert_eq!(with(kind, undefined), Err(MissingPayload(name)));
            let without = fields(&[("type", kind), ("nsp", b"\xa1/"), ("id", b"\x00")]);
            assert_eq!(decode(without), Err(MissingPayload(name)));
        }
    }
    for name in [
        &b"\x90"[..],
        b"\x91\xc0",
        b"\x91\xc3",
        b"\x91\x90",
        b"\x91\x80",
        b"\x91\xd4\0\0",
        b"\x91\xc4\x01a",
    ] {
        assert_eq!(event(name), Err(PayloadShape(Event)), "{name:?}");
    }
    for name in [
        "connect",
        "connect_error",
        "disconnect",
        "disconnecting",
        "newListener",
        "removeListener",
    ] {
        let head = [0x91, 0xa0 | name.len() as u8];
        assert_eq!(event(&[&head, name.as_bytes()].concat()), Err(ReservedEvent));
    }
}

#[test]
fn the_last_of_two_fields_counts() {
    let twice = fields(&[
        ("type", b"\x00"),
        ("data", b"\x91\xa1a"),
        ("nsp", b"\xa1/"),
        ("type", b"\x02"),
        ("data", b"\x91\xa1b"),
    ]);
    assert!(matches!(decode(twice), Ok(Packet::Event { event, .. }) if event == "b"));
}

#[test]
fn unknown_fields_do_not_matter() {
    let deep = [&[0x91; 1000][..], b"\x01"].concat();
    let message = fields(&[
        ("more", &deep),
        ("type", b"\x00"),
        ("nsp", b"\xa1/"),
        ("not text", b"\xa1\xff"),
    ]);
    assert!(decode(message).is_ok());
    let keys = [b"\x84\x01\x02\x91\x03\x80\xa4type\x00\xa3nsp\xa1/".as_slice()].concat();
    assert!(decode(keys).is_ok());
}

#[test]
fn text_must_be_utf_8() {
    let at = EVENT.len() + 3;
    assert_eq!(argument(b"\xa2a\xff"), Err(DecodeError::MessagePack { at: at + 2 }));
    assert_eq!(
        argument(b"\xa3\xed\xa0\x80"),
        Err(DecodeError::MessagePack { at: at + 1 })
    ); // half a surrogate pair
    assert_eq!(
        argument(b"\x81\xa1\x80\x01"),
        Err(DecodeError::MessagePack { at: at + 2 })
    );
    assert_eq!(
        event(b"\x91\xa1\xff"),
        Err(DecodeError::MessagePack { at: EVENT.len() + 2 })
    );
}

#[test]
fn the_byte_without_a_meaning_is_refused() {
    assert_eq!(argument(b"\xc1"), Err(DecodeError::MessagePack { at: EVENT.len() + 3 }));
}

#[test]
fn attachments_are_limited() {
    let limits = DecoderLimits {
        max_attachments: 2,
        max_attachment_bytes: 5,
    };
    let with = |value: &[u8]| decode_with([EVENT, b"\x92\xa1a", value].concat(), limits).map(drop);
    assert_eq!(with(b"\x92\xc4\x02..\xc4\x03..."), Ok(()));
    assert_eq!(
        with(b"\x92\xc4\x02..\xc4\x04...."),
        Err(DecodeError::AttachmentsTooLarge { limit: 5 })
    );
    for three in [&b"\x93\xc4\0\xc4\0\xc4\0"[..], b"\x93\xc7\0\0\xd4\x01.\xc7\0\0"] {
        assert_eq!(with(three), Err(DecodeError::TooManyAttachments { limit: 2 }));
    }
    // Not where they are numbers.
    let connect = fields(&[
        ("type", b"\x00"),
        ("nsp", b"\xa1/"),
        ("data", b"\x81\xa1a\x93\xc4\x01.\xc4\x05.....\xc4\0"),
    ]);
    assert!(decode_with(connect, limits).is_ok());
}

#[test]
fn lengths_beyond_the_message_are_refused_before_anything_is_kept() {
    for lead in 0u8..=0xff {
        for len in [
            [0xff; 4],
            [0x7f, 0xff, 0xff, 0xff],
            [0, 0xff, 0xff, 0xff],
            [0, 0, 0xff, 0xff],
        ] {
            let value = [&[lead], &len[..], &[0]].concat();
            let mut result = None;
            let bytes = peak(|| result = Some(argument(&value)));
            assert!(bytes < 2000, "{bytes} bytes for {value:x?}: {result:?}");
        }
    }
}

#[test]
fn more_elements_than_bytes_are_refused_where_they_are_announced() {
    let at = EVENT.len() + 3;
    let refused =
        |value: &[u8], head: usize| assert_eq!(argument(value), Err(DecodeError::MessagePack { at: at + head }));
    refused(b"\x92\x01", 1);
    refused(b"\xdc\x00\x02\x01", 3);
    refused(b"\xdd\xff\xff\xff\xff\x01\x02\x03", 5);
    refused(b"\x82\x01\x02\x03", 1);
    refused(b"\xdf\x80\x00\x00\x00\x01\x02\x03", 5);
}

#[test]
fn memory_is_in_proportion_to_the_message() {
    const LEN: usize = 1 << 16;
    let nested: [&[u8]; 3] = [b"\x91", b"\x81\xa0", b"\x81\xa1\0"];
    let flat: [&[u8]; 11] = [
        b"\x90",
        b"\x80",
        b"\xc0",
        b"\xc2",
        b"\xff",
        b"\xa0",
        b"\xa1\0",
        b"\x81\xc0\xc0",
        b"\xd4\0\0",
        b"\xca\x80\0\0\x01",
        b"\xd7\0\0\0\0\0\0\0\0\0",
    ];
    let nested = nested.map(|part| (part, [&part.repeat(LEN / part.len())[..], b"\x01"].concat()));
    let flat = flat.map(|part| {
        let count = LEN / part.len();
        let len = (count as u32).to_be_bytes();
        (part, [b"\xdd", &len[..], &part.repeat(count)].concat())
    });
    for (part, value) in nested.into_iter().chain(flat) {
        let message = Bytes::from([EVENT, b"\x92\xa1a", &value].concat());
        let read = peak(|| assert!(decode(message.clone()).is_ok(), "{part:x?}"));
        let packet = decode(message).unwrap();
        let written = peak(|| assert!(Parser::msgpack().encode(&packet).is_ok()));
        assert!(
            read < 30 * LEN,
            "reading {part:x?} takes {} times the message",
            read / LEN
        );
        assert!(
            written < 30 * LEN,
            "writing {part:x?} takes {} times the message",
            written / LEN
        );
    }
}

#[test]
fn depth_is_no_weapon() {
    const DEPTH: usize = 100_000;
    for (open, close) in [(&b"\x91"[..], "]"), (b"\x81\xa1k", "}")] {
        let args = argument(&[&open.repeat(DEPTH)[..], b"\x01"].concat()).unwrap();
        assert!(args.as_json().ends_with(&close.repeat(DEPTH)));
        assert_eq!(args.as_json().chars().filter(|c| "[{".contains(*c)).count(), DEPTH);
        // The way back as well, as in an echo.
        let encoded = Parser::msgpack().event("/", None, "a", &args).unwrap();
        let Message::Binary(bytes) = encoded.frames().next().unwrap().into_message() else {
            panic!("it is binary");
        };
        let Ok(Packet::Event { args: again, .. }) = decode(bytes) else {
            panic!("it is an event");
        };
        assert!(args == again);
        // Deep, and then it ends.
        assert!(matches!(
            argument(&open.repeat(DEPTH)),
            Err(DecodeError::MessagePack { .. })
        ));
    }
}

/// A packet with some of everything in it.
fn valid() -> Vec<u8> {
    let value = b"\x92\xa1a\xdc\x00\x10\x01\xcc\x80\xcd\x01\x00\xce\0\x01\0\0\xd0\x80\xff\xcb\x3f\xf8\0\0\0\0\0\0\xc0\xc2\xd4\0\0\xd7\0\0\0\0\0\0\0\0\0\
        \xc4\x02ab\xc7\x01\0c\xd5\x05de\xd9\x03fgh\x82\xa1k\x91\x90\x01\x80";
    [EVENT, value].concat()
}

#[test]
fn the_packet_to_be_changed_is_valid() {
    let Ok(Packet::Event { args, .. }) = decode(valid()) else {
        panic!("it is an event");
    };
    let (all,): (Vec<serde_json::Value>,) = args.parse().unwrap();
    assert_eq!((all.len(), args.attachments().len()), (16, 3));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn whatever_comes_is_a_packet_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(decode(bytes.clone()));
        check(event(&bytes));
        check(event(&[b"\x92\xa1a", &bytes[..]].concat()));
    }

    #[test]
    fn changed_packets_are_packets_or_errors(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut packet = valid();
        for (place, byte) in changes {
            let place = place.index(packet.len());
            packet[place] = byte;
        }
        if let Some(cut) = cut {
            packet.remove(cut.index(packet.len()));
        }
        check(decode(packet));
    }
}

/// What was taken is JSON that can be read, and is written again as something that is read alike.
fn check(packet: Result<Packet, DecodeError>) {
    let Ok(packet) = packet else { return };
    let Packet::Event { args, .. } = &packet else { return };
    let again = Args::from_json(format!("[{}]", args.as_json()), args.attachments().to_vec()).unwrap();
    assert_eq!(&again, args);
    let encoded = Parser::msgpack().encode(&packet).unwrap();
    let Message::Binary(bytes) = encoded.frames().next().unwrap().into_message() else {
        panic!("it is binary");
    };
    assert_eq!(decode(bytes).as_ref(), Ok(&packet));
}
