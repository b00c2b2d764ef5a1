//! YAML text to a tree that remembers where everything was written.
//!
//! Decides which YAML is allowed: one document of mappings, lists and scalars, with no key written twice. Anchors,
//! aliases and tags are refused, because a configuration of a few lines could otherwise grow without bound in memory
//! (the "billion laughs") and because what is written at a place should be what holds there. Size and depth are
//! capped for the same reason. `saphyr-parser` was chosen since it is maintained, follows YAML 1.2 and reports events
//! with positions; the loaders built on it drop the positions or the difference between `3` and `"3"`.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

use super::env::MAX_FILE;
use super::pointer::{Place, push_index, push_key};
use super::problem::Report;
use super::scalar::Scalar;

/// The deepest nesting of mappings and lists. 32: settings need 8 levels and free-form `settings` a few more; it
/// bounds every recursion over the tree.
const MAX_DEPTH: usize = 32;

/// After this many mistakes in the YAML itself the rest of the file is not read: it is then not a configuration.
const MAX_MISTAKES: usize = 50;

/// A position in the file; line and column are counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl From<Marker> for Mark {
    fn from(marker: Marker) -> Self {
        Self {
            line: marker.line(),
            column: marker.col() + 1,
        }
    }
}

/// A key of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) mark: Mark,
}

/// A value of the document.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) mark: Mark,
}

/// What a value is. The type of a scalar is found when it is needed, see [`Scalar::resolve`].
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Scalar(Scalar),
    Seq(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

impl Node {
    /// The value under a key of a mapping.
    pub(crate) fn child_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.kind {
            Kind::Map(entries) => entries
                .iter_mut()
                .find(|(name, _)| name.text == key)
                .map(|(_, node)| node),
            Kind::Scalar(_) | Kind::Seq(_) => None,
        }
    }
}

/// Reads the text. `None` when there is no tree to go on with; otherwise mistakes that do not hide the rest of the
/// file (a key written twice) are in the report and the tree is complete but for them.
pub(crate) fn parse(text: &str, report: &mut Report) -> Option<Node> {
    let top = |mark| Place {
        path: String::new(),
        mark,
        node: None,
    };
    let start = Mark { line: 1, column: 1 };
    if text.len() > MAX_FILE {
        let problem = format!(
            "the file has {} bytes; a configuration has at most {MAX_FILE}",
            text.len()
        );
        report.problem(&top(start), None, problem, "remove what is not configuration from it");
        return None;
    }
    if let Some(at) = text.find('\0') {
        let line = text[..at].matches('\n').count() + 1;
        report.problem(
            &top(Mark { line, column: 1 }),
            None,
            "the file holds a NUL byte",
            "save it as UTF-8 text",
        );
        return None;
    }
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                if !builder.accept(event, span.start.into(), report) {
                    return None;
                }
            }
            Err(error) => {
                let place = Place {
                    path: builder.path(),
                    mark: (*error.marker()).into(),
                    node: None,
                };
                report.problem(
                    &place,
                    None,
                    format!("this is not valid YAML: {}", error.info()),
                    advice(&error),
                );
                return None;
            }
        }
    }
    // A file without a document is a configuration without settings; what is missing is told by the schema.
    Some(builder.root.unwrap_or(Node {
        kind: Kind::Map(Vec::new()),
        mark: start,
    }))
}

/// What to do about a syntax error, by the words the parser uses for it.
fn advice(error: &ScanError) -> &'static str {
    let info = error.info();
    if info.contains("tab") {
        "indent with spaces; YAML does not allow tabs there"
    } else if info.contains("anchor") {
        "put text that starts with * or & in quotes; anchors and aliases are not supported"
    } else if info.contains("mapping values are not allowed") {
        "put text that holds ': ' in quotes, or check the indentation of this line and the one above"
    } else if info.contains("flow") || info.contains("bracket") {
        "close every [ and {; between them, text such as ${NAME} must be in quotes"
    } else if info.contains("quoted") {
        "close the quotes; inside double quotes a backslash must be written twice"
    } else {
        "check the indentation, the quotes and the ':' of this line and the one above"
    }
}

/// Builds the tree from events with a stack of its own, so that no file can exhaust the thread's stack.
#[derive(Default)]
struct Builder {
    stack: Vec<Frame>,
    root: Option<Node>,
    documents: usize,
    mistakes: usize,
}

enum Frame {
    Seq {
        items: Vec<Node>,
        mark: Mark,
    },
    Map {
        entries: Vec<(Key, Node)>,
        pending: Option<Pending>,
        lines: HashMap<String, usize>,
        mark: Mark,
    },
}

/// A key whose value has not come yet.
struct Pending {
    key: Key,
    duplicate: bool,
}

