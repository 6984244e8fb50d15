//! JSONP, for clients that cannot do better: a poll is a script that the page loads, a POST the form of a hidden frame.
//!
//! Those are of revision 3. Who asks for it in revision 4 gets it too, as from the JavaScript server.

use alloc::format;
use alloc::string::String;

use bytes::Bytes;

use crate::DecodeError;

/// The field of the form that holds the packets.
const FIELD: &str = "d";

/// The script that calls the page's function number `index` with a body of text.
pub(crate) fn encode_script(index: u32, body: &[u8]) -> Bytes {
    let body = core::str::from_utf8(body).expect("packets of text are UTF-8");
    let mut argument = serde_json::to_string(body).expect("a string is JSON");
    // JSON allows them in a string, JavaScript did not.
    for (separator, escaped) in [('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")] {
        if argument.contains(separator) {
            argument = argument.replace(separator, escaped);
        }
    }
    format!("___eio[{index}]({argument});").into()
}

/// The body of text in a form.
///
/// Browsers change line breaks in a form, so the client writes a line break as `\n` and what was a `\n` already as `\\n`.
pub(crate) fn decode_form(form: &[u8]) -> Result<Bytes, DecodeError> {
    let field = form_urlencoded::parse(form).find(|(name, _)| name == FIELD);
    let (_, escaped) = field.ok_or(DecodeError::Empty)?;
    if !escaped.contains("\\n") {
        return Ok(escaped.into_owned().into());
    }
    let mut text = String::with_capacity(escaped.len());
    let mut rest = &*escaped;
    while let Some(at) = rest.find("\\n") {
        match rest[..at].strip_suffix('\\') {
            Some(before) => {
                text.push_str(before);
                text.push_str("\\n");
            }
            None => {
                text.push_str(&rest[..at]);
                text.push('\n');
            }
        }
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    Ok(text.into())
}
