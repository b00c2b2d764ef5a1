//! What the reader accepts, refuses and remembers.

use super::*;
use crate::config::pointer::{Pointer, locate};

fn read(text: &str) -> (Option<Node>, Vec<String>) {
    let mut report = Report::new("t.yaml");
    let root = parse(text, &mut report);
    (root, report.problems.iter().map(ToString::to_string).collect())
}

#[test]
fn every_key_remembers_its_line_and_column() {
    let (root, problems) = read("a: 1\nb:\n  c: [x, y]\n");
    assert!(problems.is_empty(), "{problems:?}");
    let root = root.unwrap();
    let place = locate(&root, &Pointer::of(&["b", "c"]));
    assert_eq!((place.path.as_str(), place.mark), ("b.c", Mark { line: 3, column: 3 }));
    let item = locate(&root, &Pointer::of(&["b", "c", "1"]));
    assert_eq!(
        (item.path.as_str(), item.mark),
        ("b.c[1]", Mark { line: 3, column: 10 })
    );
    let missing = locate(&root, &Pointer::of(&["b", "d", "e"]));
    assert_eq!(
        (missing.path.as_str(), missing.mark),
        ("b.d.e", Mark { line: 2, column: 1 })
    );
}

#[test]
fn quoted_and_plain_scalars_stay_apart() {
    let (root, _) = read("a: \"3\"\nb: 3\nc: '3'\nd: |\n  3\n");
    let Kind::Map(entries) = root.unwrap().kind else {
        panic!("a mapping was written")
    };
    let plain: Vec<bool> = entries
        .iter()
        .map(|(_, node)| matches!(&node.kind, Kind::Scalar(Scalar { plain: true, .. })))
        .collect();
    assert_eq!(plain, [false, true, false, false]);
}

#[test]
fn every_key_written_twice_is_reported_with_both_lines() {
    let (root, problems) = read("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n");
    assert!(root.is_some());
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(
        problems[0].contains("t.yaml:2:11: b.c: this key is written twice: here (line 2) and on line 2"),
        "{problems:?}"
    );
    assert!(
        problems[1].contains("a: this key is written twice: here (line 3) and on line 1"),
        "{problems:?}"
    );
    assert!(problems[2].contains("here (line 4) and on line 1"), "{problems:?}");
}

#[test]
fn anchors_aliases_and_tags_are_refused() {
    for text in [
        "a: &x 1\n",
        "a: &x [1]\n",
        "a: &x {b: 1}\n",
        "a: !!str 1\n",
        "a: !x {b: 1}\n",
        "a: &x 1\nb: *x\n",
    ] {
        let (_, problems) = read(text);
        assert!(
            problems.iter().any(|problem| problem.contains("are not supported")),
            "{text:?}: {problems:?}"
        );
    }
}

#[test]
fn a_bomb_of_aliases_is_refused_without_growing() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..2000 {
        let item = format!("*a{}, ", level - 1);
        text.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            item.repeat(9).trim_end_matches(", ")
        ));
    }
    let (root, problems) = read(&text);
    assert!(root.is_none());
    assert_eq!(problems.len(), MAX_MISTAKES);
}

#[test]
fn nesting_beyond_the_limit_is_refused() {
    let allowed = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(read(&allowed).1.is_empty());
    for text in [format!("{}{}", "[".repeat(200), "]".repeat(200)), "- ".repeat(10_000)] {
        let (root, problems) = read(&text);
        assert!(root.is_none());
        assert!(problems[0].contains("more than 32 levels"), "{problems:?}");
    }
}

#[test]
fn a_file_beyond_the_size_limit_is_refused_before_it_is_read() {
    let (root, problems) = read(&"#".repeat(MAX_FILE + 1));
    assert!(root.is_none());
    assert!(problems[0].contains("at most 1048576"), "{problems:?}");
}

#[test]
fn a_second_document_is_refused() {
    let (root, problems) = read("a: 1\n---\na: 2\n");
    assert!(root.is_none());
    assert!(problems[0].contains("second document"), "{problems:?}");
}

#[test]
fn an_empty_file_is_an_empty_mapping() {
    for text in ["", "# only a comment\n", "\u{feff}"] {
        let (root, problems) = read(text);
        assert!(problems.is_empty(), "{text:?}: {problems:?}");
        assert!(
            matches!(root.map(|root| root.kind), Some(Kind::Map(entries)) if entries.is_empty()),
            "{text:?}"
        );
    }
}

#[test]
fn a_syntax_error_is_one_problem_with_its_line() {
    for (text, line) in [
        ("a: 1\nb:\n\tc: 2\n", 3),
        ("a: b: c\n", 1),
        ("a: [1, 2\nb: 3\n", 2),
        ("a: \"x\n", 2),
        ("a: *\n", 1),
    ] {
        let (root, problems) = read(text);
        assert!(root.is_none(), "{text:?}");
        assert_eq!(problems.len(), 1, "{text:?}: {problems:?}");
        assert!(problems[0].contains("not valid YAML"), "{text:?}: {problems:?}");
        let reported: usize = problems[0]
            .split(':')
            .nth(1)
            .and_then(|part| part.parse().ok())
            .unwrap();
        assert!(
            reported.abs_diff(line) <= 1,
            "{text:?}: line {line} expected: {problems:?}"
        );
    }
}

#[test]
fn a_nul_byte_does_not_cut_the_file_short() {
    let (root, problems) = read("a: 1\n\0b: 2\n");
    assert!(root.is_none());
    assert!(
        problems[0].starts_with("t.yaml:2:1: the file holds a NUL byte"),
        "{problems:?}"
    );
}
