//! Packets that are meant to do harm: to exhaust the stack, the time or the memory of whoever reads them.
//!
//! They are as large as Engine.IO lets a message be, so what takes the square of their size does not end.

#[path = "../../engineio-proto/tests/support/counting.rs"]
mod counting;

use std::collections::BTreeMap;
use std::thread;

use bytes::Bytes;
use counting::peak;
use engineio_proto::Message;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use socketio_proto::{Args, DecodeError, Decoder, Encoded, Packet};

/// The largest message that Engine.IO takes by default.
const LARGEST: usize = 1_000_000;

/// What reading may take beside the packet, whatever its size.
const ANYWAY: usize = 4_096;

/// As many of `unit` as a message has room for, between `before` and `behind`.
fn filled(before: &str, unit: &str, behind: &str) -> String {
    let count = (LARGEST - before.len() - behind.len()) / unit.len();
    [before, &unit.repeat(count), behind].concat()
}

/// `levels` of `open`, something inside, and as many of `close`.
fn nested(before: &str, open: &str, inside: &str, close: &str, behind: &str) -> String {
    let levels = (LARGEST - before.len() - inside.len() - behind.len()) / (open.len() + close.len());
    [before, &open.repeat(levels), inside, &close.repeat(levels), behind].concat()
}

/// A packet and its attachments, whole.
fn decode(text: &str, attachments: &[Bytes]) -> Result<Packet, DecodeError> {
    let mut decoder = Decoder::default();
    let mut packet = decoder.decode(Message::Text(text.into()))?;
    for attachment in attachments {
        packet = decoder.decode(Message::Binary(attachment.clone()))?;
    }
    Ok(packet.expect("these are all of its attachments"))
}

fn args(text: &str, attachments: &[Bytes]) -> Args {
    match decode(text, attachments) {
        Ok(Packet::Event { args, .. }) => args,
        other => panic!("{:?} is no event", other.map(|packet| packet.namespace().clone())),
    }
}

/// Runs `work` on a stack of which as many calls as there are levels would need much more than there is.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(1 << 20).spawn(work);
    thread.expect("there is room for a thread").join().expect("it returns");
}

