//! A streamed answer as chat completion chunks.
//!
//! The parts of a chunk that stay the same are written once; a word of the answer costs one small copy.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;
use wharf::{CallDelta, Event, Extension, Part, Reasoning, Usage};

use super::answer::{Identity, finish, reasoning_field};
use super::residual::{CallExtra, Residual};
use super::thoughts::{self, Blocks};
use super::{DIALECT, usage};
use crate::api::another_call::is_another_call;
use crate::api::leftover::{append, push_raw, push_string};

/// The end mark of every stream that ended well.
pub(super) const DONE: &str = "data: [DONE]\n\n";

/// Writes one stream.
pub(super) struct Chunks {
    id: String,
    model: String,
    created: u64,
    include_usage: bool,
    started: bool,
    /// Up to the first choice's delta.
    head: String,
    /// From the choice's own fields to the end.
    tail: String,
    /// What the vendor says beside the choices.
    top_rest: String,
    /// What is left of one vendor event, until it is written.
    once: Once,
    /// The vendor's own word for why the model stopped, as JSON.
    own_reason: Option<String>,
    usage: Option<Usage>,
    /// Thoughts that have to come back.
    thoughts: Blocks,
    /// Whether the model said in words that it refuses.
    refused: bool,
    /// The last call under each of the vendor's indexes: its index in this stream and its identifier.
    calls: BTreeMap<u32, (u32, Option<String>)>,
    /// The first index behind all that are in use.
    free: u32,
    /// Whether a call got an index that is not the vendor's.
    moved: bool,
    /// Whether the vendor speaks this dialect, as far as it said.
    ours: bool,
}

/// Leftovers that belong to one event of the vendor: written with the first thing it says, and by themselves if it
/// says nothing else. Each starts with its comma.
#[derive(Default)]
struct Once {
    delta: String,
    choice: String,
}

impl Once {
    fn is_empty(&self) -> bool {
        self.delta.is_empty() && self.choice.is_empty()
    }
}

impl Chunks {
    pub(super) fn new(own: &Identity<'_>, include_usage: bool) -> Self {
        let mut chunks = Self {
            id: own.id.to_owned(),
            model: own.model.to_owned(),
            created: own.created,
            include_usage,
            started: false,
            head: String::new(),
            tail: String::new(),
            top_rest: String::new(),
            once: Once::default(),
            own_reason: None,
            usage: None,
            thoughts: Blocks::numbered(),
            refused: false,
            calls: BTreeMap::new(),
            free: 0,
            moved: false,
            ours: true,
        };
        chunks.lay_over(&Residual::default());
        chunks
    }

    /// Writes an event's chunks, none for some.
    pub(super) fn event(&mut self, event: &Event, out: &mut String) {
        match event {
            Event::Start(start) => {
                if let Some(id) = &start.id {
                    self.id.clone_from(id);
                }
                if let Some(model) = &start.model {
                    self.model.clone_from(model);
                }
                let others = self.extension(start.extra.as_ref(), out);
                self.start(out);
                self.others(&others, out);
            }
            Event::Extension(extension) => {
                let others = self.extension(Some(extension), out);
                self.others(&others, out);
            }
            Event::Text(text) => {
                self.thoughts.end();
                self.delta(out, |out| {
                    out.push_str("\"content\":");
                    push_string(text, out);
                });
            }
            Event::Reasoning(reasoning) => self.thought(reasoning, out),
            Event::Refusal(text) => {
                self.refused = true;
                self.delta(out, |out| {
                    out.push_str("\"refusal\":");
                    push_string(text, out);
                });
            }
            Event::ToolCall(call) => {
                let index = self.index(call);
                self.call(index, call, out);
            }
            Event::Part(part) => self.part(part, out),
            Event::Usage(usage) => self.usage = Some(usage.clone()),
            Event::Finish(reason) => {
                self.start(out);
                let own = self.own_reason.take();
                let reason = own.unwrap_or_else(|| format!("\"{}\"", finish(*reason, self.refused)));
                let once = std::mem::take(&mut self.once);
                self.chunk(out, |_| {}, &once, &reason);
            }
        }
    }

