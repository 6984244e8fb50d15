//! What arguments mean, whatever the numbers of their attachments.

use serde_json::{Map, Value};
use socketio_proto::Args;

/// Arguments with their attachments in the places of the placeholders.
pub type Resolved = Vec<Value>;

/// The arguments, if serde_json can say them: no number beyond its range, no half of a surrogate pair, no depth beyond 128.
pub fn resolved(args: &Args) -> Option<Resolved> {
    let mut values = Vec::new();
    for arg in args {
        let mut value = serde_json::from_str(arg.as_json()).ok()?;
        if !args.attachments().is_empty() {
            put_attachments(&mut value, args);
        }
        values.push(value);
    }
    Some(values)
}

fn put_attachments(value: &mut Value, args: &Args) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| put_attachments(element, args)),
        Value::Object(members) => {
            if let Some(num) = num(members) {
                *value = Value::String(format!("{:?}", args.attachments()[num]));
            } else {
                members.values_mut().for_each(|member| put_attachments(member, args));
            }
        }
        _ => {}
    }
}

fn num(object: &Map<String, Value>) -> Option<usize> {
    if object.get("_placeholder") != Some(&Value::Bool(true)) {
        return None;
    }
    let num = object["num"]
        .as_u64()
        .expect("a placeholder that was let in has an index");
    Some(usize::try_from(num).expect("of an attachment"))
}
