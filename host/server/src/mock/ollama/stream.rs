//! Records the lines of a streamed answer in Ollama's shape. Each call comes in one piece.

use serde_json::{Value, json};

use super::answer::{call, line};
use super::error::BROKEN;
use crate::mock::json::{push_json, splice};
use crate::mock::order::Ending;
use crate::mock::tape::{Recording, Step, Tape};

/// Records a streamed answer; the first line has the members of `echo`.
pub(super) fn record(model: &str, steps: &[Step<'_>], end: &Value, ending: Ending, echo: Option<&str>) -> Tape {
    let messages = steps.iter().filter_map(message);
    let lines: Vec<Value> = messages.map(|message| line(model, &message, false)).collect();
    record_lines(&lines, std::slice::from_ref(end), ending, echo)
}

/// Records paced lines and what follows them when all is well.
pub(super) fn record_lines(lines: &[Value], end: &[Value], ending: Ending, echo: Option<&str>) -> Tape {
    let mut tape = Recording::with_capacity((lines.len() + 1) * 160, lines.len() + end.len() + 1);
    let mut push = |value: &Value, paced: bool| {
        push_json(&mut tape.out, value);
        if tape.is_empty() {
            splice(&mut tape.out, echo);
        }
        tape.out.push(b'\n');
        tape.mark(paced);
    };
    for line in &lines[..ending.most(lines.len())] {
        push(line, true);
    }
    match ending {
        Ending::Done => end.iter().for_each(|line| push(line, false)),
        Ending::Cut { .. } => {}
        Ending::Error { .. } => push(&json!({"error": BROKEN}), false),
    }
    tape.finish(ending)
}

fn message(step: &Step<'_>) -> Option<Value> {
    Some(match step {
        Step::Reasoning(part) => json!({"role": "assistant", "content": "", "thinking": part}),
        Step::Text(part) | Step::Refusal(part) => json!({"role": "assistant", "content": part}),
        Step::CallHead(_, called) => json!({"role": "assistant", "content": "", "tool_calls": [call(called)]}),
        Step::CallArguments(..) => return None,
    })
}
