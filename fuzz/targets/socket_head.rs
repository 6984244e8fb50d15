//! The text of one packet: taken apart as a second, naive reading of the protocol does it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use socketio_fuzz::bounded;
use socketio_proto::{DecodeError, Head, is_reserved_event};

const MAX_ATTACHMENTS: usize = 10;

const SPACE: [char; 4] = [' ', '\n', '\r', '\t'];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let head = bounded(text.len(), 2, || Head::parse(text, MAX_ATTACHMENTS));
    let parts = Parts::of(text);
    match head {
        Ok(head) => {
            let parts = parts.expect("it has the parts of a packet");
            assert!(parts.is_packet());
            assert_eq!(head.kind.digit(), parts.kind);
            assert_eq!(head.attachments, parts.attachments.parse().unwrap_or(0));
            assert_eq!(head.namespace, parts.namespace);
            assert_eq!(head.id.map(|id| id.0), parts.id.parse().ok());
            assert_eq!(head.data.unwrap_or_default(), parts.data);
            if let (1.., Ok(value)) = (head.attachments, serde_json::from_str(parts.data)) {
                let nums = placeholders(&value);
                assert!(nums.len() <= MAX_ATTACHMENTS);
                assert!(
                    nums.iter()
                        .all(|num| num.is_some_and(|num| num < head.attachments as u64))
                );
            }
        }
        // What looks like a placeholder and is none is told from one more strictly than a tree of values allows.
        Err(DecodeError::Placeholder | DecodeError::TooManyAttachments { .. }) => {
            assert!(text.starts_with(['5', '6']));
        }
        Err(error) => assert!(!parts.is_some_and(|parts| parts.is_packet()), "{error:?}"),
    }
});

/// A packet as it is written, not understood yet. White space is not part of the data.
struct Parts<'a> {
    kind: char,
    attachments: &'a str,
    namespace: &'a str,
    id: &'a str,
    data: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let kind = text.chars().next().filter(|kind| ('0'..='6').contains(kind))?;
        let mut rest = &text[1..];
        let mut attachments = "";
        if kind >= '5' {
            (attachments, rest) = rest.split_once('-')?;
        }
        let mut namespace = "/";
        if rest.starts_with('/') {
            (namespace, rest) = rest.split_once(',').unwrap_or((rest, ""));
        }
        let data = rest.trim_start_matches(|character: char| character.is_ascii_digit());
        Some(Self {
            kind,
            attachments,
            namespace,
            id: &rest[..rest.len() - data.len()],
            data: match data.trim_matches(SPACE) {
                "" if !data.is_empty() => return None,
                data => data,
            },
        })
    }

    /// Whether it is one, as far as that does not depend on placeholders.
    fn is_packet(&self) -> bool {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let count_fits = match self.kind {
            '5' | '6' => digits(self.attachments) && self.attachments.parse().is_ok_and(|n: u64| (1..=10).contains(&n)),
            _ => true,
        };
        let id_fits = match self.kind {
            '3' | '6' => self.id.parse::<u64>().is_ok(),
            _ => self.id.is_empty() || self.id.parse::<u64>().is_ok(),
        };
        count_fits && id_fits && self.data_fits()
    }

    fn data_fits(&self) -> bool {
        let is_json = serde_json::from_str::<IgnoredAny>(self.data).is_ok();
        match (self.kind, self.data.chars().next()) {
            ('0' | '1', None) => true,
            ('0', Some('{')) | ('4', Some('{' | '"')) | ('3' | '6', Some('[')) => is_json,
            ('2' | '5', Some('[')) => is_json && self.has_name(),
            _ => false,
        }
    }

    /// Whether an array begins with what can be the name of an event.
    fn has_name(&self) -> bool {
        let first = self.data[1..].trim_start_matches(SPACE);
        match first.chars().next() {
            Some('-' | '0'..='9') => true,
            Some('"') => {
                let mut names = serde_json::Deserializer::from_str(first).into_iter::<String>();
                // Half a surrogate pair is no text, and no name that is reserved.
                !names
                    .next()
                    .is_some_and(|name| name.is_ok_and(|name| is_reserved_event(&name)))
            }
            _ => false,
        }
    }
}

/// The `num` of each placeholder, if it has one that is an index.
fn placeholders(value: &Value) -> Vec<Option<u64>> {
    match value {
        Value::Object(members) if members.get("_placeholder") == Some(&Value::Bool(true)) => {
            vec![members.get("num").and_then(Value::as_u64)]
        }
        Value::Object(members) => members.values().flat_map(placeholders).collect(),
        Value::Array(elements) => elements.iter().flat_map(placeholders).collect(),
        _ => Vec::new(),
    }
}