#[test]
fn no_depth_overflows_the_stack() {
    on_a_small_stack(|| {
        let one = [Bytes::from_static(b"one")];
        for (open, inside, close) in [("[", "1", "]"), (r#"{"a":"#, "1", "}"), ("[{\"\":", "[]", "}]")] {
            let args = args(&nested(r#"2["e","#, open, inside, close, "]"), &[]);
            assert_eq!(args.len(), 1);
            args.parse::<(Value,)>().unwrap_err();
            args.parse::<(Vec<Bytes>,)>().unwrap_err();
            args.parse::<(IgnoredAny,)>().unwrap();
            Encoded::event("/", None, "e", &args).unwrap();
        }
        let placeholder = r#"{"_placeholder":true,"num":0}"#;
        for (open, close) in [("[", "]"), (r#"{"num":"#, "}")] {
            let args = args(&nested(r#"51-["e","#, open, placeholder, close, "]"), &one);
            assert_eq!(args.get(0).unwrap().as_bytes(), None);
            args.parse::<(Bytes,)>().unwrap_err();
            args.parse::<(Value,)>().unwrap_err();
            Encoded::event("/", None, "e", &args).unwrap();
        }
    });
}

#[test]
fn no_packet_is_looked_through_again_and_again() {
    let one = [Bytes::from_static(b"one")];
    for text in [
        nested(r#"51-["e","#, r#"{"num":"#, "0", "}", "]"),
        nested(r#"51-["e","#, r#"{"_placeholder":"#, "0", "}", "]"),
        filled(r#"51-["e""#, r#","num" "#, "]"),
        filled(r#"51-["e",{"num":1"#, "0", "e1}]"),
        filled(r#"51-["e",{"num":""#, r#"\"num\":"#, r#""}]"#),
        filled(r#"51-["e"#, r"\u006e\u0075\u006d", r#""]"#),
        filled(r#"51-["e""#, " ", "]"),
        filled(r#"51-["e""#, ",[]", "]"),
    ] {
        let args = args(&text, &one);
        let all: Vec<_> = args.iter().map(|arg| arg.as_bytes()).collect();
        assert!(all.iter().all(Option::is_none));
        Encoded::event("/", None, "e", &args).unwrap();
    }
}

#[test]
fn a_packet_takes_little_memory_beside_its_message() {
    let attachment = Bytes::from(vec![0; 1_000]);
    for (what, text) in [
        ("text", filled(r#"2["e",""#, "a", r#""]"#)),
        ("many arguments", filled(r#"2["e""#, ",0", "]")),
        ("depth", nested(r#"2["e","#, "[", "", "]", "]")),
        ("an escaped name", filled(r#"2[""#, r"\u0041", r#""]"#)),
        ("half pairs", filled(r#"2[""#, r"\ud800", r#""]"#)),
        ("a namespace", filled("2/", "a", r#",["e"]"#)),
        ("a number as a name", filled("2[1", "0", "]")),
        ("nothing", filled("2[\"e\"", " ", "]")),
        ("attachments", filled(r#"51-["e",""#, "a", r#""]"#)),
    ] {
        let messages = [Message::Text(text.into()), Message::Binary(attachment.clone())];
        let mut packet = None;
        let taken = peak(|| {
            let mut decoder = Decoder::default();
            for message in messages {
                packet = packet.take().or(decoder.decode(message).ok().flatten());
            }
        });
        assert!(packet.is_some(), "{what}");
        // A bit for each level, in a vector that doubles; a name that has escapes, and room for as much as it was written with.
        assert!(taken <= LARGEST + ANYWAY, "{what}: {taken} bytes");
        let plain = !matches!(what, "an escaped name" | "half pairs");
        assert!(taken <= LARGEST / 4 + ANYWAY || !plain, "{what}: {taken} bytes");
    }
}

#[test]
fn what_is_refused_takes_no_memory() {
    for text in [
        filled("5", "9", r#"-["e"]"#),
        filled("51", "9", ""),
        filled("2", "9", r#"["e"]"#),
        filled("2", "[", ""),
        filled("2[\"e\",", "\"", ""),
        filled("", "5", ""),
        filled("0", "/", ""),
        filled("4", "\"", ""),
        r#"5999999999-["e"]"#.to_owned(),
    ] {
        let message = Message::Text(text.into());
        let taken = peak(|| drop(Decoder::default().decode(message)));
        assert!(taken <= LARGEST / 4 + ANYWAY, "{taken} bytes");
    }
}

/// `{"_placeholder":true,"num":0}` is 31 bytes; what it stands for can be a million, each time that somebody reads it.
#[test]
fn an_attachment_is_not_named_more_often_than_there_may_be_attachments() {
    let placeholder = r#"{"_placeholder":true,"num":0}"#;
    let packet = |count| format!(r#"51-["e",[{}]]"#, vec![placeholder; count].join(","));
    let attachment = [Bytes::from(vec![7; 1_000])];
    let args = args(&packet(10), &attachment);
    assert_eq!(
        args.parse::<(Vec<Bytes>,)>().unwrap().0,
        vec![attachment[0].clone(); 10]
    );
    for count in [11, 30_000] {
        assert_eq!(
            decode(&packet(count), &attachment).unwrap_err(),
            DecodeError::TooManyAttachments { limit: 10 }
        );
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read for what reading takes")]
struct File<'a> {
    name: &'a str,
    parts: Vec<Bytes>,
    more: BTreeMap<String, Bytes>,
}

#[test]
fn reading_bytes_takes_no_more_than_a_packet_may_bring() {
    let text = r#"510-["e",{"name":"x","parts":[],"more":{"a":{"_placeholder":true,"num":0},"b":{"_placeholder":true,"num":0}}}]"#;
    let attachments = vec![Bytes::from(vec![0; 100_000]); 10];
    let args = args(text, &attachments);
    let taken = peak(|| drop(args.parse::<(File<'_>,)>().unwrap()));
    assert!(taken <= 10 * 100_000 + ANYWAY, "{taken} bytes");
}
