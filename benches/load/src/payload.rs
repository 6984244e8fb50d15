//! What is sent: the same bytes to every server, and such that every server sends back the same bytes.

/// A JSON string of so many characters.
pub fn string(length: usize) -> String {
    let text: String = ('a'..='z').cycle().take(length).collect();
    format!("\"{text}\"")
}

/// A JSON array of so many bytes, full of small objects. Names of members are in alphabetical order, as servers may sort them.
pub fn json(length: usize) -> String {
    let mut json = String::from("[");
    for id in 1000_u32.. {
        let active = id % 3 == 0;
        let score = f64::from(id % 97) + 0.5;
        let object = format!(
            r#"{{"active":{active},"id":{id},"name":"user {id}","position":[{},-{}],"score":{score},"tags":["a","b\n"],"team":null}},"#,
            id % 640 + 1,
            id % 480 + 1,
        );
        if json.len() + object.len() + 3 > length {
            break;
        }
        json.push_str(&object);
    }
    let rest = length - json.len() - 3;
    json.push_str(&string(rest));
    json.push(']');
    json
}

/// An attachment of so many bytes.
pub fn attachment(length: usize) -> Vec<u8> {
    (0..=255).cycle().take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_as_long_as_asked_and_valid() {
        for length in [1024, 16 * 1024, 60_000] {
            let json = json(length);
            assert_eq!(json.len(), length);
            let value: serde_json::Value = serde_json::from_str(&json).expect("valid JSON");
            assert_eq!(value.to_string(), json, "it comes back as it was");
        }
    }
}