impl Builder {
    /// Takes one event; false when reading on is pointless.
    fn accept(&mut self, event: Event<'_>, mark: Mark, report: &mut Report) -> bool {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let help = "remove the line '---' and what follows it, or put it in a file of its own";
                    self.refuse(mark, "the file holds a second document", help, report);
                    return false;
                }
            }
            Event::Alias(_) => {
                return self.refuse_reference(mark, report) && self.push(null(mark), report);
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                let scalar = Scalar {
                    text: text.into_owned(),
                    plain,
                    origin: None,
                };
                let allowed = anchor == 0 && tag.is_none();
                if !allowed && !self.refuse_reference(mark, report) {
                    return false;
                }
                return self.push(
                    Node {
                        kind: Kind::Scalar(scalar),
                        mark,
                    },
                    report,
                );
            }
            Event::SequenceStart(anchor, tag) => {
                return self.open(
                    Frame::Seq {
                        items: Vec::new(),
                        mark,
                    },
                    anchor == 0 && tag.is_none(),
                    report,
                );
            }
            Event::MappingStart(anchor, tag) => {
                let frame = Frame::Map {
                    entries: Vec::new(),
                    pending: None,
                    lines: HashMap::new(),
                    mark,
                };
                return self.open(frame, anchor == 0 && tag.is_none(), report);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let node = match self.stack.pop() {
                    Some(Frame::Seq { items, mark }) => Node {
                        kind: Kind::Seq(items),
                        mark,
                    },
                    Some(Frame::Map { entries, mark, .. }) => Node {
                        kind: Kind::Map(entries),
                        mark,
                    },
                    None => return false,
                };
                return self.push(node, report);
            }
        }
        true
    }

    fn open(&mut self, frame: Frame, allowed: bool, report: &mut Report) -> bool {
        let mark = match &frame {
            Frame::Seq { mark, .. } | Frame::Map { mark, .. } => *mark,
        };
        if !allowed && !self.refuse_reference(mark, report) {
            return false;
        }
        if self.stack.len() >= MAX_DEPTH {
            let problem = format!("more than {MAX_DEPTH} levels of mappings and lists");
            self.refuse(mark, &problem, "write it flatter", report);
            return false;
        }
        self.stack.push(frame);
        true
    }

    /// Puts a finished node where it belongs: the top, a list, or a mapping as a key or a value.
    fn push(&mut self, node: Node, report: &mut Report) -> bool {
        let written_twice = match self.stack.last_mut() {
            None => {
                self.root = Some(node);
                None
            }
            Some(Frame::Seq { items, .. }) => {
                items.push(node);
                None
            }
            Some(Frame::Map {
                entries,
                pending,
                lines,
                ..
            }) => match pending.take() {
                Some(Pending { key, duplicate }) => {
                    if !duplicate {
                        entries.push((key, node));
                    }
                    None
                }
                None => match node.kind {
                    Kind::Scalar(scalar) => {
                        let first = lines.get(&scalar.text).copied();
                        if first.is_none() {
                            lines.insert(scalar.text.clone(), node.mark.line);
                        }
                        let key = Key {
                            text: scalar.text,
                            mark: node.mark,
                        };
                        *pending = Some(Pending {
                            key,
                            duplicate: first.is_some(),
                        });
                        first.map(|line| (node.mark, line))
                    }
                    Kind::Seq(_) | Kind::Map(_) => {
                        self.refuse(
                            node.mark,
                            "a list or a mapping is used as a key",
                            "use plain text",
                            report,
                        );
                        return false;
                    }
                },
            },
        };
        match written_twice {
            Some((mark, first)) => {
                let problem = format!(
                    "this key is written twice: here (line {}) and on line {first}",
                    mark.line
                );
                self.refuse(mark, &problem, "keep one of the two", report)
            }
            None => true,
        }
    }

    fn refuse_reference(&mut self, mark: Mark, report: &mut Report) -> bool {
        let problem = "anchors (&name), aliases (*name) and tags (!name) are not supported";
        self.refuse(
            mark,
            problem,
            "write the value out; put text that starts with &, * or ! in quotes",
            report,
        )
    }

    /// Reports a mistake of the YAML itself; false when there were too many of them to go on.
    fn refuse(&mut self, mark: Mark, problem: &str, help: &str, report: &mut Report) -> bool {
        report.problem(
            &Place {
                path: self.path(),
                mark,
                node: None,
            },
            None,
            problem,
            help,
        );
        self.mistakes += 1;
        self.mistakes < MAX_MISTAKES
    }

    /// The path of what is being read.
    fn path(&self) -> String {
        let mut path = String::new();
        for (level, frame) in self.stack.iter().enumerate() {
            match frame {
                Frame::Map {
                    pending: Some(Pending { key, .. }),
                    ..
                } => push_key(&mut path, &key.text),
                // A list that is being read names its next item only when something inside that item is meant.
                Frame::Seq { items, .. } if level + 1 < self.stack.len() => {
                    push_index(&mut path, &items.len().to_string());
                }
                Frame::Map { .. } | Frame::Seq { .. } => {}
            }
        }
        path
    }
}

fn null(mark: Mark) -> Node {
    Node {
        kind: Kind::Scalar(Scalar {
            text: String::new(),
            plain: true,
            origin: None,
        }),
        mark,
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
