//! What waits for a call, and how much may.

use super::*;

fn piece(index: u32, id: Option<&str>, arguments: &str) -> CallDelta {
    CallDelta {
        index,
        id: id.map(str::to_owned),
        name: id.map(|_| "f".to_owned()),
        arguments: arguments.to_owned(),
        extra: None,
    }
}

/// A call that has its turn and is not complete; its block is the open one.
fn busy() -> Calls {
    let mut calls = Calls::default();
    calls.begin(&piece(0, Some("first"), ""), 0);
    calls.argue("{");
    calls
}

/// The arguments of a call that waited, or a text.
fn said(waiting: Waiting) -> String {
    match waiting {
        Waiting::Call(pieces) => pieces.iter().map(|piece| piece.arguments.as_str()).collect(),
        Waiting::Content(Event::Text(text)) => text,
        Waiting::Content(other) => panic!("{other:?}"),
    }
}

/// What waits, in order.
fn drained(calls: &mut Calls) -> Vec<String> {
    std::iter::from_fn(|| calls.take_next()).map(said).collect()
}

#[test]
fn pieces_find_their_call_after_others_had_their_turn() {
    let mut calls = busy();
    calls.wait(piece(1, Some("a"), "1")).unwrap();
    calls.wait_with(Event::Text("t".into())).unwrap();
    calls.wait(piece(2, Some("b"), "2")).unwrap();
    calls.wait(piece(1, None, "+")).unwrap();
    let Some(Waiting::Call(pieces)) = calls.take_next() else {
        panic!("the first that waited is a call");
    };
    assert_eq!(pieces.len(), 2);
    calls.wait(piece(2, None, "+")).unwrap();
    calls.wait(piece(1, Some("c"), "3")).unwrap();
    calls.wait(piece(1, None, "+")).unwrap();
    assert_eq!(drained(&mut calls), ["t", "2+", "3+"]);
    assert_eq!(
        (calls.count, calls.bytes, calls.places.len()),
        (0, 0, 0),
        "nothing is left"
    );
}

#[test]
fn an_index_that_is_used_again_belongs_to_the_last_call() {
    let mut calls = busy();
    calls.wait(piece(1, Some("a"), "1")).unwrap();
    calls.wait(piece(1, Some("b"), "2")).unwrap();
    assert!(matches!(calls.take_next(), Some(Waiting::Call(_))));
    calls.wait(piece(1, None, "+")).unwrap();
    assert_eq!(drained(&mut calls), ["2+"]);
}

#[test]
fn a_call_that_is_never_completed_does_not_fill_memory() {
    let mut calls = busy();
    let refused = (1..).position(|index| calls.wait(piece(index, Some("x"), "{}")).is_err());
    assert_eq!(refused, Some(MAX_CALLS));

    let mut calls = busy();
    let text = || Event::Text("x".repeat(MAX_BYTES / 2));
    assert!(calls.wait_with(text()).is_ok());
    let error = calls.wait_with(text()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UpstreamProtocol);

    let mut calls = busy();
    assert!(calls.wait(piece(1, Some("x"), &"x".repeat(MAX_BYTES / 2))).is_ok());
    assert!(calls.wait(piece(1, None, &"x".repeat(MAX_BYTES / 2))).is_err());
}
