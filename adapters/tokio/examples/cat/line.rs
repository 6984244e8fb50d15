//! What is typed.

use serde_json::Value;
use socketio_tokio::{Args, ArgsWriter, BoxError, EncodeError, ToArgs};

/// An event to emit.
pub(crate) struct Line {
    pub(crate) event: String,
    pub(crate) args: Args,
    /// Whether to wait for an acknowledgement.
    pub(crate) ack: bool,
}

/// Reads `event arg1 arg2 …`; nothing from an empty line.
pub(crate) fn parse(text: &str) -> Result<Option<Line>, BoxError> {
    let text = text.trim();
    let (ack, text) = text
        .strip_prefix('?')
        .map_or((false, text), |rest| (true, rest.trim_start()));
    let (event, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if event.is_empty() {
        return Ok(None);
    }
    let event = event.to_owned();
    let args = Args::encode(&Values(values(rest)))?;
    Ok(Some(Line { event, args, ack }))
}

/// JSON values and words, one after another. What is neither complete JSON nor begins like some is a word.
fn values(mut rest: &str) -> Vec<Value> {
    let mut values = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return values;
        }
        let mut json = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let next = json.next().and_then(Result::ok);
        let ends_there = rest[json.byte_offset()..]
            .chars()
            .next()
            .is_none_or(char::is_whitespace);
        let (value, length) = match next {
            Some(value) if ends_there => (value, json.byte_offset()),
            _ => (Value::from(&rest[..word]), word),
        };
        values.push(value);
        rest = &rest[length..];
    }
}

/// So many arguments, known only now.
struct Values(Vec<Value>);

impl ToArgs for Values {
    fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
        self.0.iter().try_for_each(|value| writer.push(value))
    }
}
