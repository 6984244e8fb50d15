//! Reading arguments, one or all, with their attachments.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socketio_proto::{Args, ArgsError, ArgsWriter, EncodeError, Remaining, ToArgs};

#[expect(clippy::needless_pass_by_value, reason = "tests read better so")]
fn args(values: impl ToArgs) -> Args {
    Args::encode(&values).unwrap()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct File {
    name: String,
    content: Bytes,
    parts: Vec<Part>,
    preview: Option<Bytes>,
    tags: BTreeMap<String, Bytes>,
    pair: (u8, Bytes),
    wrapper: Wrapper,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapper(Bytes);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Part {
    Empty,
    Whole(Bytes),
    Cut(Bytes, u32),
    Named { name: String, bytes: Option<Bytes> },
}

fn file() -> File {
    File {
        name: "a \"file\"\n".into(),
        content: Bytes::from_static(b"content"),
        parts: vec![
            Part::Empty,
            Part::Whole(Bytes::from_static(b"whole")),
            Part::Cut(Bytes::from_static(b"cut"), 3),
            Part::Named {
                name: "n".into(),
                bytes: Some(Bytes::new()),
            },
            Part::Named {
                name: "m".into(),
                bytes: None,
            },
        ],
        preview: Some(Bytes::from_static(b"preview")),
        tags: BTreeMap::from([("x".into(), Bytes::from_static(b"tag"))]),
        pair: (1, Bytes::from_static(b"pair")),
        wrapper: Wrapper(Bytes::from_static(b"wrapped")),
    }
}

#[test]
fn bytes_are_found_anywhere_inside_a_value() {
    let args = args((1, file()));
    assert_eq!(args.attachments().len(), 8);
    assert_eq!(args.parse::<(u8, File)>().unwrap(), (1, file()));
    assert_eq!(args.get(1).unwrap().parse::<File>().unwrap(), file());
}

#[test]
fn mixed_binary_and_json_arguments() {
    let args = args(("text", Bytes::from_static(b"\0\xff"), [1.5, 2.0], None::<u8>));
    assert_eq!(args.as_json(), r#""text",{"_placeholder":true,"num":0},[1.5,2.0],null"#);
    assert_eq!(args.attachments(), [Bytes::from_static(b"\0\xff")]);
    let (text, bytes, numbers, nothing): (String, Bytes, Vec<f64>, Option<u8>) = args.parse().unwrap();
    assert_eq!(
        (&*text, &*bytes, &*numbers, nothing),
        ("text", &b"\0\xff"[..], &[1.5, 2.0][..], None)
    );
}

#[test]
fn an_attachment_is_lent_or_shared() {
    let args = args(("text", Bytes::from_static(b"abc"), json!({"a": 1})));
    let (_, lent): (&str, &[u8]) = args.parse().unwrap();
    assert_eq!(lent.as_ptr(), args.attachments()[0].as_ptr());
    let shared = args.get(1).unwrap().as_bytes().unwrap();
    assert_eq!(shared.as_ptr(), args.attachments()[0].as_ptr());
    assert_eq!(args.get(0).unwrap().as_bytes(), None);
    assert_eq!(args.get(2).unwrap().as_bytes(), None);
    let nested = Args::encode(&(json!([]), [Bytes::from_static(b"abc")], Some(Wrapper(Bytes::new())))).unwrap();
    assert_eq!(
        nested.iter().map(|arg| arg.as_bytes().is_some()).collect::<Vec<_>>(),
        [false, false, true]
    );
}

#[test]
fn whoever_takes_anything_gets_the_placeholder() {
    let args = args((Bytes::from_static(b"abc"),));
    assert_eq!(
        args.parse::<(Value,)>().unwrap().0,
        json!({"_placeholder": true, "num": 0})
    );
}

#[test]
fn bytes_are_read_from_numbers_and_text_too() {
    let args = args((vec![1u8, 2], "ab", Bytes::from_static(b"x")));
    assert_eq!(args.parse::<Vec<Bytes>>().unwrap(), [&b"\x01\x02"[..], b"ab", b"x"]);
    assert_eq!(args.rest(2).attachments().len(), 1);
}

#[test]
fn what_is_no_placeholder_is_no_bytes() {
    let args = args((
        json!({"_placeholder": false, "num": 0}),
        json!({"num": 0}),
        json!(true),
        Bytes::new(),
    ));
    for index in 0..3 {
        let error = args.get(index).unwrap().parse::<Bytes>().unwrap_err();
        assert_eq!(error.index(), Some(index), "{error}");
    }
}

#[test]
fn missing_arguments_are_null_and_more_are_ignored() {
    let args = args(("a", 2));
    assert_eq!(
        args.parse::<(String, u8, Option<u8>, Option<()>)>(),
        Ok(("a".into(), 2, None, None))
    );
    assert_eq!(args.parse::<(String,)>(), Ok(("a".into(),)));
    assert_eq!(args.parse::<()>(), Ok(()));
    assert_eq!(args.parse::<(String, u8, Value)>(), Ok(("a".into(), 2, Value::Null)));
    assert_eq!(Args::new().parse::<Vec<u8>>(), Ok(vec![]));
    assert_eq!(Args::new().parse::<Option<(Option<u8>,)>>(), Ok(Some((None,))));
}

#[test]
fn a_struct_is_a_list_of_named_arguments() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Join<'a> {
        room: &'a str,
        limit: Option<u32>,
        #[serde(default)]
        mode: u8,
    }
    assert_eq!(
        args(("r", 7, 1)).parse::<Join<'_>>(),
        Ok(Join {
            room: "r",
            limit: Some(7),
            mode: 1
        })
    );
    assert_eq!(
        args("r").parse::<Join<'_>>(),
        Ok(Join {
            room: "r",
            limit: None,
            mode: 0
        })
    );
    assert_eq!(Args::new().parse::<Join<'_>>(), Err(ArgsError::Missing { index: 0 }));
}

#[test]
fn an_error_names_the_argument() {
    let args = args(("a", "b"));
    let error = args.parse::<(String, u32)>().unwrap_err();
    assert!(matches!(&error, ArgsError::Type { index: 1, .. }), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("argument 1: invalid type: string \"b\", expected u32"),
        "{error}"
    );
    assert_eq!(
        args.parse::<(String, String, u32)>(),
        Err(ArgsError::Missing { index: 2 })
    );
    assert_eq!(args.parse::<[String; 3]>(), Err(ArgsError::Missing { index: 2 }));
    assert!(matches!(args.parse::<u32>(), Err(ArgsError::List { .. })));
    assert_eq!(args.get(1).unwrap().parse::<bool>().unwrap_err().index(), Some(1));
    assert!(args.get(2).is_none());
}

#[test]
fn a_cursor_takes_one_argument_at_a_time() {
    let args = args(("a", 2, Bytes::from_static(b"x"), [3]));
    let mut cursor = args.cursor();
    assert_eq!(cursor.next::<&str>(), Ok("a"));
    assert_eq!(cursor.rest().as_json(), r#"2,{"_placeholder":true,"num":0},[3]"#);
    assert_eq!(cursor.next::<u8>(), Ok(2));
    assert_eq!(cursor.next::<Bytes>().unwrap(), "x");
    assert_eq!(cursor.next_arg().unwrap().as_json(), "[3]");
    assert!(cursor.rest().is_empty());
    assert_eq!(cursor.next::<Option<u8>>(), Ok(None));
    assert_eq!(cursor.next::<u8>(), Err(ArgsError::Missing { index: 5 }));
}

#[test]
fn what_was_taken_is_gone_and_the_rest_is_given_away() {
    let (x, y) = (Bytes::from_static(b"x"), Bytes::from_static(b"y"));
    let all = args(("a", 2, &x, &y, [3]));
    let mut remaining = Remaining::from(all.clone());
    assert_eq!(remaining.next::<String>(), Ok("a".into()));
    assert_eq!(remaining.next::<bool>().unwrap_err().index(), Some(1));
    assert_eq!(remaining.next::<Bytes>(), Ok(x));
    let rest = remaining.take();
    assert_eq!(rest, all.rest(3));
    assert_eq!(args(&rest).attachments(), [y]);
    assert!(remaining.take().is_empty());
    assert_eq!(remaining.next::<Option<u8>>(), Ok(None));
    assert_eq!(remaining.next::<u8>(), Err(ArgsError::Missing { index: 4 }));
    assert_eq!(args(Remaining::from(all.clone()).take()), all);
}

#[test]
fn a_list_is_counted_and_cut() {
    let args = args(("a,]", [1, 2], json!({"b": ","}), 4));
    assert_eq!(args.len(), 4);
    assert_eq!(
        args.iter().map(|arg| arg.as_json()).collect::<Vec<_>>(),
        [r#""a,]""#, "[1,2]", r#"{"b":","}"#, "4"]
    );
    assert_eq!(args.rest(0), args);
    assert_eq!(args.rest(2).as_json(), r#"{"b":","},4"#);
    assert!(args.rest(4).is_empty() && args.rest(9).is_empty());
    assert_eq!(args.iter().map(|arg| arg.index()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(Args::new().len(), 0);
}

#[test]
fn a_tuple_is_its_elements_and_all_else_is_one_argument() {
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Pair(u8, u8);
    #[derive(Serialize)]
    struct New((u8, u8));
    assert_eq!(args(()).as_json(), "");
    assert_eq!(args((1, "b")).as_json(), r#"1,"b""#);
    assert_eq!(args([1, 2]).as_json(), "1,2");
    assert_eq!(args([0u8; 0]).as_json(), "");
    assert_eq!(args(((1, 2), ())).as_json(), "[1,2],null");
    assert_eq!(Args::encode(&&(1, 2)).unwrap().as_json(), "1,2");
    assert_eq!(args("a").as_json(), "\"a\"");
    assert_eq!(Args::encode(&&String::from("a")).unwrap().as_json(), "\"a\"");
    assert_eq!(args(vec![1, 2]).as_json(), "[1,2]");
    assert_eq!(args(&[1, 2][..]).as_json(), "[1,2]");
    assert_eq!(args(Pair(1, 2)).as_json(), "[1,2]");
    assert_eq!(args(New((1, 2))).as_json(), "[1,2]");
    assert_eq!(args(Some((1, 2))).as_json(), "[1,2]");
    assert_eq!(args(None::<u8>).as_json(), "null");
    assert_eq!(args(Unit).as_json(), "null");
    assert_eq!(args(json!({"a": [1]})).as_json(), r#"{"a":[1]}"#);
    assert_eq!(Args::encode("unsized").unwrap().as_json(), "\"unsized\"");
}

#[test]
fn values_are_written_as_serde_json_writes_them() {
    let value = json!({"a": [1, -2, 1.5, 1e300, 1e-7, true, null, "é\u{1}\"\\"], "b": {"": {}, "c": []}});
    assert_eq!(args(&value).as_json().parse::<Value>().unwrap(), value);
    let keys = BTreeMap::from([(-1, 'x'), (2, '"')]);
    assert_eq!(args(&keys).as_json(), serde_json::to_string(&keys).unwrap());
    assert_eq!(args(BTreeMap::from([(true, ())])).as_json(), r#"{"true":null}"#);
    assert_eq!(
        args(file().parts.into_iter().take(1).collect::<Vec<_>>()).as_json(),
        r#"["Empty"]"#
    );
    assert_eq!(
        args((f64::NAN, f32::INFINITY, 0.1f32, u128::MAX)).as_json(),
        format!("null,null,0.1,{}", u128::MAX)
    );
    assert_eq!(args(core::net::Ipv4Addr::LOCALHOST).as_json(), "\"127.0.0.1\"");
}

#[test]
fn a_key_is_a_string() {
    let keys = BTreeMap::from([((1, 2), 3)]);
    assert!(matches!(Args::encode(&keys), Err(EncodeError::Value(_))));
    assert!(matches!(
        Args::encode(&BTreeMap::from([(Bytes::new(), 3)])),
        Err(EncodeError::Value(_))
    ));
    assert!(matches!(
        Args::encode(&BTreeMap::from([(None::<u8>, 3)])),
        Err(EncodeError::Value(_))
    ));
}

#[test]
fn beside_bytes_nothing_may_look_like_a_placeholder() {
    let lookalike = json!({"_placeholder": true, "num": 0});
    assert!(Args::encode(&lookalike).is_ok());
    assert_eq!(Args::encode(&(&lookalike, Bytes::new())), Err(EncodeError::Lookalike));
    assert_eq!(Args::encode(&(Bytes::new(), [&lookalike])), Err(EncodeError::Lookalike));
    assert_eq!(
        Args::encode(&(Bytes::new(), json!({"a": {"_placeholder": true, "b": []}}))),
        Err(EncodeError::Lookalike)
    );
}

/// Arguments in front of others.
struct Behind<'a>(Bytes, &'a Args, &'a str);

impl ToArgs for Behind<'_> {
    fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
        writer.push_bytes(self.0.clone());
        writer.push_args(self.1)?;
        writer.push(&(self.2, 1))
    }
}

#[test]
fn relayed_args_are_not_parsed() {
    let original = args((1, Bytes::from_static(b"a"), [Bytes::from_static(b"b")]));
    let relayed = args(&original);
    assert_eq!(relayed, original);
    assert_eq!(relayed.attachments().as_ptr(), original.attachments().as_ptr());
    assert_eq!(args(args((" verbatim ", ()))).as_json(), r#"" verbatim ",null"#);
}

#[test]
fn relayed_attachments_are_numbered_anew_where_they_must_be() {
    let all = args((
        Bytes::from_static(b"a"),
        [Bytes::from_static(b"b")],
        Bytes::from_static(b"c"),
        1,
    ));
    let tail = args(all.rest(1));
    assert_eq!(
        tail.as_json(),
        r#"[{"_placeholder":true,"num":0}],{"_placeholder":true,"num":1},1"#
    );
    assert_eq!(tail.attachments(), ["b", "c"]);
    assert_eq!(args(all.rest(3)).attachments().len(), 0);
    let tail = all.rest(2);
    let behind = args(Behind(Bytes::from_static(b"x"), &tail, "end"));
    assert_eq!(
        behind.as_json(),
        r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1},1,["end",1]"#
    );
    assert_eq!(behind.attachments(), ["x", "c"]);
    assert_eq!(behind.attachments()[1].as_ptr(), all.attachments()[2].as_ptr());
}

#[test]
fn an_argument_that_cannot_be_written_leaves_no_trace() {
    struct Careless;
    impl ToArgs for Careless {
        fn write_args(&self, writer: &mut ArgsWriter<'_>) -> Result<(), EncodeError> {
            writer.push(&1)?;
            let half = BTreeMap::from([(vec![1], 1)]);
            assert!(writer.push(&(Bytes::from_static(b"lost"), half)).is_err());
            writer.push(&2)
        }
    }
    let args = args(Careless);
    assert_eq!((args.as_json(), args.attachments().len()), ("1,2", 0));
}

#[test]
fn borrowed_text_is_borrowed() {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let args = args(("plain", Bytes::new()));
    assert!(matches!(
        args.get(0).unwrap().parse::<Text<'_>>().unwrap().0,
        Cow::Borrowed("plain")
    ));
}

#[test]
fn a_type_that_does_not_read_its_argument_to_the_end_takes_no_other() {
    /// Reads nothing.
    #[derive(Debug, Default, PartialEq)]
    struct Anything;
    impl<'de> Deserialize<'de> for Anything {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }
    /// Gets over whatever is no `T`, somewhere in the middle of it.
    #[derive(Debug, PartialEq)]
    struct Maybe<T>(Option<T>);
    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Ok(Self(T::deserialize(deserializer).ok()))
        }
    }
    for json in [
        r#"[[1,2] , "b"]"#,
        r#"["[1,é",{"a":[1]},3]"#,
        r#"[{"a":[1,2],"b":[3]},[],"c",null]"#,
    ] {
        let args = Args::from_json(json, vec![]).unwrap();
        let len = args.len();
        assert_eq!(args.parse::<Vec<Anything>>().unwrap().len(), len);
        let (_, second) = args.parse::<(Anything, Value)>().unwrap();
        assert_eq!(second, args.get(1).unwrap().parse::<Value>().unwrap());
        let (_, second) = args.parse::<(Maybe<Vec<String>>, Value)>().unwrap();
        assert_eq!(second, args.get(1).unwrap().parse::<Value>().unwrap());
        assert_eq!(args.parse::<Vec<Maybe<Vec<String>>>>().unwrap().len(), len);
        let mut cursor = args.cursor();
        for _ in 0..len {
            assert_eq!(cursor.next(), Ok(Maybe::<BTreeMap<String, u8>>(None)));
        }
        assert!(cursor.rest().is_empty());
    }
}

#[test]
fn floats_are_the_shortest_that_say_the_same() {
    for float in [
        0.1,
        -0.5,
        1.5e-7,
        2.5e-5,
        123_456.75,
        1e16,
        1.5e300,
        -0.0,
        5e-324,
        f64::MAX,
    ] {
        let args = args((float, float as f32));
        assert_eq!(
            args.as_json(),
            format!(
                "{},{}",
                serde_json::to_string(&float).unwrap(),
                serde_json::to_string(&(float as f32)).unwrap()
            )
        );
        assert_eq!(args.parse::<(f64,)>().unwrap().0.to_bits(), float.to_bits());
    }
}
