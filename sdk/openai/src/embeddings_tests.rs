//! What goes on the wire and what answers mean. Whole answers are in `tests/fixtures/embeddings`.

use serde_json::{Value, json};

use super::*;

fn asked(dialect: &str) -> EmbedRequest {
    EmbedRequest {
        model: "m".into(),
        input: vec!["a".into(), "b".into()],
        dimensions: Some(3),
        dialect: dialect.into(),
        options: vec![
            ("user".into(), r#""u""#.into()),
            ("encoding_format".into(), r#""float""#.into()),
            ("input_type".into(), r#""query""#.into()),
            ("x".into(), "1.10".into()),
        ],
    }
}

fn wire(request: &EmbedRequest, encoding: Encoding) -> String {
    String::from_utf8(body(request, encoding).unwrap()).unwrap()
}

fn vectors(data: &Value, texts: usize) -> Result<Vec<Vec<f32>>, Error> {
    parse(&json!({ "data": data }).to_string(), texts).map(|answer| answer.vectors)
}

fn base64(numbers: &[f32]) -> String {
    STANDARD.encode(
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect::<Vec<u8>>(),
    )
}

#[test]
fn options_of_the_same_dialect_are_sent_on_digit_for_digit() {
    for dialect in [DIALECT, "wharf"] {
        assert_eq!(
            wire(&asked(dialect), Encoding::Base64),
            r#"{"model":"m","input":["a","b"],"dimensions":3,"encoding_format":"base64","user":"u","input_type":"query","x":1.10}"#
        );
    }
}

#[test]
fn of_another_dialect_only_what_means_the_same_is_sent_on() {
    assert_eq!(
        wire(&asked("gemini.generate"), Encoding::Float),
        r#"{"model":"m","input":["a","b"],"dimensions":3,"encoding_format":"float","user":"u"}"#
    );
}

#[test]
fn one_text_is_a_list_too() {
    let request = EmbedRequest {
        model: "m".into(),
        input: vec!["a".into()],
        dimensions: None,
        dialect: DIALECT.into(),
        options: Vec::new(),
    };
    assert_eq!(
        wire(&request, Encoding::Base64),
        r#"{"model":"m","input":["a"],"encoding_format":"base64"}"#
    );
}

#[test]
fn both_forms_of_a_vector_are_read_bit_for_bit() {
    let odd = [0.1_f32, f32::MIN, f32::MIN_POSITIVE, -0.0];
    let data = json!([{"embedding": base64(&odd)}, {"embedding": odd}]);
    let found = vectors(&data, 2).unwrap();
    let bits = |vector: &[f32]| vector.iter().map(|number| number.to_bits()).collect::<Vec<u32>>();
    assert_eq!(bits(&found[0]), bits(&odd));
    assert_eq!(bits(&found[1]), bits(&odd));
}

#[test]
fn vectors_stand_in_the_order_of_the_texts() {
    let data = json!([{"index": 2, "embedding": [2]}, {"index": 0, "embedding": [0]}, {"index": 1, "embedding": [1]}]);
    assert_eq!(vectors(&data, 3).unwrap(), [[0.0_f32], [1.0], [2.0]]);
    let unnumbered = json!([{"embedding": [0]}, {"embedding": [1]}]);
    assert_eq!(vectors(&unnumbered, 2).unwrap(), [[0.0_f32], [1.0]]);
}

#[test]
fn an_answer_without_one_vector_for_each_text_makes_no_sense() {
    let one = json!({"index": 0, "embedding": [1]});
    for (data, texts) in [
        (json!([one]), 2),
        (json!([one, one]), 1),
        (json!([]), 1),
        (json!([one, one]), 2),
        (json!([{"index": 7, "embedding": [1]}]), 1),
        (json!([{"index": -1, "embedding": [1]}]), 1),
    ] {
        let error = vectors(&data, texts).unwrap_err();
        assert_eq!((error.kind, error.sent), (ErrorKind::Protocol, true), "{data}");
    }
}

#[test]
fn what_is_no_vector_makes_no_sense() {
    for embedding in [
        json!(null),
        json!([]),
        json!([null]),
        json!([1e39]),
        json!(["1"]),
        json!(""),
        json!("AAA"),
        json!("AAAA"),
        json!(base64(&[f32::NAN])),
        json!(base64(&[1.0, f32::INFINITY])),
    ] {
        let error = vectors(&json!([{"embedding": embedding}]), 1).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Protocol, "{embedding}");
    }
}

#[test]
fn what_is_not_an_answer_says_where_to_look() {
    for body in [
        "<html>",
        "[]",
        "{}",
        r#"{"data":null}"#,
        r#"{"data":"x"}"#,
        r#"{"data":[{}]}"#,
    ] {
        assert_eq!(parse(body, 1).unwrap_err().kind, ErrorKind::Protocol, "{body}");
    }
}
