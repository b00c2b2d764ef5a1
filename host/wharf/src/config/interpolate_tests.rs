//! The forms of a reference and how a missing value is told.

use std::collections::HashMap;
use std::io;

use super::*;

struct Fixed(HashMap<&'static str, &'static str>);

impl Env for Fixed {
    fn var(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| (*value).to_owned())
    }

    fn read_file(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("/etc/wharf/key") => Ok(b"from file\r\n\n".to_vec()),
            Some("/etc/wharf/large") => Ok(vec![b'x'; 1 << 20]),
            Some("/etc/wharf/binary") => Ok(vec![0xff, 0xfe]),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
        }
    }

    fn run_command(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("no commands here".to_owned())
    }
}

fn expand(text: &str) -> Result<Expanded, Vec<Failure>> {
    let env = Fixed(HashMap::from([("A", "1"), ("EMPTY", ""), ("NESTED", "${A}")]));
    Expander::new(&env, Path::new("/etc/wharf")).expand(text)
}

#[test]
fn every_form_is_replaced() {
    let cases = [
        ("plain", "plain", false),
        ("${A}", "1", true),
        ("x${A}y${A}z", "x1y1z", true),
        ("${B:-two}", "two", true),
        ("${B:-}", "", true),
        ("${A:-two}", "1", true),
        ("${EMPTY:-two}", "two", true),
        ("${EMPTY}", "", true),
        ("${file:/etc/wharf/key}", "from file", true),
        ("${file:key}", "from file", true),
        ("$$", "$", false),
        ("$${A}", "${A}", false),
        ("$A costs $5", "$A costs $5", false),
        ("ends with $", "ends with $", false),
        ("${NESTED}", "${A}", true),
    ];
    for (text, expected, substituted) in cases {
        assert_eq!(
            expand(text),
            Ok(Expanded {
                text: expected.to_owned(),
                substituted
            }),
            "{text:?}"
        );
    }
}

#[test]
fn all_missing_variables_of_one_text_are_named_with_the_remedy() {
    let failures = expand("${X} and ${Y}").unwrap_err();
    let told: Vec<_> = failures
        .iter()
        .map(|failure| (failure.problem.as_str(), failure.help.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "the environment variable X is not set",
                "set it, or write ${X:-default}"
            ),
            (
                "the environment variable Y is not set",
                "set it, or write ${Y:-default}"
            ),
        ]
    );
}

#[test]
fn what_is_not_a_reference_is_refused_without_showing_it() {
    for text in [
        "${sk-123",
        "${sk-123}",
        "${}",
        "${1A}",
        "${A:?sk-123}",
        "${A-sk-123}",
        "${X:-${sk-123}}",
        "${file:}",
    ] {
        let failures = expand(text).unwrap_err();
        assert!(
            failures
                .iter()
                .all(|failure| !format!("{failure:?}").contains("sk-123")),
            "{text:?}: {failures:?}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    for name in ["missing", "binary"] {
        let failures = expand(&format!("${{file:/etc/wharf/{name}}}")).unwrap_err();
        assert!(
            failures[0].problem.contains(&format!("/etc/wharf/{name}")),
            "{failures:?}"
        );
    }
}

#[test]
fn replacements_cannot_grow_without_bound() {
    let failures = expand(&"${file:large}".repeat(9)).unwrap_err();
    assert!(failures[0].problem.contains("add up to more than"), "{failures:?}");
}

#[test]
fn a_plain_scalar_gets_its_type_after_replacement_and_a_quoted_one_stays_text() {
    let env = Fixed(HashMap::from([("A", "1")]));
    let mut report = Report::new("t.yaml");
    let mut root = crate::config::document::parse("a: ${A}\nb: \"${A}\"\n", &mut report).unwrap();
    apply(
        &mut root,
        &mut Expander::new(&env, Path::new("")),
        &mut report,
        &mut Tainted::default(),
    );
    let Kind::Map(entries) = root.kind else {
        panic!("a mapping was written")
    };
    let values: Vec<_> = entries
        .iter()
        .map(|(_, node)| match &node.kind {
            Kind::Scalar(scalar) => scalar.resolve(),
            other => panic!("a scalar was written, not {other:?}"),
        })
        .collect();
    assert_eq!(values, [serde_json::json!(1), serde_json::json!("1")]);
}
