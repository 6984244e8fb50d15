//! What is JSON, and where its elements are: as serde_json has it, without whose bounds.
//!
//! serde_json takes the same for JSON as long as nobody asks for a value. Asked for one, it wants numbers that an f64 can hold, whole
//! surrogate pairs, and no more than 128 levels; we do not.

#![no_main]

use engineio_proto::Message;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use socketio_fuzz::bounded;
use socketio_proto::{Args, Decoder, Json, Packet};

const SPACE: [char; 4] = [' ', '\n', '\r', '\t'];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let json = bounded(text.len(), 3, || Json::new(text));
    assert_eq!(json.is_ok(), serde_json::from_str::<IgnoredAny>(text).is_ok());
    // What is long is checked in another way, in which it matters where in a block of 64 bytes something is.
    for pad in [256, 256 + text.len() % 64] {
        let long = format!("[\"{}\",{text}]", "x".repeat(pad));
        let is_json = serde_json::from_str::<IgnoredAny>(&long).is_ok();
        assert_eq!(Json::new(long).is_ok(), is_json);
    }
    let Ok(json) = json else { return };
    let trimmed = text.trim_matches(SPACE);
    if let Ok(value) = json.parse::<Value>() {
        assert_eq!(
            Json::encode(&value).expect("it is JSON").parse::<Value>().ok(),
            Some(value)
        );
    }

    let one = args(format!("2[\"e\",{text}]"));
    assert_eq!((one.len(), one.as_json()), (1, trimmed));
    if trimmed.starts_with('[') {
        let several = args(format!("31{text}"));
        if let Ok(values) = json.parse::<Vec<Value>>() {
            assert_eq!(several.len(), values.len());
            for (arg, value) in several.iter().zip(&values) {
                assert_eq!(arg.parse::<Value>().as_ref(), Ok(value));
            }
            assert_eq!(several.parse::<Vec<Value>>(), Ok(values));
        }
        for n in 0..4 {
            let rest = several.rest(n);
            assert_eq!(rest.len(), several.len().saturating_sub(n));
            assert!(several.as_json().ends_with(rest.as_json()));
        }
    }
});

fn args(packet: String) -> Args {
    match Decoder::default().decode(Message::Text(packet.into())) {
        Ok(Some(Packet::Event { args, .. } | Packet::Ack { args, .. })) => args,
        other => panic!("{other:?}"),
    }
}