    /// Writes the regular end.
    pub(super) fn end(&mut self, out: &mut String) {
        self.flush(out);
        if self.include_usage
            && let Some(usage) = self.usage.as_ref().and_then(usage::render)
        {
            out.push_str("data: ");
            self.identity(out);
            let _ = write!(out, ",\"choices\":[],\"usage\":{usage}{}}}\n\n", self.top_rest);
        }
        out.push_str(DONE);
    }

    /// The first chunk: who speaks. No vendor's event, so no leftovers are its own.
    fn start(&mut self, out: &mut String) {
        if !self.started {
            self.started = true;
            let role = |out: &mut String| out.push_str(r#""role":"assistant","content":"","refusal":null"#);
            self.chunk(out, role, &Once::default(), "null");
        }
    }

    fn delta(&mut self, out: &mut String, write: impl FnOnce(&mut String)) {
        self.start(out);
        let once = std::mem::take(&mut self.once);
        self.chunk(out, write, &once, "null");
    }

    /// Leftovers of an event that said nothing else.
    fn flush(&mut self, out: &mut String) {
        if !self.once.is_empty() {
            self.delta(out, |_| {});
        }
    }

    fn chunk(&self, out: &mut String, write: impl FnOnce(&mut String), once: &Once, reason: &str) {
        out.push_str(&self.head);
        let before = out.len();
        write(out);
        let comma = usize::from(out.len() == before && !once.delta.is_empty());
        out.push_str(&once.delta[comma..]);
        out.push_str("},\"finish_reason\":");
        out.push_str(reason);
        out.push_str(&once.choice);
        out.push_str(&self.tail);
    }

    fn thought(&mut self, thought: &Reasoning, out: &mut String) {
        if let Some(text) = &thought.text {
            self.delta(out, |out| {
                let _ = write!(out, "\"{}\":", reasoning_field(thought));
                push_string(text, out);
            });
        }
        let mut sealed = String::new();
        self.thoughts.add(thought, &mut sealed);
        if !sealed.is_empty() {
            self.delta(out, |out| {
                let _ = write!(out, "\"{}\":[{sealed}]", thoughts::FIELD);
            });
        }
    }

    fn call(&mut self, index: u32, call: &CallDelta, out: &mut String) {
        let ours = self.ours;
        self.thoughts.end();
        self.delta(out, |out| tool_call(index, call, ours, out));
    }

    /// The index of the call that a piece belongs to. Some vendors give all calls the same, and a client would take
    /// them for one.
    fn index(&mut self, piece: &CallDelta) -> u32 {
        let known = self.calls.get(&piece.index);
        if let Some((index, _)) = known.filter(|(_, id)| !is_another_call(id.as_ref(), piece)) {
            return *index;
        }
        // Calls that begin out of order keep the vendor's indexes, as long as none of those was given to another.
        let own = piece.index >= self.free || (known.is_none() && !self.moved);
        self.moved |= !own;
        let index = if own { piece.index } else { self.free };
        self.free = self.free.max(index.saturating_add(1));
        self.calls.insert(piece.index, (index, piece.id.clone()));
        index
    }

    fn part(&mut self, part: &Part, out: &mut String) {
        match part {
            Part::Text(text) => self.event(&Event::Text(text.text.clone()), out),
            Part::Refusal(text) => self.event(&Event::Refusal(text.clone()), out),
            Part::Reasoning(reasoning) => self.event(&Event::Reasoning(reasoning.clone()), out),
            Part::ToolCall(call) => {
                let whole = CallDelta {
                    index: self.free,
                    id: Some(call.id.clone()),
                    name: Some(call.name.clone()),
                    arguments: call.arguments.0.clone(),
                    extra: call.extra.clone(),
                };
                self.free = self.free.saturating_add(1);
                self.moved = true;
                self.call(whole.index, &whole, out);
            }
            // A chunk has no place for these.
            Part::Media(_) | Part::ToolResult(_) | Part::Extension(_) => {}
        }
    }

    /// Takes new leftovers into use; returns choices that are sent once and by themselves.
    fn extension(&mut self, extension: Option<&Extension>, out: &mut String) -> Vec<String> {
        self.flush(out);
        self.ours = extension.map_or(self.ours, |extension| extension.kind == DIALECT);
        let residual = Residual::of(extension, "delta");
        self.lay_over(&residual);
        let one_line = |raw: &RawValue| {
            let mut text = String::new();
            push_raw(raw, &mut text);
            text
        };
        // Parts of the content that nobody mapped would be a second `content` beside the text.
        let parts = residual.inner.get("content").map(|raw| {
            let parts = one_line(raw);
            format!("{{\"index\":0,\"delta\":{{\"content\":{parts}}},\"finish_reason\":null}}")
        });
        let others = residual.others.iter().map(|raw| one_line(raw));
        parts.into_iter().chain(others).collect()
    }

    fn others(&self, others: &[String], out: &mut String) {
        if !others.is_empty() {
            out.push_str("data: ");
            self.identity(out);
            let _ = write!(
                out,
                ",\"choices\":[{}]{}{}}}\n\n",
                others.join(","),
                self.usage_null(),
                self.top_rest
            );
        }
    }

    fn lay_over(&mut self, residual: &Residual) {
        self.top_rest.clear();
        if !residual.top.contains_key("object") {
            self.top_rest.push_str(",\"object\":\"chat.completion.chunk\"");
        }
        if !residual.top.contains_key("created") {
            let _ = write!(self.top_rest, ",\"created\":{}", self.created);
        }
        append(&residual.top, &["usage"], &mut self.top_rest);
        self.own_reason = residual.choice.get("finish_reason").map(|raw| raw.get().to_owned());
        self.once = Once::default();
        append(&residual.inner, &["content"], &mut self.once.delta);
        let mut constant = String::new();
        for (name, value) in &residual.choice {
            let into = if value.get() == "null" {
                &mut constant
            } else {
                &mut self.once.choice
            };
            if name != "finish_reason" {
                into.push(',');
                push_string(name, into);
                into.push(':');
                push_raw(value, into);
            }
        }

        let mut head = String::from("data: ");
        self.identity(&mut head);
        head.push_str(",\"choices\":[{\"index\":0,\"delta\":{");
        self.head = head;
        self.tail = format!("{constant}}}]{}{}}}\n\n", self.usage_null(), self.top_rest);
    }

    fn identity(&self, out: &mut String) {
        out.push_str("{\"id\":");
        push_string(&self.id, out);
        out.push_str(",\"model\":");
        push_string(&self.model, out);
    }

    /// OpenAI puts a null into every chunk of a stream that ends with token counts.
    fn usage_null(&self) -> &'static str {
        if self.include_usage { ",\"usage\":null" } else { "" }
    }
}

fn tool_call(index: u32, call: &CallDelta, ours: bool, out: &mut String) {
    let extra = CallExtra::of(call.extra.as_ref(), ours);
    let _ = write!(out, "\"tool_calls\":[{{\"index\":{index}");
    if let Some(id) = &call.id {
        out.push_str(",\"id\":");
        push_string(id, out);
        if !extra.whole {
            out.push_str(",\"type\":\"function\"");
        }
    }
    // A later piece of a call of another type has nothing of a function.
    let other = extra.whole || (call.name.is_none() && call.arguments.is_empty() && !extra.beside.is_empty());
    if !other {
        out.push_str(",\"function\":{");
        if let Some(name) = &call.name {
            out.push_str("\"name\":");
            push_string(name, out);
            out.push(',');
        }
        out.push_str("\"arguments\":");
        push_string(&call.arguments, out);
        append(&extra.inside, &[], out);
        out.push('}');
    }
    append(&extra.beside, &["index", "id"], out);
    out.push_str("}]");
}

#[cfg(test)]
#[path = "chunks_tests.rs"]
mod tests;
